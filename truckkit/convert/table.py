"""The rows that a file's rows become in one table, each with what is doubtful in it."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Dictionary
from datetime import UTC, datetime, timedelta

import ibis

from truckkit import schema
from truckkit.convert import values
from truckkit.convert.contract import REFUSED
from truckkit.convert.remarks import Remark, anything, joined, where
from truckkit.mapping import Rows, Spec
from truckkit.times import stored

FIRST_CLOCK = datetime(2000, 1, 1, tzinfo=UTC)
"""Before it no truck had a clock that is read today; 1970 and 1980 are what clocks say that were reset."""
AHEAD = timedelta(days=1)
"""So far ahead of ours may the clock of a truck be."""

_SHOWN = 80
"""So many letters of a value that is refused are shown in the reason."""

_PROSE = frozenset({"description", "said", "fault", "why", "evidence", "remark"})
"""Columns of text that may go over lines; any other text is a name, which does not."""

_GIVEN, _VALUE = "_given_", "_value_"

Answers = Dictionary[str, ibis.Table]
"""For each column with a lookup, its table of ``key`` and ``answer``."""


def rows(raw: ibis.Table, wanted: Rows, zone: str, answers: Answers) -> ibis.Table:
    """The rows that a file's rows become in one table.

    Returns
    -------
    ibis.Table
        One row per row of the file: the columns of the table that the mapping fills, then
        ``_line``, ``_reason`` and ``_content`` as the store's drafts want them, and ``_rank`` where one of
        two rows with a key can be the better.
    """
    table, read = wanted.into, _read(raw, wanted, zone, answers)
    columns: dict[str, ibis.Value] = {}
    refusals: list[Remark] = []
    faults: list[Remark] = []
    for name, spec in wanted.columns.items():
        column, value = table[name], read[_VALUE + name]
        told = refusals if column.required else faults
        columns[name] = value
        if spec.source is not None:
            told += _misread(read, column, spec)
        if spec.source is not None and column.type == schema.TEXT and name not in _PROSE:
            refusals.append(_glued(value, spec))
    if {"lon", "lat"} <= set(columns):
        faults.append(_nowhere(columns))
    if table.kind == "day" and table.at in columns:
        refusals += _clocks(columns[table.at], table.at)
    if "start" in columns and "stop" in columns:
        stop = columns["stop"].cast("string")
        backwards = columns["stop"] < columns["start"]
        refusals.append(Remark(backwards, "it stops at " + stop + ", before it starts"))
    if wanted.prefer_equal:
        one, other = wanted.prefer_equal
        columns["_rank"] = (read[one] == read[other]).ifelse(0, 1).cast("int64")
        halves = ibis.literal(f"{one} and {other} differ: its halves belong to two records")
        faults.append(Remark(read[one] != read[other], halves))
    if "fault" in table:
        if "fault" in columns:
            faults.insert(0, Remark(columns["fault"].notnull(), columns["fault"]))
        columns["fault"] = joined(faults)
    if REFUSED in raw.columns:
        refusals.insert(0, Remark(read[REFUSED].notnull(), read[REFUSED]))
    told_whole = content(read, raw.columns)
    return read.select(
        **columns,
        _line=read["_line"],
        _reason=joined(refusals),
        # A sample's text is worth its cost only where it is refused.
        _content=where(anything(refusals), told_whole) if table.sampled else told_whole,
    )


def _nowhere(columns: dict[str, ibis.Value]) -> Remark:
    """Empty points where receivers say they are that have no fix."""
    lon, lat = columns["lon"], columns["lat"]
    nowhere = (lon == 0) & (lat == 0)
    for name in ("lon", "lat"):
        columns[name] = nowhere.ifelse(ibis.null("float64"), columns[name])
    return Remark(nowhere, ibis.literal("lon 0 and lat 0 are what a receiver says that has no fix"))


def _glued(name: ibis.Value, spec: Spec) -> Remark:
    """A name that goes over lines is two rows that a quote has made one, whatever else stands in them."""
    quoted = ibis.literal(f'{spec.source} "') + name.substr(0, _SHOWN) + '" holds a line break: '
    return Remark(
        name.contains("\n") | name.contains("\r"), quoted + "a quote that nothing closes joins two lines"
    )


def _clocks(at: ibis.Value, name: str) -> list[Remark]:
    """What happened before trucks had clocks, or has not happened yet, was told by a clock that is wrong."""
    early, late = (ibis.literal(stored(each), schema.INSTANT) for each in (FIRST_CLOCK, _now() + AHEAD))
    why = ibis.ifelse(at < early, ": a clock that was reset", ": a clock that is ahead")
    return [Remark(~at.between(early, late), ibis.literal(f"{name} is ") + at.cast("string") + why)]


def _now() -> datetime:
    return datetime.now(UTC)


def _read(raw: ibis.Table, wanted: Rows, zone: str, answers: Answers) -> ibis.Table:
    """The file's rows, with what each column is given and what that is worth."""
    joined = raw
    for name, lookup in answers.items():
        joined = joined.left_join(
            lookup, joined[str(wanted.columns[name].source)].cast("string") == lookup[f"_key_{name}"]
        )
    read: dict[str, ibis.Value] = {}
    for name, spec in wanted.columns.items():
        column = wanted.into[name]
        if spec.source is None:
            read[_VALUE + name] = ibis.literal(spec.value).cast(column.type)
            continue
        told = joined[f"_answer_{name}" if name in answers else spec.source]
        read[_GIVEN + name] = said = values.given(told, spec)
        read[_VALUE + name] = values.value(said, column, spec, zone)
    # As a view, so that what a row is worth is worked out once, not again in every remark on it.
    return joined.mutate(**read).view()


