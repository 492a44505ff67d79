"""Places: the mine's own, and those that truckkit found."""

from __future__ import annotations

import ibis
from ibis import _

RADIUS_M = 60.0
"""How far a place reaches that does not say so."""
BESIDE_M = 30.0
"""So far outside of a place a found one of the same kind is still it."""
_NOT_POINTS = ("node", "area", "unknown")
"""Kinds of places where nobody works, so that something else may lie there."""


def told_once(places: ibis.Table) -> ibis.Table:
    """Every place once: the mine's own, and those found where the mine tells of none.

    A found place is one of the mine's where it lies within it at a time at which both are so, or up
    to 30 m beside one of its kind. A place that does not say how far it reaches, reaches 60 m.
    Junctions, areas and places of unknown kind hide none. A place that cycles name, and of which
    nobody knows where it lies, stays.

    Parameters
    ----------
    places
        See ``schema.PLACES``.

    Returns
    -------
    ibis.Table
        ``schema.PLACES``: one row per place.

    Examples
    --------
    >>> import truckkit as tk
    >>> from truckkit.places import told_once
    >>> set(told_once(tk.sample().places).given.to_pyarrow().to_pylist())
    {True}
    """
    own = places.filter(places.given, places.kind.notin(_NOT_POINTS)).select(
        _kind="kind",
        _x="x_m",
        _y="y_m",
        _radius=_.radius_m.fill_null(RADIUS_M),
        _since="start",
        _until="stop",
    )
    found = found_places(places)
    apart = ((found.x_m - own["_x"]) ** 2 + (found.y_m - own["_y"]) ** 2).sqrt()
    reach = own["_radius"] + (found.kind == own["_kind"]).ifelse(BESIDE_M, 0.0)
    hidden = found.semi_join(
        own,
        [
            apart <= reach,
            found.start.isnull() | own["_until"].isnull() | (found.start < own["_until"]),
            found.stop.isnull() | own["_since"].isnull() | (found.stop > own["_since"]),
        ],
    )
    return places.anti_join(hidden, "place")


def found_places(places: ibis.Table) -> ibis.Table:
    """The places that truckkit found from where trucks stood; a name alone was found by nobody.

    Returns
    -------
    ibis.Table
        ``schema.PLACES``: one row per found place.
    """
    return places.filter(~places.given, places.x_m.notnull())
