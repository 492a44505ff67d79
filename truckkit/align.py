"""Which sample belongs to which interval, and which interval of one source to which of another."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import reduce

import ibis
from ibis import _

from truckkit import schema, times


def instant(when: datetime) -> ibis.Value:
    """An instant as a value, to compare with those of tables."""
    return ibis.literal(times.stored(when), schema.INSTANT)


def clipped(intervals: ibis.Table, start: datetime, stop: datetime) -> ibis.Table:
    """Intervals cut at the bounds of a window, so that their lengths sum to it; those outside go.

    Returns
    -------
    ibis.Table
        One row per interval that overlaps ``[start, stop)``; ``start`` and ``stop`` lie within it.
    """
    within = overlapping(intervals, start, stop)
    return within.mutate(
        start=ibis.greatest(within.start, instant(start)), stop=ibis.least(within.stop, instant(stop))
    )


def overlapping(intervals: ibis.Table, start: datetime, stop: datetime) -> ibis.Table:
    """Intervals of which some lies in the window ``[start, stop)``, whole."""
    return intervals.filter(intervals.start < instant(stop), intervals.stop > instant(start))


def per_hour(intervals: ibis.Table, offset_min: int = 0) -> ibis.Table:
    """Intervals cut at every full hour, with the hour that each piece lies in.

    Parameters
    ----------
    intervals
        Rows with ``start`` and ``stop``.
    offset_min
        Minutes past the full hour of UTC at which the hours of the site's clock start: 30 in Adelaide.

    Returns
    -------
    ibis.Table
        One row per interval and hour of which it holds some: as given, cut, and ``hour``, the instant
        at which that hour starts.
    """
    offset_s = offset_min * 60
    first = (intervals.start.epoch_seconds() - offset_s) // 3600
    # The last microsecond of an interval is its own, its stop is not.
    last = ((intervals.stop - ibis.interval(microseconds=1)).epoch_seconds() - offset_s) // 3600
    pieces = intervals.filter(intervals.stop > intervals.start).mutate(
        _hour=ibis.range(first, last + 1).unnest()
    )
    hours = pieces.mutate(hour=(pieces["_hour"] * 3600 + offset_s).as_timestamp("s").cast(schema.INSTANT))
    return hours.mutate(
        start=ibis.greatest(hours.start, hours.hour),
        stop=ibis.least(hours.stop, hours.hour + ibis.interval(hours=1)),
    ).drop("_hour")


def stacked(*tables: ibis.Table) -> ibis.Table:
    """Tables of the same columns, one below the other, whichever of them say that a column is never empty."""
    wanted = {name: dtype.copy(nullable=True) for name, dtype in tables[0].schema().items()}
    alike = [
        table.select(
            **{
                name: table[name] if table[name].type() == dtype else table[name].cast(dtype)
                for name, dtype in wanted.items()
            }
        )
        for table in tables
    ]
    return ibis.union(*alike)


def in_intervals(samples: ibis.Table, intervals: ibis.Table, *columns: str) -> ibis.Table:
    """Samples with what the interval that holds them says.

    An interval holds its start and not its stop. A sample that no interval holds has empty
    columns. Intervals of one truck must not overlap, as states of one source do not; what lies outside of
    the time of the samples is better cut off, see ``clipped``.

    Parameters
    ----------
    samples
        Rows with ``truck`` and ``at``.
    intervals
        Rows with ``truck``, ``start``, ``stop`` and the columns asked for.
    columns
        Columns of the intervals to bring to the samples.

    Returns
    -------
    ibis.Table
        One row per sample: its own columns, then those asked for.

    Examples
    --------
    >>> import truckkit as tk
    >>> from truckkit.align import in_intervals
    >>> site = tk.sample()
    >>> in_intervals(site.telemetry, site.states, "state").columns[-1]
    'state'
    """
    whole = intervals.filter(intervals.start < intervals.stop)
    short = whole.stop < whole.start + ibis.interval(seconds=_LONG_S)
    number = _stretch(samples.at, _SHORT_S)
    held = samples.mutate(_short=number, _long=number >> _LONGER)
    brief = _by_stretch(whole.filter(short), _SHORT_S, "_brief", columns)
    lasting = _by_stretch(whole.filter(~short), _LONG_S, "_lasting", columns)
    for stretch, theirs in (("_short", brief), ("_long", lasting)):
        truck, since, until, number, *__ = theirs.columns
        held = held.left_join(
            theirs,
            [
                held.truck == theirs[truck],
                held[stretch] == theirs[number],
                held.at >= theirs[since],
                held.at < theirs[until],
            ],
        )
    return held.select(
        *samples.columns,
        **{name: ibis.coalesce(held[f"_brief_{name}"], held[f"_lasting_{name}"]) for name in columns},
    )


_SHORT_S, _LONGER = 300, 8
"""Lengths of numbered stretches: few to an interval, few intervals to each; a truck may be down for years.

