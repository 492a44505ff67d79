"""Rows of a source, as a mapping says, become rows of ``schema``; doubts become words in them.

Every function here makes Ibis expressions; nothing runs.
"""

from collections.abc import Mapping as Dictionary
from datetime import UTC, datetime

import ibis
import ibis.expr.datatypes as dt
import pint

from truckkit import schema
from truckkit.errors import BadMapping
from truckkit.mapping import Mapping, Rows, Spec

_UNITS: pint.UnitRegistry[float] = pint.UnitRegistry()
_SAMPLES = ("positions", "telemetry")

_FIRST, _LAST = datetime(1970, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001, tables hold UTC without a zone
"""Times before and after are those of clocks that were never set."""

_TO_MICROS = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}

_SHOWN = 80
"""So many letters of a value that is refused are shown in the reason."""

Answers = Dictionary[str, ibis.Table]
"""For each column with a lookup, its table of ``key`` and ``answer``."""


def rows(raw: ibis.Table, wanted: Rows, zone: str, answers: Answers) -> ibis.Table:
    """The rows that a file's rows become in one table.

    Returns
    -------
    ibis.Table
        One row per row of the file: the columns of the table that the mapping fills, then
        ``_line``, ``_rank``, ``_reason`` and ``_content`` as the store's drafts want them.
    """
    table = wanted.into
    for name, lookup in answers.items():
        raw = raw.left_join(
            lookup, raw[str(wanted.columns[name].source)].cast("string") == lookup[f"_key_{name}"]
        )
    columns: dict[str, ibis.Value] = {}
    refusals: list[ibis.Value] = []
    faults: list[ibis.Value] = []
    for name, spec in wanted.columns.items():
        column = table[name]
        value, unreadable = _value(raw, column, spec, zone, name in answers)
        if spec.between:
            low, high = spec.between
            outside = value.notnull() & ~value.between(low, high)
            faults.append(
                _words(outside, f"{name} ", value.cast("string"), f" is not within {low:g} to {high:g}")
            )
            value = outside.ifelse(ibis.null(value.type()), value)
        columns[name] = value
        if spec.source is None:
            continue
        told = raw[spec.source].cast("string").substr(0, _SHOWN)
        if unreadable is not None:
            kind = _kind(column)
            note = _words(unreadable, f'{spec.source} "', told, f'" is not {kind}')
            (refusals if column.required else faults).append(note)
        if column.required:
            refusals.append(_words(value.isnull() & told.isnull(), f"{spec.source} is empty"))
            if unreadable is None:
                refusals.append(
                    _words(value.isnull() & told.notnull(), f'{spec.source} "', told, '" means nothing here')
                )
        if column.words and not spec.words:
            strange = ~value.isin(list(column.words))
            refusals.append(_words(strange, f'{spec.source} "', told, f'" is no {column.name}'))
    if "start" in columns and "stop" in columns:
        backwards = columns["stop"] < columns["start"]
        refusals.append(
            _words(backwards, "it stops at ", columns["stop"].cast("string"), ", before it starts")
        )
    if wanted.prefer_equal:
        one, other = wanted.prefer_equal
        faults.append(
            _words(raw[one] != raw[other], f"{one} and {other} differ: its halves belong to two records")
        )
    if "fault" in table:
        columns["fault"] = _joined([columns["fault"], *faults] if "fault" in columns else faults)
    reason = _joined(refusals)
    content = _content(raw)
    return raw.select(
        **columns,
        _line=raw["_line"],
        _rank=_rank(raw, wanted),
        _reason=reason,
        # A sample's text is worth its cost only where it is refused.
        _content=ibis.ifelse(reason.notnull(), content, ibis.null("string"))
        if table.name in _SAMPLES
        else content,
    )


