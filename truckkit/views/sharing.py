"""What the address of a replay says of it, to the millisecond: written here and by ``sharing.js``, read here.

>>> Shown(speed=600, trail="3min", view=(120.5, -40.25, 0.5)).words()
'speed=600&trail=3min&view=120.5%2C-40.25%2C0.5'
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode

from truckkit import times
from truckkit.errors import BadRequest
from truckkit.views.clock import milliseconds
from truckkit.views.periods import PERIODS
from truckkit.views.squares import kind_of

if TYPE_CHECKING:
    from truckkit.site import Site
    from truckkit.views.address import Address

Stretch = tuple[datetime, datetime]

NEAREST, FARTHEST = 40.0, 1e-7
"""Pixels a metre, between which a map is shown."""

LONGEST_TRAIL = timedelta(hours=12)


@dataclass(frozen=True)
class Shown:
    """What a replay shows. Instants are aware; what is left out is as the replay has it."""

    window: Stretch | None = None
    """``start`` and ``stop``: the stretch of time that can be played."""
    only: tuple[str, ...] = ()
    """``only``, once for each: the trucks that are shown alone."""
    truck: str = ""
    """``truck``: the truck that is followed."""
    at: datetime | None = None
    """``at``: where the clock stands."""
    speed: float | None = None
    """``speed``: times of the real one."""
    source: str = ""
    """``source``: who tells of the states."""
    paths: bool = True
    """``paths=off``: without where trucks drove."""
    backdrop: str = ""
    """``backdrop``: what the colour of the ground means."""
    period: str = ""
    """``period``: the time that the ground tells of, as ``periods.period`` reads it."""
    compare: str = ""
    """``compare``: the period that a second map beside the first tells of; empty: there is none."""
    trail: str = ""
    """``trail``: how long the trails are, such as ``3min``; ``0s`` for none."""
    view: tuple[float, float, float] | None = None
    """``view``: the middle of the map [m, in the site's plane] and its scale [pixels a metre]."""
    range: Stretch | None = None
    """``range``: the stretch that the timeline shows, as ``start/stop``."""
    loop: Stretch | None = None
    """``loop``: the stretch that is repeated, as ``start/stop``."""

    @classmethod
    def read(cls, address: Address, site: Site) -> Self:
        """What an address asks for; raises ``BadRequest`` or ``BadTime`` with what is wrong in a sentence.

        More than one ``truck`` are the trucks that are shown alone, as ``only`` says it.
        """
        one, trucks, only = address.one, address.all("truck"), address.all("only")
        start, stop = one("start"), one("stop")
        if bool(start) != bool(stop):
            raise BadRequest(
                'the address gives one end of a window; give both "start" and "stop", or neither.'
            )
        if only and len(trucks) > 1:
            raise BadRequest('the address follows more than one truck; leave one "truck" beside "only".')
        paths = one("paths")
        if paths not in ("", "on", "off"):
            raise BadRequest(f'the paths are "{paths[:40]}" in the address; write paths=off or paths=on.')
        at = one("at")
        return cls(
            window=times.window(start, stop, site.zone) if start else None,
            only=tuple(dict.fromkeys(only or (trucks if len(trucks) > 1 else ()))),
            truck=trucks[0] if len(trucks) == 1 else "",
            at=site.instant(at) if at else None,
            speed=_speed(one("speed")),
            source=one("source"),
            paths=paths != "off",
            backdrop=_backdrop(one("backdrop")),
            period=_period("period", one("period"), site),
            compare=_period("compare", one("compare"), site),
            trail=_trail(one("trail")),
            view=_view(one("view")),
            range=_stretch("range", one("range"), site),
            loop=_stretch("loop", one("loop"), site),
        )

    def on(self, site: Site, backdrop: str = "", period: str = "", compare: str = "") -> Self:
        """The same on another ground, as far as one is named.

        Raises
        ------
        UnknownName
            There is no such backdrop.
        BadRequest, BadTime
            A period is neither a word for one nor a stretch.
        """
        return replace(
            self,
            backdrop=_backdrop(backdrop) or self.backdrop,
            period=_period("period", period, site) or self.period,
            compare=_period("compare", compare, site) or self.compare,
        )

    def words(self) -> str:
        """The words after the ``?`` of the address; ``read`` gives the same, in whole milliseconds."""
        said: list[tuple[str, str]] = []
        if self.window:
            said += [("start", written(self.window[0])), ("stop", written(self.window[1]))]
        said += [("only", name) for name in self.only]
        plain: tuple[tuple[str, Any, Callable[[Any], str]], ...] = (
            ("truck", self.truck, str),
            ("at", self.at, written),
            ("speed", self.speed, _number),
            ("source", self.source, str),
            ("paths", "" if self.paths else "off", str),
            ("backdrop", self.backdrop, str),
            ("period", self.period, str),
            ("compare", self.compare, str),
            ("trail", self.trail, str),
            ("view", self.view, lambda view: ",".join(map(_number, view))),
            ("range", self.range, lambda stretch: "/".join(map(written, stretch))),
            ("loop", self.loop, lambda stretch: "/".join(map(written, stretch))),
        )
        said += [(name, write(value)) for name, value, write in plain if value not in (None, "")]
        return urlencode(said)

    def to_browser(self) -> dict[str, Any]:
        """What ``sharing.js`` puts back: times in milliseconds since 1970, what is left out as ``None``."""
        trail = times.length(self.trail) // timedelta(milliseconds=1) if self.trail else None
        stretches = {
            name: stretch and [milliseconds(each) for each in stretch]
            for name, stretch in (("range", self.range), ("loop", self.loop))
        }
        return {
            **stretches,
            "only": list(self.only),
            "paths": self.paths,
            "backdrop": self.backdrop,
            "period": self.period,
            "compare": self.compare,
            "trail": trail,
            "view": list(self.view) if self.view else None,
        }


def written(at: datetime) -> str:
    """An instant as an address has it.

    >>> written(datetime(2026, 11, 22, 12, 14, 7, 350_000, tzinfo=UTC))
    '2026-11-22T12:14:07.350Z'
    """
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _number(value: float) -> str:
    text = repr(float(value))
    return text.removesuffix(".0")


def _speed(text: str) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise BadRequest(f'the speed "{text[:40]}" is not a number; give one from 0.1 to 1000.') from None


def _backdrop(text: str) -> str:
    return kind_of(text) if text else ""


def _period(name: str, text: str, site: Site) -> str:
    if text not in PERIODS and text:
        _stretch(name, text, site)
    return text


def _trail(text: str) -> str:
    if text and times.length(text) > LONGEST_TRAIL:
        raise BadRequest(f'the trail "{text[:40]}" is longer than 12 h; give one such as "3min".')
    return text


def _view(text: str) -> tuple[float, float, float] | None:
    if not text:
        return None
    try:
        x, y, scale = (float(part) for part in text.split(","))
    except ValueError:
        x = y = scale = math.nan
    if not (math.isfinite(x) and math.isfinite(y) and FARTHEST <= scale <= NEAREST):
        raise BadRequest(
            f'the view "{text[:60]}" is not a place on the map; write x,y,scale in metres and pixels '
            "a metre, such as 5200,3100,0.25."
        )
    return x, y, scale


def _stretch(name: str, text: str, site: Site) -> Stretch | None:
    if not text:
        return None
    ends = text.split("/")
    if len(ends) != 2:
        raise BadRequest(
            f'the {name} "{text[:80]}" is not a stretch of time; write {name}=start/stop, such as '
            f"{name}=2026-11-22T18:00Z/2026-11-22T19:00Z."
        )
    return times.window(ends[0], ends[1], site.zone)