The long ones are a power of two as long, for numbers are shifted sooner than instants are divided.
"""
_LONG_S = _SHORT_S << _LONGER


def _by_stretch(intervals: ibis.Table, length_s: int, named: str, columns: tuple[str, ...]) -> ibis.Table:
    """Intervals, a row for each numbered stretch of time in which they lie.

    Stretches are joined by their number, which needs no order: to sort all samples, as an as-of join does,
    costs three times as much.
    """
    bounds = {
        "_truck": intervals.truck,
        "_since": intervals.start,
        "_until": intervals.stop,
        "_number": stretches(intervals, length_s),
    }
    told = {name: intervals[name] for name in columns}
    return intervals.select(**{f"{named}_{name}": value for name, value in (bounds | told).items()})


def stretches(intervals: ibis.Table, length_s: int) -> ibis.Value:
    """The numbers of the stretches of time that an interval lies in, a row for each; 0 starts in 1970."""
    # The last microsecond of an interval is its own, its stop is not.
    last = _stretch(intervals.stop - ibis.interval(microseconds=1), length_s)
    return ibis.range(_stretch(intervals.start, length_s), last + 1).unnest()


def _stretch(at: ibis.Value, length_s: int) -> ibis.Value:
    """The number of the stretch that an instant lies in."""
    return at.epoch_seconds() // length_s


def holding(readings: ibis.Table, column: str, holds: timedelta) -> ibis.Table:
    """For how long readings said the same.

    A reading holds until the next one of its truck, and for a length of time at most. What few values have,
    such as a switch or ``payload_t > 100``, is few stretches: samples find the newest reading before them
    by ``in_intervals`` over these at a third of what an as-of join costs.

    Parameters
    ----------
    readings
        Rows with ``truck``, ``at`` and the column; those of which it is empty do not count.
    column
        What they say.
    holds
        For how long a reading holds where none follows.

    Returns
    -------
    ibis.Table
        One row per stretch ``[start, stop)`` in which the readings of a truck follow each other in time and
        say the same: ``truck``, ``start``, ``stop`` and the column.

    Examples
    --------
    >>> import truckkit as tk
    >>> from datetime import timedelta
    >>> from ibis import _
    >>> loads = tk.sample().telemetry.mutate(loaded=_.payload_t > 100)
    >>> holding(loads, "loaded", timedelta(seconds=90)).columns
    ('truck', 'start', 'stop', 'loaded')
    """
    held = ibis.interval(microseconds=round(holds.total_seconds() * 1e6))
    alike = _alike(readings.filter(readings[column].notnull()), column, holds)
    by_truck = ibis.window(group_by="truck", order_by="start")
    beside = alike.mutate(_before=alike[column].lag().over(by_truck), _last=_.last.lag().over(by_truck))
    fresh = (beside[column] != beside["_before"]) | (beside.start > beside["_last"] + held)
    firsts = beside.filter(fresh.fill_null(True))
    ends = alike.group_by("truck").aggregate(_end=_.last.max())
    met = firsts.join(ends, "truck")
    # A stretch stops where the next one starts, or once its own last reading has held long enough.
    following = met.start.lead().over(by_truck)
    own = met["_last"].lead().over(by_truck).fill_null(met["_end"]) + held
    stop = ibis.least(following.fill_null(own), own)
    return met.select("truck", "start", stop=stop, **{column: met[column]})


def _alike(readings: ibis.Table, column: str, holds: timedelta) -> ibis.Table:
    """The first and last of readings near each other that say the same, and each of those that do not.

    To bring all readings into an order costs more than all else that is done with them. Those of a piece of
    time in which one word was said, and no silence fits, need none among themselves.
    """
    pieces = readings.mutate(_piece=_stretch(readings.at, max(1, int(holds.total_seconds()))))
    told = pieces.group_by("truck", "_piece").aggregate(
        start=_["at"].min(), last=_["at"].max(), least=_[column].min(), most=_[column].max()
    )
    brief = told.last <= told.start + ibis.interval(microseconds=round(holds.total_seconds() * 1e6))
    same = (told.least == told.most) & brief
    whole = told.filter(same).select("truck", "start", "last", **{column: told.least})
    single = pieces.semi_join(told.filter(~same), ["truck", "_piece"])
    return stacked(whole, single.select("truck", column, start=single.at, last=single.at))


def resampled(samples: ibis.Table, every: str | timedelta, /, **figures: ibis.Deferred) -> ibis.Table:
    """Samples of each truck, gathered by periods of one length.

    Parameters
    ----------
    samples
        Rows with ``truck`` and ``at``.
    every
        Length of a period, of whole seconds: ``"1min"``. Periods start at midnight UTC.
    figures
        What to tell of each period, by name: ``speed_kmh=_.speed_kmh.mean()``.

    Returns
    -------
    ibis.Table
        One row per truck and period in which there are samples: ``truck``, ``start`` and the figures.

    Examples
    --------
    >>> import truckkit as tk
    >>> from ibis import _
    >>> resampled(tk.sample().positions, "1min", fastest_kmh=_.speed_kmh.max()).columns
    ('truck', 'start', 'fastest_kmh')
    """
    seconds = times.whole_seconds("every", every)
    # Numbers are grouped in two thirds of the time of instants.
    numbered = samples.mutate(_period=_stretch(samples.at, seconds))
    found = numbered.group_by("truck", "_period").aggregate(**figures)
    start = (found["_period"] * seconds).as_timestamp("s").cast(schema.INSTANT)
    return found.select("truck", start=start, **{name: found[name] for name in figures})


def side_by_side(fms: ibis.Table, detected: ibis.Table) -> ibis.Table:
    """What the FMS said a truck did, beside what was detected, for the time of which both tell.

    A row lasts for as long as neither of the two changes its state: intervals of one state that
    follow each other are one stretch, whatever else they say. ``no_data`` is a state as any other.
    Time that one of the two does not tell of, a gap among its intervals, is in no row. Intervals of
    one truck and source must not overlap, as states do not.

    Parameters
    ----------
    fms, detected
        State intervals of one source each, see ``schema.STATE_INTERVALS``: ``truck``, ``start``,
        ``stop`` and ``state``.

    Returns
    -------
    ibis.Table
        One row per truck and stretch ``[start, stop)`` in which neither source changes its state:
        ``truck``, ``start``, ``stop``, ``fms`` and ``detected`` (the states), ``minutes`` [min],
        ``agrees`` (true where both say the same).

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().reconcile().columns
    ('truck', 'start', 'stop', 'fms', 'detected', 'minutes', 'agrees')
    """
    bounds = [side.select("truck", at=side[bound]) for side in (fms, detected) for bound in ("start", "stop")]
    at = ibis.union(*bounds, distinct=True)
    told = _newest(at, fms, "fms")
    told = _newest(told, detected, "detected")
    by_truck = ibis.window(group_by="truck", order_by="at")
    # From each bound to the next neither changes; where the next one says the same, the stretch goes on.
    changes = told.mutate(
        _fms_before=_.fms.lag().over(by_truck), _detected_before=_.detected.lag().over(by_truck)
    )
    changes = changes.filter(
        ~(_.fms.identical_to(_._fms_before) & _.detected.identical_to(_._detected_before))
    )
    stretches = changes.mutate(stop=_.at.lead().over(by_truck)).filter(_.fms.notnull(), _.detected.notnull())
    return stretches.select(
        "truck",
        "stop",
        "fms",
        "detected",
        start=_.at,
        minutes=_.stop.delta(_.at, unit="microsecond") / 60e6,
        agrees=_.fms == _.detected,
    ).relocate("start", after="truck")


def _newest(at: ibis.Table, states: ibis.Table, name: str) -> ibis.Table:
    """Bounds of intervals, with the state that lies there: as few as these are sorted in no time."""
    theirs = states.select("truck", _since=_.start, _until=_.stop, _state=_.state)
    newest = at.asof_join(theirs, on=at.at >= theirs["_since"], predicates="truck").select(
        *at.columns, "_until", "_state"
    )
    state = ibis.ifelse(newest.at < newest["_until"], newest["_state"], ibis.null("string"))
    return newest.select(*at.columns, **{name: state})


SILENT_S = 60.0
"""A way breaks at a silence of so long that is also five times the truck's usual time between samples."""


