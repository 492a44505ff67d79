"""TSBS's thirteen IoT questions: what each takes, how much of the data it is about, and fresh values for it.

Of each there are two variants: ``sql``, what the benchmark's SQL text asks, and ``influx``, what its InfluxQL
asks; the same name often means another question.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from generated import DAY, FLEETS, START, Fleet

Variant = Literal["sql", "influx"]
Kind = Literal["last point", "short window", "full history"]
Values = dict[str, str | datetime]

TEN_MINUTES = timedelta(minutes=10)
TEXT, INSTANT = "string", "timestamp"


@dataclass(frozen=True)
class Question:
    """One of the benchmark's questions.

    Parameters
    ----------
    name
        As TSBS calls it.
    kind
        How much of the data it is about.
    takes
        The values that differ from time to time, with their types.
    window
        How long a window it asks for.
    """

    name: str
    kind: Kind
    takes: Mapping[str, str]
    window: timedelta | None = None

    def values(self, fleet: Fleet, chance: random.Random) -> Values:
        """Values as nobody has asked with before, most likely."""
        found: Values = {}
        if "fleet" in self.takes:
            found["fleet"] = chance.choice(FLEETS)
        if "truck" in self.takes:
            found["truck"] = f"truck_{chance.randrange(fleet.trucks)}"
        if self.window:
            # InfluxDB cuts ten minutes by the clock, so the window of ten minutes begins where one does.
            step = TEN_MINUTES if self.window == TEN_MINUTES else timedelta(seconds=1)
            steps = (fleet.stop - START - self.window) // step
            found["start"] = START + chance.randrange(steps + 1) * step
            found["stop"] = found["start"] + self.window
        return found


_FLEET = {"fleet": TEXT}
_WINDOW = {"fleet": TEXT, "start": INSTANT, "stop": INSTANT}

QUESTIONS: Mapping[str, Question] = {
    question.name: question
    for question in (
        Question("last-loc", "last point", _FLEET),
        Question("single-last-loc", "last point", {"truck": TEXT}),
        Question("low-fuel", "last point", _FLEET),
        Question("high-load", "last point", _FLEET),
        Question("stationary-trucks", "short window", _WINDOW, TEN_MINUTES),
        Question("long-driving-sessions", "short window", _WINDOW, timedelta(hours=4)),
        Question("long-daily-sessions", "short window", _WINDOW, DAY),
        Question("avg-vs-projected-fuel-consumption", "full history", {}),
        Question("avg-daily-driving-duration", "full history", {}),
        Question("avg-daily-driving-session", "full history", {}),
        Question("avg-load", "full history", {}),
        Question("daily-activity", "full history", {}),
        Question("breakdown-frequency", "full history", {}),
    )
}
