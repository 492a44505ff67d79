"""How steep the way is on which a truck drives."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import ibis
from ibis import _

from truckkit import schema
from truckkit.errors import BadRequest, told

PART_S = 15
"""Heights are smoothed over this long: some 50 m of a loaded truck on a ramp."""
LEAST_M = 15.0
"""A truck that drives less than this in that time has no grade."""

_WRITTEN = re.compile(r"\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\s*%?\s*")
_TESTS: dict[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


def grades(positions: ibis.Table) -> ibis.Table:
    """How steep trucks drove, every quarter of a minute.

    The grade is the rise for each metre driven: the slope of the straight line that fits height over time
    best (least squares, for GPS heights are noisy), over the mean speed. Uphill is positive. A quarter of
    a minute in which the truck drove less than 15 m, or with fewer than three positions, has no row.
    Positions with a fault, without a height or without a speed do not count.

    Parameters
    ----------
    positions
        See ``schema.POSITIONS``.

    Returns
    -------
    ibis.Table
        One row per truck and quarter of a minute: ``truck``, ``part`` (its number since 1970),
        ``grade_pct`` [%].
    """
    moving = positions.filter(
        positions.fault.isnull(),
        positions.speed_kmh > 0,
        positions.speed_kmh < 300,
        positions.elevation_m.abs() < 1e5,
    )
    part = moving.at.epoch_seconds() // PART_S
    timed = moving.select(
        "truck",
        part=part,
        _s=moving.at.delta((part * PART_S).as_timestamp("s").cast(schema.INSTANT), unit="microsecond") / 1e6,
        _m=moving.elevation_m.cast("float64"),
        _ms=moving.speed_kmh.cast("float64") / 3.6,
    )
    fitted = timed.group_by("truck", "part").aggregate(
        _both=(_._s * _._m).mean() - _._s.mean() * _._m.mean(),
        _spread=_._s.var(how="pop"),
        _ms=_._ms.mean(),
        _rows=_._s.count(),
    )
    steady = fitted.filter(_._rows >= 3, _._spread > 0, _._ms * PART_S >= LEAST_M)
    return steady.select("truck", "part", grade_pct=100 * _._both / _._spread / _._ms)


def with_grade(readings: ibis.Table, graded: ibis.Table) -> ibis.Table:
    """Readings with the grade on which the truck drove.

    Parameters
    ----------
    readings
        Rows with ``truck`` and ``at``.
    graded
        See ``grades``.

    Returns
    -------
    ibis.Table
        One row per reading whose grade is known, with ``grade_pct`` [%].
    """
    parts = readings.mutate(part=readings.at.epoch_seconds() // PART_S)
    return parts.join(graded, ["truck", "part"]).drop("part")


def minutes_of(intervals: ibis.Table) -> ibis.Table:
    """The minutes of the clock that intervals touch, for a join by equality.

    Returns
    -------
    ibis.Table
        One row per truck and minute: ``truck``, ``minute`` (its number since 1970).
    """
    first, last = intervals.start.epoch_seconds() // 60, intervals.stop.epoch_seconds() // 60
    return intervals.select("truck", minute=ibis.range(first, last + 1).unnest()).distinct()


def asked(grade: str) -> Callable[[ibis.Value], ibis.Value]:
    """The test that a text such as ``">8%"`` asks for.

    >>> asked("steep")
    Traceback (most recent call last):
    ...
    truckkit.errors.BadRequest: grade "steep" is no comparison; write one such as ">8%", "<=-5%" or ">=8".
    """
    read = _WRITTEN.fullmatch(grade) if isinstance(grade, str) else None
    if read is None:
        raise BadRequest(f'grade {told(grade)} is no comparison; write one such as ">8%", "<=-5%" or ">=8".')
    test, percent = _TESTS[read[1]], float(read[2])
    return lambda value: test(value, percent)
