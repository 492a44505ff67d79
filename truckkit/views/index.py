"""Where one starts: the pages of a server, each with what it is for, and what the store holds."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import ibis
import param
from ibis import _
from panel.viewable import Viewable, Viewer

from truckkit import places, schema
from truckkit.views.plain import PlainComponent

if TYPE_CHECKING:
    from truckkit.site import Site

PAGES = (
    ("Replay", "replay", "Watch the trucks drive over the map, on one clock, to the millisecond."),
    ("Timeline", "timeline", "Compare what each truck did when, with the time it spent in each state."),
    (
        "Shift",
        "shift",
        "See one shift on a page: tonnes against plan, time, queues, payload; to print.",
    ),
    ("Quality", "quality", "See how much was observed, what is wrong with the data, what came late."),
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


class IndexList(PlainComponent):
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
    sources = [
        f"{source}, of {len(trucks)} {'truck' if len(trucks) == 1 else 'trucks'} ({schema.SOURCES[source]})"
        for source, trucks in site.sources.items()
    ]
    if sources:
        told.append(("States from", " and ".join(sources)))
    for table in COUNTED:
        rows = _rows(getattr(site, table))
        if rows and table == "places":
            told.append(("Places", _places(site, rows)))
        elif rows:
            told.append((table.capitalize(), f"{rows:,}"))
    return told


def _rows(table: ibis.Table) -> int:
    return int(table.aggregate(rows=_.count()).to_pyarrow()["rows"][0].as_py())


def _places(site: Site, rows: int) -> str:
    """How many places there are: told of by the mine, and found where it tells of none."""
    found = _rows(places.found_places(places.told_once(site.places)))
    told = rows - _rows(places.found_places(site.places))
    if not found:
        return f"{told:,}"
    return f"{told:,}, and {found:,} found" if told else f"{found:,} found"