def _value(
    raw: ibis.Table, column: schema.Column, spec: Spec, zone: str, looked_up: bool
) -> tuple[ibis.Value, ibis.Value | None]:
    """A column's value, and where it could not be read (nothing where anything can)."""
    if spec.source is None:
        return ibis.literal(spec.value).cast(column.type), None
    given = raw[f"_answer_{column.name}"] if looked_up else raw[spec.source]
    if given.type().is_binary() or given.type().is_nested():
        given = given.cast("string")
    if given.type().is_string():
        given = given.strip()
        for nothing in ("", *(str(each) for each in spec.missing)):
            given = given.nullif(nothing)
    elif spec.missing:
        said = given.cast("string").isin([str(each) for each in spec.missing])
        if given.type().is_numeric():
            said = said | given.isin([each for each in spec.missing if isinstance(each, (int, float))])
        given = ibis.ifelse(said, ibis.null(given.type()), given)
    if spec.words is not None:
        given = given.cast("string").cases(*spec.words.items(), else_=spec.otherwise)
        return given, None
    if column.type == schema.INSTANT:
        return _instant(given, spec, zone)
    if column.type == schema.TEXT:
        return given.cast("string"), None
    if column.type == schema.FLAG:
        read = given.try_cast("boolean") if given.type().is_string() else given.cast("boolean")
        return read, given.notnull() & read.isnull()
    return _number(given, column, spec)


def _instant(given: ibis.Value, spec: Spec, zone: str) -> tuple[ibis.Value, ibis.Value | None]:
    read = _sane(_instant_read(given, spec, spec.zone or zone)).truncate("ms")
    return read, given.notnull() & read.isnull()


def _instant_read(given: ibis.Value, spec: Spec, local: str) -> ibis.Value:
    kind = given.type()
    if spec.epoch:
        micros = given.try_cast("float64") * _TO_MICROS[spec.epoch]
        told = micros.between(0, _LAST.replace(tzinfo=UTC).timestamp() * 1e6)
        micros = ibis.ifelse(told, micros, ibis.null("float64")).round().cast("int64")
        return micros.as_timestamp("us").cast(schema.INSTANT)
    if kind.is_numeric():
        raise BadMapping(
            f'the column "{spec.source}" holds numbers, not times; say epoch = "s", "ms", "us" or "ns".'
        )
    if kind.is_timestamp() and kind.timezone is not None:
        return given.cast(schema.INSTANT)
    if kind.is_timestamp() or kind.is_date():
        return _to_utc(_sane(given.cast(schema.INSTANT)), local)
    if spec.format:
        return _to_utc(_sane(try_strptime(given, spec.format).cast(schema.INSTANT)), local)
    # Text that brings its own offset is read as an instant; other text is local.
    has_offset = given.re_search(r"(?i):\d\d([.,]\d+)?\s*(Z|UTC|[+-]\d\d(:?\d\d)?)$")
    instant = given.try_cast(dt.Timestamp(timezone="UTC", scale=6)).cast(schema.INSTANT)
    return has_offset.ifelse(instant, _to_utc(_sane(given.try_cast(schema.INSTANT)), local))


def _sane(instant: ibis.Value) -> ibis.Value:
    """The instant, where a truck can have lived it; infinity and the year 290000 are times to DuckDB."""
    lived = (instant >= _FIRST) & (instant < _LAST)
    return ibis.ifelse(lived, instant, ibis.null(schema.INSTANT))


def _to_utc(local: ibis.Value, zone: str) -> ibis.Value:
    if zone in ("UTC", "Etc/UTC"):
        return local
    return timezone(zone, local).cast(schema.INSTANT)


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def timezone(zone: str, local: dt.Timestamp(scale=6)) -> dt.Timestamp(timezone="UTC", scale=6):  # type: ignore[valid-type]
    """The instant that a local time is in a zone; Ibis' own cast forgets the zone."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def try_strptime(text: str, form: str) -> dt.Timestamp(scale=6):  # type: ignore[valid-type]
    """The time that a text says in a form, nothing where it says none; Ibis' own raises there."""


