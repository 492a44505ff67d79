"""The timeline: one row a truck, its states in time, and beside them the total time in each state.

Everything that the window holds goes to the browser once, packed in binary; moving and zooming ask
nothing more of the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import ibis
import param
from ibis import _
from panel.viewable import Viewable, Viewer

from truckkit import errors, schema
from truckkit.errors import BadTime
from truckkit.views import clock, telling
from truckkit.views.answers import SHARED, serial
from truckkit.views.intervals import Packed, newest_days, pack
from truckkit.views.state_strips import GROUPS, SORTS, StateStrips

if TYPE_CHECKING:
    from truckkit.site import Site

MOST_INTERVALS = 1_000_000
"""How many intervals go to a browser: some 15 MB, a month of 100 trucks."""
_NEWEST = timedelta(hours=24)


class Timeline(Viewer):
    """What each truck did when: its states side by side, with the time it spent in each.

    An interval is coloured and patterned by its state; one that is shorter than a pixel still shows.
    Beside each row stands the total time in each state over the visible range; it adds up to the
    range, for time that nobody observed is ``no_data`` and counts. A click chooses a moment.

    States are those that the FMS told, and those that were detected where it tells nothing of a truck;
    where both tell of a truck, one can choose, or see both as two lanes: what differs between them is
    marked, and the share of time in which they agree stands beside. What was detected says so, and how
    sure it is.

    Where the window is longer than a day, the newest shift with states is shown first (the newest
    24 h where the site has no shift of them), and the rest is there to move to.

    Parameters
    ----------
    site
        What to show: its trucks, in its window, told by its source.
    start, stop
        The visible range at first: text in site time, or aware datetimes.
    at, truck
        The moment and the truck chosen at first.
    replay
        The address of a replay page that the chosen moment links to; none where empty.
    shared
        The name of the clock that panes of one page share: a click then seeks for all of them.
    lanes
        Whether what the FMS told and what was detected are drawn as two lanes of each truck.
    group
        What rows are grouped by at first: ``"model"``, or ``"loader"`` for the one that loaded a truck
        longest in the visible range; empty: nothing.
    sort
        What orders the rows at first: a state, whose longest total comes first, or ``"agreement"``, the
        least of two lanes first; empty: the trucks' names.
    **layout
        Panel's own, such as ``height`` or ``sizing_mode``.

    Examples
    --------
    >>> import truckkit as tk
    >>> timeline = tk.Timeline(tk.sample())
    >>> timeline.at is None
    True
    """

    at = param.Date(default=None, allow_None=True, doc="The chosen moment, aware, UTC.")
    truck = param.String(default="", doc="The chosen truck; empty where none is.")
    shown = param.Tuple(default=(None, None), length=2, doc="The visible range: two aware instants, UTC.")
    source = param.String(default="", doc="Who tells of the states; empty: as ``site.using(None)`` does.")
    lanes = param.Boolean(default=False, doc="Whether fms and detected are drawn as two lanes.")

    def __init__(
        self,
        site: Site,
        *,
        start: str | datetime | None = None,
        stop: str | datetime | None = None,
        at: str | datetime | None = None,
        truck: str = "",
        replay: str = "",
        shared: str = "",
        lanes: bool = False,
        group: str = "",
        sort: str = "",
        **layout: Any,
    ) -> None:
        for what, asked_for, known in (("group", group, GROUPS), ("order of rows", sort, SORTS)):
            if asked_for and asked_for not in known:
                raise errors.unknown(what, asked_for, known, "the timeline")
        super().__init__(source=site.told_by or "", lanes=lanes)
        self.site = site
        if truck:
            site.truck(truck)
        asked = (_instant(site, start), _instant(site, stop))
        if asked[0] and asked[1] and asked[0] >= asked[1]:
            raise BadTime(f'the range "{start}" to "{stop}" stops before it starts; swap its ends.')
        self._strips = StateStrips(
            replay=replay,
            shared=shared,
            choices=telling.choices(site),
            source=self.source,
            compare=lanes,
            group=group,
            sort=sort,
            **self._layout(layout),
        )
        self._packed: Packed | None = None
        self._show(asked)
        self._strips.param.watch(self._from_browser, ["at", "truck", "shown"])
        self._strips.param.watch(self._chosen, ["source", "compare"])
        self.param.watch(self._to_browser, ["at", "truck", "shown"])
        self.param.watch(self._told_by_another, ["source", "lanes"])
        self.truck = truck
        self.at = _instant(site, at)

    def __panel__(self) -> Viewable:
        return self._strips

    def _layout(self, asked: dict[str, Any]) -> dict[str, Any]:
        if {"height", "sizing_mode"} & set(asked):
            return asked
        rows = len(self.site.truck_names)
        return {
            "sizing_mode": "stretch_width",
            "height": min(560, 240 + rows * (32 if rows <= 12 else 22)),
            **asked,
        }

    def _show(self, asked: tuple[datetime | None, datetime | None]) -> None:
        """Packs the site's intervals and hands them to the browser."""
        found = self._found(asked[0] or asked[1])
        if found.packed is None:
            self._strips.param.update(message=found.why_not, version=self._strips.version + 1)
            return
        self._packed = found.packed
        first = self._first_range(asked, found.given["shifts"])
        self._strips.param.update(**found.given, message="", shown=first, version=self._strips.version + 1)
        self.shown = (self._instant(first[0]), self._instant(first[1]))

    def _found(self, around: datetime | None) -> _Found:
        """What the site tells, around a moment where it is too much; of a store it is found once."""
        site = self.site
        lanes = tuple(schema.SOURCES) if self.lanes and len(site.sources) > 1 else ()
        if site.store is None:
            return _find(site, lanes, around)
        store = (serial(site.store), site.generation, site.told_by, site.truck_names, site.narrowed_to)
        return SHARED.get(
            ("timeline", *store, lanes, around), lambda: _find(site, lanes, around), lambda found: found.size
        )

    def _first_range(
        self, asked: tuple[datetime | None, datetime | None], shifts: list[list[Any]]
    ) -> list[int]:
        """The visible range [ms] at first: what was asked for, else the newest shift or day with states."""
        assert self._packed is not None
        span = self._offset(self._packed.stop)
        if asked[0] or asked[1]:
            if (asked[0] or self._packed.start) >= self._packed.stop or (
                asked[1] or self._packed.stop
            ) <= self._packed.start:
                raise _outside(self.site, self._packed)
            from_ms = min(max(0, self._offset(asked[0])), span - 1) if asked[0] else 0
            to_ms = min(max(from_ms + 1, self._offset(asked[1])), span) if asked[1] else span
            return [from_ms, to_ms]
        if span <= _NEWEST // clock.MILLISECOND:
            return [0, span]
        outside = _newest_outside(shifts, self._packed)
        if outside:
            return outside
        last_known = self._packed.last_known()
        if last_known is not None:
            for _name, from_ms, to_ms in reversed(shifts):
                if from_ms < self._offset(last_known):
                    return [max(0, from_ms), min(to_ms, span)]
        return [0, span]

    def _offset(self, at: Any) -> int:
        assert self._packed is not None
        return clock.milliseconds(at) - clock.milliseconds(self._packed.start)

    def _instant(self, offset: float) -> datetime:
        assert self._packed is not None
        return clock.instant(offset + clock.milliseconds(self._packed.start))

    def _from_browser(self, *changes: param.parameterized.Event) -> None:
        if self._packed is None:
            return
        strips = self._strips
        self.param.update(
            at=None if strips.at is None else self._instant(strips.at),
            truck=strips.truck,
            shown=(self._instant(strips.shown[0]), self._instant(strips.shown[1])),
        )

    def _to_browser(self, *changes: param.parameterized.Event) -> None:
        if self._packed is None:
            return
        shown = [self._offset(bound) for bound in self.shown]
        at = None if self.at is None else self._offset(self.at)
        self._strips.param.update(at=at, truck=self.truck, shown=shown)

    def _chosen(self, _change: param.parameterized.Event) -> None:
        """A person chose another source in the browser, or two lanes."""
        self.param.update(source=self._strips.source, lanes=self._strips.compare)

    def renew(self, site: Site) -> None:
        """Shows another window, or the same of a newer generation."""
        self.site = site.using(telling.source(self.source))
        self._show((None, None))
        self._to_browser()

    def _told_by_another(self, _change: param.parameterized.Event) -> None:
        """The same window, truck and moment, told by another source."""
        shown = self.shown
        self.site = self.site.using(telling.source(self.source))
        self._strips.param.update(source=self.source, compare=self.lanes)
        self._show(shown)
        self._to_browser()


