"""The trucks of a window driving over the map again, on one clock.

>>> import truckkit as tk
>>> tk.Replay(tk.sample(), speed=600)
Replay(speed=600, truck='')
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import panel as pn
import param
from panel.viewable import Child

from truckkit import errors
from truckkit.errors import BadRequest, BadTime
from truckkit.views import chunks, clock, grounds, palette, recording, telling
from truckkit.views import scene as scenes
from truckkit.views.answers import SHARED, SLOW, serial
from truckkit.views.assets import assets
from truckkit.views.happenings import happenings
from truckkit.views.inside import inside
from truckkit.views.jumps import foresee_jumps, jumped
from truckkit.views.questions import Asking, answer_questions, real, whole
from truckkit.views.setting import described
from truckkit.views.sharing import Shown
from truckkit.views.signals import Signals
from truckkit.views.tiles import tiles
from truckkit.views.timeline import Timeline

if TYPE_CHECKING:
    from truckkit.site import Site

SPEEDS = (0.1, 1000)
"""The slowest and the fastest speed, in times of the real one."""

MOST_RUN = 12
"""The most chunks of positions that are read ahead at once."""

PAGES = "TRUCKKIT_PAGES"
"""The environment variable that says where replays are served, such as https://mine.example/replay."""

_PARTS = (
    "element",
    "still",
    "surface",
    "telling",
    "playhead",
    "shared",
    "tracks",
    "pages",
    "doings",
    "viewport",
    "ramps",
    "backdrop",
    "tiles",
    "ground",
    "loads",
    "taken",
    "sprites",
    "trails",
    "markers",
    "controls",
    "loop",
    "live",
    "legend",
    "box",
    "measure",
    "tools",
    "panes",
    "beside",
    "grounds",
    "happenings",
    "questions",
    "sharing",
    "recorder",
    "captions",
    "replay",
)


def _source() -> str:
    parts = assets(*(f"{part}.js" for part in _PARTS))
    return "\n".join([palette.javascript(), clock.javascript(), parts])


class ReplayCanvas(Asking):
    """The browser's half of a replay. It asks; ``Replay`` answers."""

    at = param.Number(default=None, allow_None=True, doc="Where the clock stands at first [ms since 1970].")
    truck = param.String(default="", doc="The truck to follow at first; empty: none.")
    speed = param.Number(default=60, doc="Times of the real speed at first.")
    shared = param.String(default="", doc="The name in the page by which the panes find their clock.")
    generation = param.Integer(default=0, doc="The generation of the store that the map has taken over.")
    timeline = Child(allow_None=True, doc="The pane of states.")
    signals = Child(allow_None=True, doc="The pane of telemetry.")
    shown = param.Dict(default={}, doc="What an address asks for beside those; see ``sharing.Shown``.")
    ranged = param.List(
        default=[], doc="Start and stop of what the timeline shows [ms since 1970]; empty: all."
    )
    page = param.Boolean(default=False, doc="Whether the page is the replay's own, so its address is kept.")
    pages = param.String(default="", doc="Where replays are served, as links of a notebook need it.")

    _esm = _source()
    _stylesheets = [assets("replay.css")]  # noqa: RUF012 - Panel reads a list


