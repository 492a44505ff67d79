"""What to simulate: one plan is one run, to the last byte."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypedDict, get_args
from zoneinfo import ZoneInfo

from truckkit.errors import BadRequest, BadTime, listed

Noise = Literal["none", "typical", "harsh"]
Channels = Literal["full", "payload", "gps"]

START = datetime(2026, 11, 22, 9, tzinfo=UTC)
"""06:00 site time: the start of a day shift in Santiago's summer."""


class Wishes(TypedDict, total=False):
    """What a plan may say, by keyword; the rest is as in ``Plan``."""

    trucks: int
    hours: float
    seed: int
    hz: float
    noise: Noise
    channels: Channels
    start: datetime
    zone: str
    name: str


@dataclass(frozen=True)
class Plan:
    """How many trucks, for how long, sampled how often and how badly.

    Examples
    --------
    >>> Plan(trucks=6).stop.isoformat()
    '2026-11-22T21:00:00+00:00'
    >>> Plan(trucks=0)
    Traceback (most recent call last):
    ...
    truckkit.errors.BadRequest: cannot simulate trucks = 0; give a whole number from 1 to 200.
    """

    trucks: int = 20
    hours: float = 12.0
    seed: int = 7
    hz: float = 1.0
    """Positions a second. Telemetry comes a fifth as often, yet every 5 s where that would be rarer, and no
    oftener than positions; besides it comes whenever a switch or the payload changes, for trucks tell of that
    at once. So 0.2 Hz and slower is a radio that sends one record with everything in it."""
    noise: Noise = "none"
    channels: Channels = "full"
    """``full``: everything; ``payload``: positions and payload; ``gps``: positions alone."""
    start: datetime = START
    zone: str = "America/Santiago"
    name: str = "Simulated mine"

    def __post_init__(self) -> None:
        if not isinstance(self.trucks, int) or not 1 <= self.trucks <= 200:
            raise BadRequest(f"cannot simulate trucks = {self.trucks}; give a whole number from 1 to 200.")
        if not 0 < self.hours <= 24 * 92:
            raise BadRequest(
                f"cannot simulate hours = {self.hours}; give more than 0 and at most 2208 (92 days)."
            )
        if not isinstance(self.seed, int) or self.seed < 0:
            raise BadRequest(f"cannot simulate seed = {self.seed}; give a whole number from 0.")
        if not 1 / 300 <= self.hz <= 10:
            raise BadRequest(f"cannot simulate hz = {self.hz}; give 0.0034 to 10 positions a second.")
        for word, known in (("noise", get_args(Noise)), ("channels", get_args(Channels))):
            if getattr(self, word) not in known:
                raise BadRequest(
                    f'cannot simulate {word} = "{getattr(self, word)}"; it is one of {listed(known)}.'
                )
        if self.start.tzinfo is None:
            raise BadTime(f"the start {self.start} names no time zone; give an aware datetime.")

    @property
    def stop(self) -> datetime:
        """First instant after the run."""
        return self.start + timedelta(milliseconds=self.length_ms)

    @property
    def length_ms(self) -> int:
        """Length of the run [ms]."""
        return math.ceil(self.hours * 3_600_000)

    @property
    def epoch_ms(self) -> int:
        """The start as milliseconds since 1970, UTC."""
        return round(self.start.timestamp() * 1000)

    @property
    def readings_ms(self) -> float:
        """Time between two readings of telemetry, but for those that a change brings [ms]."""
        return max(1000 / self.hz, min(5000 / self.hz, 5000.0))

    @property
    def site_zone(self) -> ZoneInfo:
        """The mine's time zone."""
        return ZoneInfo(self.zone)