def _misread(read: ibis.Table, column: schema.Column, spec: Spec) -> list[Remark]:
    """What is wrong with what a column was given."""
    given, value = read[_GIVEN + column.name], read[_VALUE + column.name]
    told = read[str(spec.source)].cast("string")
    quoted = ibis.literal(f'{spec.source} "') + told.substr(0, _SHOWN)
    is_read = spec.words is None and column.type != schema.TEXT
    unread = quoted + (f'" is not {_kind(column)}' if is_read else '" means nothing here')
    if is_read and (between := values.bounds(column, spec)):
        low, high = between
        number = values.number(given, column, spec).try_cast(column.type)
        outside = (
            ibis.literal(f"{column.name} ") + number.cast("string") + f" is not within {low:g} to {high:g}"
        )
        is_number = number.notnull() & values.isfinite(number.cast("float64"))
        unread = is_number.ifelse(outside, unread)
    if column.required:
        silent = given.isnull().ifelse(quoted + '" means nothing here', unread)
        empty = told.isnull() | (told.strip() == "")
        # One test for all that can be wrong: it is made on every row, the words on the few that need them.
        found = [Remark(value.isnull(), empty.ifelse(f"{spec.source} is empty", silent))]
    else:
        found = [Remark(value.isnull() & given.notnull(), unread)]
    if column.words and not spec.words:
        found.append(Remark(~value.isin(list(column.words)), quoted + f'" is no {column.name}'))
    return found


def _kind(column: schema.Column) -> str:
    if column.type == schema.INSTANT:
        return f"a time of {values.FIRST:%Y} to {values.LAST:%Y}"
    return "a truth value" if column.type == schema.FLAG else "a number"


def content(read: ibis.Table, names: Iterable[str]) -> ibis.Value:
    """A row as it was read, as JSON."""
    told = {name: read[name].try_cast("string") for name in names if name not in ("_line", REFUSED)}
    if not told:  # a section of rows that are none has no columns
        return ibis.literal("{}")
    return ibis.struct(told).cast("json").cast("string")
