"""Telemetry in strips: what trucks' sensors said in time, on the clock that the panes of a page share.

>>> import truckkit as tk
>>> tk.Signals(tk.sample().truck("T01"), channels=("speed_kmh", "payload_t"))
Signals(trucks=(), channels=('speed_kmh', 'payload_t'))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import param
from panel.viewable import Viewable, Viewer

from truckkit import errors
from truckkit.errors import BadRequest
from truckkit.views import clock, signal_tiles
from truckkit.views import scene as scenes
from truckkit.views.answers import SHARED, serial
from truckkit.views.assets import assets
from truckkit.views.questions import Asking, Question, answer_questions, whole

if TYPE_CHECKING:
    from truckkit.site import Site

FIRST = ("speed_kmh", "payload_t", "engine_rpm", "fuel_pct")
"""The channels shown at first, as far as the window holds them."""

_PARTS = (
    "element",
    "resting",
    "surface",
    "playhead",
    "shared",
    "questions",
    "series",
    "stretch",
    "plot",
    "signals",
)


class SignalStrips(Asking):
    """The browser's half of telemetry strips. It asks; ``Signals`` answers."""

    shared = param.String(
        "", doc="The name of the clock that panes of one page share; empty: one of its own."
    )
    trucks = param.List([], doc="The trucks shown at first; empty: the followed one.")
    channels = param.List([], doc="The channels shown at first; empty: a few that there are.")
    version = param.Integer(0, doc="Moves when the window or its data did.")

    _esm = "\n".join([clock.javascript(), assets(*(f"{part}.js" for part in _PARTS))])
    _stylesheets = [assets("signals.css")]  # noqa: RUF012 - Panel reads a list


class Signals(Viewer):
    """Strips of what trucks' sensors said: one strip a channel, one line a truck.

    Lines break where nothing was heard for three usual steps and at least 10 s, and no spike is lost
    however much time a pixel holds. Beside each strip stands what was measured at the playhead, with
    its unit; "–" in a gap.

    Parameters
    ----------
    site
        Whose telemetry to show. Of a whole store it is the newest 12 hours that have positions.
    trucks
        The trucks shown at first, by name; none: the followed truck, else the first.
    channels
        The channels shown at first, by column of ``site.telemetry`` or ``site.positions`` or by the name
        in ``site.channels``; none: speed, payload, engine speed and fuel level where there are any.
    shared
        The name of the clock that panes of one page share; empty: one of its own.
    window
        What to show, as ``scene.window`` gives it; left out: as a replay of the site chooses.
    **layout
        Panel's own, such as ``height`` or ``sizing_mode``.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.Signals(tk.sample(), trucks=("T01", "T02"), height=300)
    Signals(trucks=('T01', 'T02'), channels=())
    """

    def __init__(
        self,
        site: Site,
        *,
        trucks: Sequence[str] = (),
        channels: Sequence[str] = (),
        shared: str = "",
        window: scenes.Window | None = None,
        **layout: Any,
    ) -> None:
        for name in trucks:
            if name not in site.truck_names:
                raise errors.unknown("truck", name, site.truck_names, site.name)
        super().__init__()
        self._site = site
        self._window = window
        self._trucks, self._channels = tuple(trucks), tuple(channels)
        if channels:
            offered = tuple(channel.name for channel in self._offered(site))
            for name in channels:
                if name not in offered:
                    raise errors.unknown("channel", name, offered, site.name)
        if not {"height", "sizing_mode"} & set(layout):
            layout.update(sizing_mode="stretch_width", height=420)
        self._strips = SignalStrips(shared=shared, trucks=list(trucks), channels=list(channels), **layout)
        answerers = {"signals": self._described, "signal": self._tile}
        self._asked, self._answer = answer_questions(self._strips, answerers)

    def __panel__(self) -> Viewable:
        return self._strips

    def __repr__(self, depth: int = 0) -> str:
        return f"Signals(trucks={self._trucks!r}, channels={self._channels!r})"

    def renew(self, window: scenes.Window) -> None:
        """Shows another window, or the same of a newer generation."""
        self._window = window
        self._strips.version += 1

    def foresee(self) -> None:
        """Find which channels there are, which a page asks for first."""
        self._offered(self._site.session())

    def _bounds(self, site: Site) -> scenes.Window:
        # It stays where it was chosen, or tiles that the browser holds would mean other times.
        if self._window is None:
            self._window = scenes.window(site)
        return self._window

    def _key(self, site: Site, window: scenes.Window) -> tuple[Any, ...]:
        store = serial(site.store if site.store is not None else self)
        return (store, site.generation, site.truck_names, window)

    def _offered(self, site: Site) -> tuple[signal_tiles.Channel, ...]:
        # What is held under a window's name is made of that window, wherever it moves meanwhile.
        window = self._bounds(site)
        return SHARED.get(
            ("channels", *self._key(site, window)),
            lambda: signal_tiles.channels(site, window),
            lambda _: 4096,
        )

    def _described(self, _question: Question) -> dict[str, Any]:
        site = self._site.session()
        start, stop, _newest = self._bounds(site)
        offered = self._offered(site)
        names = [channel.name for channel in offered]
        return {
            "name": site.name,
            "start": clock.milliseconds(start),
            "length": (stop - start) // clock.MILLISECOND,
            "clock": {
                "zone": (told := clock.site_clock(site.zone, start, stop))["zone"],
                "offsets": [list(offset) for offset in told["offsets"]],
            },
            "trucks": list(site.truck_names),
            "channels": [
                {"name": one.name, "meaning": one.meaning, "unit": one.unit, "flag": one.flag}
                for one in offered
            ],
            "first": [name for name in FIRST if name in names] or names[:4],
            "buckets": signal_tiles.BUCKETS,
            "levels": signal_tiles.LEVELS,
        }

    def _tile(self, question: Question) -> bytes:
        site = self._site.session()
        window = self._bounds(site)
        key = self._key(site, window)
        truck = _one(site.truck_names, "truck", whole(question, "truck"))
        channel = _one(self._offered(site), "channel", whole(question, "channel"))
        level, number = whole(question, "level"), whole(question, "number")
        gap = SHARED.get(
            ("gap", *key, truck, channel),
            lambda: signal_tiles.gap_ms(site, truck, channel, window),
            lambda _: 256,
        )
        return SHARED.get(
            ("signal", *key, truck, channel, level, number),
            lambda: signal_tiles.tile(site, truck, channel, window, gap, level, number),
        )


def _one(among: Sequence[Any], what: str, number: int) -> Any:
    if not 0 <= number < len(among):
        raise BadRequest(f"there is no {what} {number} among {len(among)}.")
    return among[number]
