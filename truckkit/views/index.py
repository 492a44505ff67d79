"""Where one starts: the pages of a server, each with what it is for, and what the store holds."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import param
from ibis import _
from panel.custom import JSComponent
from panel.viewable import Viewable, Viewer

from truckkit import schema

if TYPE_CHECKING:
    from truckkit.site import Site

PAGES = (
    ("Replay", "replay", "Watch the trucks drive over the map, on one clock, to the millisecond."),
    ("Timeline", "timeline", "Compare what each truck did when, with the time it spent in each state."),
    ("REST", "api/docs", "Ask for trucks, positions, states and cycles from other programs."),
)
"""Title, address and purpose of every page."""

COUNTED = (
    "positions",
    "telemetry",
    "states",
    "cycles",
    "events",
    "maintenance",
    "refuels",
    "places",
    "roads",
)
"""The tables whose rows are counted on the page."""


class IndexList(JSComponent):
    """The browser half: everything is set as text."""

    pages = param.List([])
    heading = param.String("")
    facts = param.List([], doc="Pairs of what and how much.")

    _esm = files("truckkit.views").joinpath("index.js").read_text("utf-8")
    _stylesheets = [files("truckkit.views").joinpath("index.css").read_text("utf-8")]  # noqa: RUF012


class Index(Viewer):
    """The pages of this server and what the site holds."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self._list = IndexList(
            pages=[list(page) for page in PAGES],
            heading=site.name,
            facts=[list(fact) for fact in facts(site)],
            sizing_mode="stretch_width",
        )

    def __panel__(self) -> Viewable:
        return self._list


def facts(site: Site) -> list[tuple[str, str]]:
    """What the site holds, in words."""
    told = [("Trucks", f"{len(site.truck_names):,}")]
    if site.start is not None and site.stop is not None:
        start, stop = (f"{at.astimezone(site.zone):%Y-%m-%d %H:%M}" for at in (site.start, site.stop))
        told.append(("Period", f"{start} – {stop}, site time ({site.zone})"))
    sources = site.states.select("source").distinct().order_by("source").to_pyarrow()["source"].to_pylist()
    if sources:
        told.append(
            ("States from", " and ".join(f"{source} ({schema.SOURCES[source]})" for source in sources))
        )
    for table in COUNTED:
        rows = getattr(site, table).aggregate(rows=_.count()).to_pyarrow()["rows"][0].as_py()
        if rows:
            told.append((table.capitalize(), f"{rows:,}"))
    return told