@dataclass(frozen=True)
class _Found:
    """What a site tells, as both halves of a timeline take it; nobody changes it."""

    packed: Packed | None
    given: dict[str, Any]
    """What the browser half is given."""
    why_not: str = ""
    """Why there is nothing to show."""

    @property
    def size(self) -> int:
        """How much memory it takes, about [bytes]."""
        numbers = () if self.packed is None else vars(self.packed).values()
        kept = (*numbers, *self.given.values())
        return 4096 + sum(
            len(each) if isinstance(each, bytes) else int(getattr(each, "nbytes", 0)) for each in kept
        )


def _find(site: Site, lanes: tuple[str, ...], around: datetime | None) -> _Found:
    """What a site tells, around a moment where it is too much: around the newest one where none is given."""
    states = ibis.union(*(site.using(lane).states for lane in lanes)) if lanes else site.states
    why_not = "" if lanes and _any(states) else _why_nothing(site)
    if why_not:
        return _Found(None, {}, why_not)
    assert site.start is not None
    assert site.stop is not None
    trucks = site.truck_names
    around = around or _latest(states, site.stop)
    start, stop = newest_days(states, site.start, site.stop, around, MOST_INTERVALS)
    packed = pack(states, trucks, start, stop, lanes)
    shifts = _shifts(site.shifts, packed)
    span = clock.milliseconds(packed.stop) - clock.milliseconds(packed.start)
    return _Found(
        packed,
        {
            "origin": clock.milliseconds(packed.start),
            "span": span,
            **_zone(site, packed),
            "trucks": list(trucks),
            "names": list(packed.names),
            "models": _models(site, trucks),
            "lanes": list(packed.lanes),
            "name_bytes": packed.name_bytes,
            "shifts": shifts,
            "jumps": _jumps(shifts, packed, span),
            "wide": packed.wide,
            **packed.columns(),
            "told": telling.words(packed.sources),
            "note": "" if (start, stop) == (site.start, site.stop) else _left_out(site, packed),
        },
    )