class Replay(pn.viewable.Viewer):
    """Trucks driving over the map of their mine, as they did.

    The same view serves a notebook cell and a dashboard: ``tk.Replay(site)`` or
    ``tk.Replay(site).servable()``. A narrowed site is shown as it is narrowed; of a whole store it
    shows the newest 12 hours that have positions.

    Parameters
    ----------
    site
        Whose positions, states, places and roads to draw.
    at
        Where the clock stands at first, by the rules of ``site.instant``. Left out: at the first
        position.
    truck
        The truck to follow at first.
    speed
        How fast time goes, from 0.1 to 1000 times the real speed; left out: 60, and 1 around an event.
    before, after
        How much to show around the event of ``site.event``, such as ``"30s"`` or ``"1min30s"``.
    backdrop
        What the ground tells: ``"density"`` of positions, mean ``"speed"`` [km/h], the ``"state"`` in which
        trucks were longest, or the ``"payload"`` moved [t].
    period, compare
        The time that it tells of, and that of a second map beside it: ``"last_shift"``,
        ``"previous_shift"``, ``"last_week"``, ``"previous_week"`` or a stretch as ``"start/stop"``; left out:
        the replay's own window, and no second map.
    shown
        What else an address asked for.
    page
        Whether the replay is a page of its own, so that the address bar tells what is shown.
    timeline
        Whether the timeline of states stands beside the map.
    signals
        Whether the strips of telemetry stand beside the map.
    """

    speed = param.Number(default=60, bounds=SPEEDS, doc="Times of the real speed at first.")
    truck = param.String(default="", doc="The truck to follow at first; empty: none.")

    def __init__(
        self,
        site: Site,
        *,
        at: str | datetime | None = None,
        truck: str = "",
        speed: float | None = None,
        before: str | timedelta | None = None,
        after: str | timedelta | None = None,
        backdrop: str = "",
        period: str = "",
        compare: str = "",
        shown: Shown | None = None,
        page: bool = False,
        timeline: bool = True,
        signals: bool = True,
        **params: Any,
    ) -> None:
        happened = site.happened
        if happened is None and (before is not None or after is not None):
            raise BadRequest(
                '"before" and "after" stand around an event; give one, such as site.event("E7").'
            )
        if happened is not None:
            if before is not None or after is not None:
                site = site.event(happened.event, before or "30s", after or "10s")
            truck = truck or happened.truck
        if speed is None:
            speed = 60 if happened is None else 1
        slowest, fastest = SPEEDS
        if isinstance(speed, bool) or not isinstance(speed, int | float) or not slowest <= speed <= fastest:
            raise BadRequest(f"the replay's speed lies between {slowest} and {fastest}, not at {speed!r}.")
        if truck and truck not in site.truck_names:
            raise errors.unknown("truck", truck, site.truck_names, site.name)
        self._at = site.instant(at) if at else None
        if self._at is not None and not (site.start and site.stop and site.start <= self._at < site.stop):
            raise _outside(site, self._at)
        layout = {name: params.pop(name) for name in tuple(params) if name not in type(self).param}
        if not {"height", "sizing_mode"} & set(layout):
            layout.update(sizing_mode="stretch_width", height=720)
        super().__init__(speed=speed, truck=truck, **params)
        self._site = site
        # The window stays where it was chosen, or chunks that the browser holds would mean other times.
        self._window = scenes.window(site, self._at)
        shared = uuid4().hex
        self._asked_for = shown = (shown or Shown()).on(site, backdrop, period, compare)
        first, last = shown.range or (None, None)
        self._timeline = (
            Timeline(self._shown(site), start=first, stop=last, shared=shared, sizing_mode="stretch_both")
            if timeline
            else None
        )
        self._signals = (
            Signals(site, shared=shared, window=self._window, sizing_mode="stretch_both") if signals else None
        )
        self._canvas = ReplayCanvas(
            at=None if self._at is None else clock.milliseconds(self._at),
            truck=truck,
            speed=speed,
            shared=shared,
            timeline=self._timeline,
            signals=self._signals,
            shown=shown.to_browser(),
            page=page,
            pages=os.environ.get(PAGES, ""),
            **layout,
        )
        self._canvas.param.watch(self._taken_over, "generation")
        if self._timeline is not None:
            self._timeline.param.watch(self._ranged, "shown")
            self._ranged()
        answerers = {asked: partial(answer, self) for asked, answer in self._answerers.items()}
        self._asked, self._answer = answer_questions(
            self._canvas, answerers, slow={"backdrop", "happenings", "inside"}
        )
        self._seen: int | None = None  # the chunk that was asked for last
        document = pn.state.curdoc
        self._served = document is not None and document.session_context is not None
        if self._served:
            SLOW.submit(self._foresee)

    def _foresee(self) -> None:
        """Find what a page asks for first while it is still on its way to the browser."""
        scene = self._scene(self._site.session())
        self._answer_scene({})
        if scene.heard:
            at = self._at or min(heard.first for heard in scene.heard)
            self._answer_positions({"number": (at - scene.start) // scene.chunk})
        if self._signals is not None:
            self._signals.foresee()

    def still(
        self,
        path: str | Path,
        at: str | datetime | None = None,
        *,
        width: int = 1440,
        height: int = 900,
        dark: bool = False,
    ) -> Path:
        """Save one moment as a PNG; see ``record`` for what it takes.

        >>> import truckkit as tk
        >>> tk.Replay(tk.sample()).still("moment.jpeg")
        Traceback (most recent call last):
        truckkit.errors.NoSuchFormat: a picture is a PNG, ...
        """
        moment = self._moment(at) if at else self._at or self._first()
        recording.still(self._again, Path(path), moment, (width, height), dark)
        return Path(path)

    def record(
        self,
        path: str | Path,
        start: str | datetime | None = None,
        stop: str | datetime | None = None,
        *,
        speed: float = 60,
        fps: float = 30,
        width: int = 1280,
        height: int = 720,
        dark: bool = False,
    ) -> Path:
        """Save a film: frame ``k`` shows ``start`` + ``k`` · ``speed`` / ``fps``, at any machine's pace.

        It is drawn in a browser without a window, which the extra ``record`` of truckkit and
        ``playwright install chromium`` bring; the log of ``truckkit`` tells how far it is.

        Parameters
        ----------
        path
            Where to: ``.mp4`` (H.264) or ``.gif``.
        start, stop
            The range, by the rules of ``site.instant``; left out: the replay's window.
        speed, fps
            Times of the real speed, and frames a second of the film [1/s].
        width, height
            The film's size [pixels]; an odd one is made even by leaving a pixel out.
        dark
            Whether on a dark ground.

        Raises
        ------
        NoSuchFormat, BadRequest, BadTime
            The name is of another kind of file, the film is too long, or a moment lies outside the window.
        SourceFailed, CannotWrite
            There is no browser or no encoder, it does not answer, or the file cannot be written.

        Examples
        --------
        >>> import truckkit as tk
        >>> tk.Replay(tk.sample()).record("shift.avi")
        Traceback (most recent call last):
        truckkit.errors.NoSuchFormat: "shift.avi" is no film; ...
        """
        first, last = self._range()
        film = recording.Film(
            self._moment(start) if start else first, self._moment(stop, last) if stop else last, speed, fps
        )
        recording.record(self._again, Path(path), film, (width, height), dark)
        return Path(path)

    def _again(self) -> Replay:
        """The same view anew, for a browser that draws it alone."""
        return Replay(
            self._site,
            at=self._at,
            truck=self.truck,
            speed=self.speed,
            shown=self._asked_for,
            timeline=self._timeline is not None,
            signals=self._signals is not None,
            sizing_mode="stretch_both",
        )

    def _first(self) -> datetime:
        """Where the clock stands when nobody says where: at the first position."""
        start, _ = self._range()
        return min((heard.first for heard in self._scene(self._site.session()).heard), default=start)

    def _range(self) -> tuple[datetime, datetime]:
        site = self._site.session()
        if not site.start:
            raise BadRequest(f"{site.name} holds nothing yet, so there is nothing to show.")
        scene = self._scene(site)
        return scene.start, scene.stop

    def _moment(self, when: str | datetime, end: datetime | None = None) -> datetime:
        """A moment inside the window; its end too where that is what is asked for."""
        moment = self._site.instant(when)
        start, stop = self._range()
        if not start <= moment < stop and moment != end:
            raise _outside(self._site, moment, (start, stop))
        return moment

    def __panel__(self) -> Any:
        return self._canvas

    def __repr__(self, depth: int = 0) -> str:
        return f"Replay(speed={self.speed:g}, truck={self.truck!r})"

    # Questions of the browser -------------------------------------------------------------------

    def _scene(self, site: Site) -> scenes.Scene:
        # Another thread may move the window on: what is held under a window's name is made of that window.
        window = self._window
        return SHARED.get(
            ("scene", *self._key(site, window)), lambda: scenes.scene(site, window), lambda _: 4096
        )

    def _key(self, site: Site, window: scenes.Window) -> tuple[Hashable, ...]:
        """What names a window's rows among all that this process remembers."""
        store = serial(site.store if site.store is not None else self)
        return (store, site.generation, site.told_by, site.truck_names, window)

    def _remembered(
        self,
        name: str,
        make: Callable[[Site, scenes.Scene], bytes],
        *more: Hashable,
        site: Site | None = None,
    ) -> bytes:
        site = site or self._site.session()
        scene = self._scene(site)
        return SHARED.get((name, *self._key(site, scene.window), *more), lambda: make(site, scene))

    def _answer_scene(self, question: dict[str, Any]) -> dict[str, Any]:
        site = self._site.session()
        if question.get("renew"):
            self._renew(site, newest=bool(question.get("newest")))
        scene = self._scene(site)
        told = SHARED.get(
            ("described", *self._key(site, scene.window)), lambda: described(site, scene), lambda _: 65_536
        )
        return {**told, "tiles": tiles(site, scene)}

    def _renew(self, site: Site, newest: bool) -> None:
        """Take a newer generation over: a window that nobody chose moves on, or grows, with its data."""
        if newest:
            self._at = None
        self._window = scenes.window(site, self._at)

    def _taken_over(self, _change: param.parameterized.Event) -> None:
        """The map shows a newer generation, and so do the other panes."""
        if self._timeline is not None:
            self._timeline.renew(self._shown(self._site.session()))
        if self._signals is not None:
            self._signals.renew(self._window)

    def _ranged(self, *_changes: param.parameterized.Event) -> None:
        """The address tells which part of its window the timeline shows, where it is not all."""
        assert self._timeline is not None
        shown, (start, stop, _) = self._timeline.shown, self._window
        part = None not in shown and (shown[0] > start or shown[1] < stop)
        self._canvas.ranged = [clock.milliseconds(each) for each in shown] if part else []

    def _shown(self, site: Site) -> Site:
        start, stop, _ = self._window
        return site.between(start, stop) if start < stop else site

    def _answer_fresh(self, question: dict[str, Any]) -> dict[str, Any]:
        site = self._site.session()
        newest = SHARED.get(
            ("newest", serial(site.store if site.store is not None else self), site.generation),
            lambda: scenes.newest(site),
            lambda _: 64,
        )
        return {
            "generation": site.generation,
            "newest": None if newest is None else clock.milliseconds(newest),
            "now": time.time_ns() // 1_000_000,
        }

    def _answer_positions(self, question: dict[str, Any]) -> bytes:
        site = self._site.session()
        scene = self._scene(site)
        number = whole(question, "number")
        asked_at, _ = chunks.stretch(scene, number, scene.chunk)
        before, self._seen = self._seen, number
        # A page that plays says how many it will want, and how many of them now; they are read at once.
        run, together = (
            min(MOST_RUN, max(1, whole(question, name))) if name in question else 1
            for name in ("run", "together")
        )
        run = max(run, together)
        key = ("positions", *self._key(site, scene.window))

        def read(wanted: int) -> bytes:
            # Whoever stands still will want the trails that lead here, and what comes next.
            bounds = (wanted, number + run) if run > 1 else (wanted - 1, wanted + 2)
            found = chunks.run(site, scene, *bounds)
            for other, chunk in found.items():
                if other != wanted:
                    SHARED.get((*key, other), partial(bytes, chunk))
            return found[wanted]

        last = min(number + together, math.ceil((scene.stop - scene.start) / scene.chunk))
        answer = b"".join(SHARED.get((*key, each), partial(read, each)) for each in range(number, last))
        if self._served and jumped(before, number):
            foresee_jumps(site, scene, asked_at)
        return answer

    def _answer_states(self, question: dict[str, Any]) -> bytes:
        number = whole(question, "number")
        told = self._site.session().using(telling.source(question.get("source")))
        return self._remembered(
            "states", lambda site, scene: chunks.states(site, scene, number), number, site=told
        )

    def _answer_last_known(self, question: dict[str, Any]) -> dict[str, list[float]]:
        site = self._site.session()
        numbers = question.get("trucks")
        if not isinstance(numbers, list) or not all(isinstance(number, int) for number in numbers):
            raise BadRequest(f'"trucks" is a list of whole numbers, not {numbers!r}.')
        return chunks.last_known(site, self._scene(site), real(question, "before"), numbers)

    def _answer_neighbour(self, question: dict[str, Any]) -> float | None:
        site = self._site.session()
        number = None if question.get("truck") is None else whole(question, "truck")
        forward = bool(question.get("forward"))
        return chunks.neighbour(site, self._scene(site), real(question, "at"), number, forward)

    def _answer_inside(self, question: dict[str, Any]) -> list[int]:
        site = self._site.session()
        west, south, east, north = (real(question, side) for side in ("west", "south", "east", "north"))
        stretch = real(question, "start"), real(question, "stop")
        return inside(site, self._scene(site), (west, south, east, north), *stretch)

    def _answer_backdrop(self, question: dict[str, Any]) -> dict[str, Any]:
        site = self._site.session()
        scene = self._scene(site)
        told = grounds.ground(site, scene, self._key(site, scene.window), question)
        # The compiler works for seconds, and the first picture does not need it.
        SLOW.submit(grounds.warm_up)
        return told

    def _answer_loads(self, question: dict[str, Any]) -> dict[str, Any]:
        site = self._site.session().using(telling.source(question.get("source")))
        scene = self._scene(site)
        return grounds.loads_of(site, scene, self._key(site, scene.window), whole(question, "number"))

    def _answer_happenings(self, question: dict[str, Any]) -> bytes:
        told = self._site.session().using(telling.source(question.get("source")))
        return self._remembered(
            "happenings", lambda site, scene: happenings(site, scene.start, scene.stop), site=told
        )

    _answerers: dict[str, Callable[[Replay, dict[str, Any]], Any]] = {  # noqa: RUF012 - never changed
        "scene": _answer_scene,
        "fresh": _answer_fresh,
        "positions": _answer_positions,
        "states": _answer_states,
        "last_known": _answer_last_known,
        "neighbour": _answer_neighbour,
        "inside": _answer_inside,
        "backdrop": _answer_backdrop,
        "loads": _answer_loads,
        "happenings": _answer_happenings,
    }


def _outside(site: Site, at: datetime, shown: tuple[datetime, datetime] | None = None) -> BadTime:
    if site.start is None or site.stop is None:
        return BadTime(f'{site.name} holds nothing yet, so there is no moment "{at.isoformat()}" to show.')
    told, start, stop = (
        moment.astimezone(site.zone).isoformat(" ", "milliseconds")
        for moment in (at, *(shown or (site.start, site.stop)))
    )
    return BadTime(
        f"{told} lies outside what {site.name} shows here, {start} to {stop}; choose a moment in it."
    )