_EXTREMES = tuple((side, name) for name in ("speed_kmh", "x_m", "y_m") for side in ("min", "max"))


def thinned(positions: ibis.Table, start: datetime, stop: datetime, points: int) -> ibis.Table:
    """Positions of each truck, thinned to about so many that keep what stands out.

    The window is cut into equal stretches; of each, those with the first and last instant and the least
    and greatest speed, ``x_m`` and ``y_m`` are kept. Where a truck was silent the way breaks: each part
    is thinned by itself, so many breaks make more points than were asked for.

    Parameters
    ----------
    positions
        As ``schema.POSITIONS``.
    start, stop
        The window ``[start, stop)``.
    points
        About how many to keep of a truck.

    Returns
    -------
    ibis.Table
        One row per position kept: the columns of ``positions`` and ``part``, which counts the unbroken
        parts of the truck's way.
    """
    width_us = max(1, int((stop - start).total_seconds() * 1e6 / max(1, points // 6)))
    by_truck = ibis.window(group_by="truck", order_by="at")
    stepped = positions.mutate(_step_s=_.at.delta(_.at.lag().over(by_truck), unit="microsecond") / 1e6)
    usual = stepped.group_by("truck").aggregate(_usual_s=stepped["_step_s"].median())
    stepped = stepped.left_join(usual, "truck").drop("truck_right")
    broken = (stepped["_step_s"] >= SILENT_S) & (stepped["_step_s"] >= 5 * stepped["_usual_s"])
    parts = stepped.mutate(
        part=broken.fill_null(False)
        .cast("int64")
        .sum()
        .over(ibis.cumulative_window(group_by="truck", order_by="at")),
        _stretch=stepped.at.delta(instant(start), unit="microsecond") // width_us,
    )
    within = ibis.window(group_by=["truck", "part", "_stretch"])
    # The first of those alike, so that the same question has the same answer each time.
    ends = {f"_{side}_{name}": getattr(parts[name], side)().over(within) for side, name in _EXTREMES}
    parts = parts.mutate(**ends)
    marks = [parts.at.min(), parts.at.max()]
    marks += [parts.at.min(where=parts[name] == parts[f"_{side}_{name}"]) for side, name in _EXTREMES]
    kept = reduce(
        lambda one, other: one | other,
        ((parts.at == mark.over(within)).fill_null(False) for mark in marks),
    )
    return parts.filter(kept).select(*positions.columns, "part")