def _instant(site: Site, at: str | datetime | None) -> datetime | None:
    return None if at is None or at == "" else site.instant(at)


def _latest(states: ibis.Table, otherwise: datetime) -> datetime:
    """The latest instant at which anyone said what a truck did."""
    last = states.filter(_.state != "no_data").start.max().to_pyarrow().as_py()
    return otherwise if last is None else last.replace(tzinfo=otherwise.tzinfo)


def _bounds(site: Site, start: datetime, stop: datetime) -> tuple[str, str]:
    """A window in words, in site time."""
    return f"{start.astimezone(site.zone):%Y-%m-%d %H:%M}", f"{stop.astimezone(site.zone):%Y-%m-%d %H:%M}"


def _any(states: ibis.Table) -> bool:
    return bool(states.limit(1).count().to_pyarrow().as_py())


def _why_nothing(site: Site) -> str:
    """Why there is no interval to draw; empty where there is one."""
    if not site.truck_names or site.start is None or site.stop is None:
        return (
            f"No trucks in {site.name}: nothing was ingested yet; truckkit ingest STORE PATH brings data in."
        )
    if _any(site.states):
        return ""
    start, stop = _bounds(site, site.start, site.stop)
    names = site.truck_names
    whose = names[0] if len(names) == 1 else f"any of the {len(names)} trucks"
    nothing = f"No state intervals between {start} and {stop} (site time): nobody said what {whose} did then"
    for source in schema.SOURCES:
        others = site.using(source).states.count().to_pyarrow().as_py()
        if others:
            choose = f'choose it with site.using("{source}"), or ?source={source} in the address'
            return f'{nothing}. The source "{source}" has {others:,}: {choose}.'
    return f"{nothing}; choose another window, or ingest what the fleet management system recorded."


def _left_out(site: Site, packed: Packed) -> str:
    start, stop = _bounds(site, packed.start, packed.stop)
    return f"Too many intervals for one view: it holds {start} to {stop}. Narrow the site to see others."


def _outside(site: Site, packed: Packed) -> BadTime:
    start, stop = _bounds(site, packed.start, packed.stop)
    return BadTime(
        f"the range lies outside the data of {site.name}, which runs from {start} to {stop} (site time)."
    )


def _models(site: Site, trucks: Sequence[str]) -> list[str]:
    rows = site.trucks.select("truck", "model").to_pyarrow().to_pylist()
    model_of = {row["truck"]: row["model"] or "" for row in rows}
    return [model_of.get(truck, "") for truck in trucks]


def _shifts(shifts: ibis.Table, packed: Packed) -> list[list[Any]]:
    """Name, start and stop [ms] of the shifts that overlap what is packed."""
    rows = shifts.select("shift", "start", "stop").order_by("start").to_pyarrow().to_pylist()
    from_ms = clock.milliseconds(packed.start)
    bounds = [
        [
            row["shift"],
            *(
                clock.milliseconds(row[end].replace(tzinfo=packed.start.tzinfo)) - from_ms
                for end in ("start", "stop")
            ),
        ]
        for row in rows
    ]
    span = clock.milliseconds(packed.stop) - from_ms
    return [shift for shift in bounds if shift[1] < span and shift[2] > 0]


def _jumps(shifts: Sequence[list[Any]], packed: Packed, span: int, most: int = 100) -> list[list[Any]]:
    """Where one can go at once: the whole window, and the newest of its shifts that have states."""
    told = (shift for shift in reversed(shifts) if packed.told_within(shift[1], shift[2]))
    newest = [[name, max(0, start), min(stop, span)] for name, start, stop in islice(told, most)]
    outside = _newest_outside(shifts, packed) if newest else []
    return [["Everything", 0, span], *([["Newest", *outside]] if outside else []), *newest]


def _newest_outside(shifts: Sequence[list[Any]], packed: Packed) -> list[int]:
    """The newest 24 h with states [ms], where the site's shifts stop a day or more before; else empty."""
    last_known = packed.last_known()
    if last_known is None:
        return []
    day = _NEWEST // clock.MILLISECOND
    last = clock.milliseconds(last_known) - clock.milliseconds(packed.start)
    if any(start < last < stop + day for _name, start, stop in shifts):
        return []
    return [packed.first_known(max(0, last - day)), last]


def _zone(site: Site, packed: Packed) -> dict[str, Any]:
    told = clock.site_clock(site.zone, packed.start, packed.stop)
    return {"zone": told["zone"], "offsets": [list(offset) for offset in told["offsets"]]}