def _number(given: ibis.Value, column: schema.Column, spec: Spec) -> tuple[ibis.Value, ibis.Value | None]:
    read = given.try_cast("float64") if given.type().is_string() else given.cast("float64")
    unreadable = given.notnull() & read.isnull() if given.type().is_string() else None
    if given.type().is_string() or given.type().is_floating():
        finite = ~(read.isnan() | read.isinf())
        unreadable = (unreadable | ~finite) if unreadable is not None else ~finite
        read = finite.ifelse(read, ibis.null("float64"))
    scale, plus = conversion(spec.unit, column.unit)
    if scale * spec.scale != 1.0:
        read = read * (scale * spec.scale)
    if plus + spec.plus:
        read = read + (plus + spec.plus)
    return read.cast(column.type), unreadable


def check(using: Mapping) -> None:
    """Hold the units of a mapping to those of the schema; raises ``BadMapping`` with all that differ."""
    faults = []
    for kind in using.files:
        for wanted in kind.tables:
            for name, spec in wanted.columns.items():
                try:
                    conversion(spec.unit, wanted.into[name].unit)
                except BadMapping as fault:
                    faults.append(f"{wanted.into.name}.{name}: {str(fault).rstrip('.')}")
    if faults:
        raise BadMapping(f'the mapping "{using.name}" cannot be used: {"; ".join(faults)}.')


def conversion(given: str | None, wanted: str | None) -> tuple[float, float]:
    """What turns one unit into another: a factor, and what to add.

    >>> conversion("m/s", "km/h")
    (3.6, 0.0)
    >>> round(conversion("degF", "°C")[1], 3)
    -17.778
    """
    if given is None or given == wanted:
        return 1.0, 0.0
    if wanted is None:
        raise BadMapping(f'the unit "{given}" is given for a column that has none.')
    try:
        zero, ten = (
            _UNITS.Quantity(value, given.replace("%", "percent")).to(wanted.replace("%", "percent")).magnitude
            for value in (0.0, 1e4)
        )
    except (pint.errors.PintError, AttributeError, ValueError) as fault:
        raise BadMapping(f'the unit "{given}" cannot be turned into "{wanted}": {fault}.') from None
    return float(f"{(ten - zero) / 1e4:.14g}"), float(f"{zero:.14g}")


def _rank(raw: ibis.Table, wanted: Rows) -> ibis.Value:
    if wanted.prefer_equal is None:
        return ibis.literal(0, "int64")
    one, other = wanted.prefer_equal
    return (raw[one] == raw[other]).ifelse(0, 1).cast("int64")


def _kind(column: schema.Column) -> str:
    if column.type == schema.INSTANT:
        return f"a time of {_FIRST:%Y} to {_LAST:%Y}"
    return "a truth value" if column.type == schema.FLAG else "a number"


def _words(wrong: ibis.Value, *parts: str | ibis.Value) -> ibis.Value:
    """A remark where something is wrong, and nothing elsewhere."""
    text = parts[0] if isinstance(parts[0], ibis.Value) else ibis.literal(parts[0])
    for part in parts[1:]:
        text = text + part
    return ibis.ifelse(wrong.fill_null(False), text, ibis.null("string"))


def _joined(remarks: list[ibis.Value]) -> ibis.Value:
    """Remarks in one text, nothing where there is none."""
    if not remarks:
        return ibis.null("string")
    said = ibis.array(remarks).filter(lambda remark: remark.notnull())
    return ibis.ifelse(
        ibis.or_(*(remark.notnull() for remark in remarks)), said.join("; "), ibis.null("string")
    )


def _content(raw: ibis.Table) -> ibis.Value:
    told = {
        name: raw[name].cast("string")
        for name in raw.columns
        if name != "_line" and not name.startswith(("_key_", "_answer_"))
    }
    return ibis.struct(told).cast("json").cast("string")
