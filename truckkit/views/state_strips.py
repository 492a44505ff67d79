"""The timeline's browser half: strips of states, and the parameters by which both halves meet."""

from __future__ import annotations

import param

from truckkit import schema
from truckkit.views import clock, palette
from truckkit.views.assets import assets
from truckkit.views.plain import PlainComponent

AGREEMENT = "agreement"
"""Rows sorted by the share of time in which two lanes agree, the least first."""
SORTS = (*schema.STATES, AGREEMENT)
GROUPS = ("model", "loader")

_PARTS = (
    "element",
    "resting",
    "surface",
    "telling",
    "playhead",
    "shared",
    "intervals",
    "summaries",
    "agreement",
    "coarse",
    "strips",
    "totals",
    "states_legend",
    "frame",
    "sides",
    "arrange",
    "stretch",
    "brush",
    "marks",
    "export",
    "gestures",
    "timeline_parts",
    "timeline_view",
    "timeline_meant",
    "timeline_words",
    "timeline_bar",
    "timeline_line",
    "timeline_tip",
    "timeline_layout",
    "timeline_steps",
    "timeline",
)


class StateStrips(PlainComponent):
    """The browser half. Times are milliseconds from ``origin``, itself milliseconds since 1970."""

    origin = param.Number(0)
    span = param.Number(1)
    zone = param.String("UTC")
    offsets = param.List([[0, 0]])
    trucks = param.List([])
    names = param.List([""])
    models = param.List([], doc="The model of each truck; empty where nobody tells it.")
    lanes = param.List([], doc="The sources with rows of their own: all of the first, then the next.")
    name_bytes = param.Integer(1, doc="How many bytes the number of a name takes.")
    shifts = param.List([])
    jumps = param.List([])
    wide = param.Boolean(False)
    rows = param.Bytes(b"")
    firsts = param.Bytes(b"")
    stops = param.Bytes(b"")
    codes = param.Bytes(b"")
    places = param.Bytes(b"")
    loaders = param.Bytes(b"")
    tellers = param.Bytes(b"")
    sure = param.Bytes(b"")
    choices = param.List([], doc="The sources between which one can choose: words and source.")
    source = param.String("", doc="The source chosen; empty where it is left to the site.")
    told = param.String("", doc="Who told of the states.")
    note = param.String("", doc="What is left out.")
    message = param.String("", doc="Why there is nothing to show.")
    shared = param.String("", doc="The name of the clock that panes of one page share; empty: none.")
    replay = param.String("", doc="Where a replay is served, if it is.")
    shown = param.List([0, 1], doc="The visible range.")
    compare = param.Boolean(False, doc="Whether fms and detected are asked for as two lanes.")
    sort = param.String("", doc=f"What orders rows: a state, longest first, or {AGREEMENT!r}; empty: name.")
    group = param.String("", doc=f"What rows are grouped by: {' or '.join(GROUPS)}; empty: nothing.")
    at = param.Number(None, allow_None=True, doc="The chosen moment.")
    truck = param.String("", doc="The chosen truck.")
    version = param.Integer(0, doc="Moves when all of the above has come.")

    _esm = "\n".join([palette.javascript(), clock.javascript(), assets(*(f"{part}.js" for part in _PARTS))])
    _stylesheets = [assets("timeline.css")]  # noqa: RUF012 - Panel reads a list
