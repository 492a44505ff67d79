"""What a source's value is in a column of ``schema``, nothing where it cannot be read."""

from __future__ import annotations

import string
from datetime import UTC, datetime

import ibis
import ibis.expr.datatypes as dt

from truckkit import schema
from truckkit.convert.units import conversion
from truckkit.errors import BadMapping
from truckkit.mapping import Spec

FIRST, LAST = datetime(1970, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001, tables hold UTC without a zone
"""Times before and after are those of clocks that were never set."""

_TO_MICROS = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}


def given(told: ibis.Value, spec: Spec) -> ibis.Value:
    """What a source says, without blanks around it; nothing where it says one of ``missing``."""
    if told.type().is_binary() or told.type().is_nested():
        told = told.cast("string")
    if told.type().is_string():
        told = _stripped(told)
        for nothing in ("", *(str(each) for each in spec.missing)):
            told = told.nullif(nothing)
    elif spec.missing:
        said = told.cast("string").isin([str(each) for each in spec.missing])
        if told.type().is_numeric():
            said = said | told.isin([each for each in spec.missing if isinstance(each, (int, float))])
        told = ibis.ifelse(said, ibis.null(told.type()), told)
    return told


def _stripped(told: ibis.Value) -> ibis.Value:
    """A text without blanks around it; looking for them costs a fifth of cutting them where none are."""
    blank = told < "!"
    for each in string.whitespace:
        blank = blank | told.endswith(each)
    return ibis.ifelse(blank, told.strip(), told)


def value(said: ibis.Value, column: schema.Column, spec: Spec, zone: str) -> ibis.Value:
    """What is said, in the column's type and unit; nothing where it cannot be read."""
    if spec.words is not None:
        return said.cast("string").cases(*spec.words.items(), else_=spec.otherwise)
    if column.type == schema.INSTANT:
        return _lived(_instant(said, spec, spec.zone or zone)).truncate("ms")
    if column.type == schema.TEXT:
        return said.cast("string")
    if column.type == schema.FLAG:
        return said.try_cast("boolean") if said.type().is_string() else said.cast("boolean")
    return _kept(number(said, column, spec), said, column, spec)


def _instant(said: ibis.Value, spec: Spec, local: str) -> ibis.Value:
    kind = said.type()
    if spec.epoch:
        micros = said.try_cast("float64") * _TO_MICROS[spec.epoch]
        told = micros.between(0, LAST.replace(tzinfo=UTC).timestamp() * 1e6)
        micros = ibis.ifelse(told, micros, ibis.null("float64")).round().cast("int64")
        # Rounded to microseconds first, for a quarter of a second in floats may lack a last bit.
        return (micros // 1000).as_timestamp("ms").cast(schema.INSTANT)
    if kind.is_numeric():
        raise BadMapping(
            f'the column "{spec.source}" holds numbers, not times; say epoch = "s", "ms", "us" or "ns".'
        )
    if kind.is_timestamp() and kind.timezone is not None:
        # A cast asks a calendar, and costs as much as all else that is done to a sample.
        return make_timestamp(epoch_us(said)).cast(schema.INSTANT)
    if kind.is_timestamp() or kind.is_date():
        return _to_utc(said.try_cast(schema.INSTANT), local)
    if spec.format:
        return _to_utc(try_strptime(said, spec.format).cast(schema.INSTANT), local)
    # Text that brings its own offset is read as an instant; other text is local.
    has_offset = said.re_search(r"(?i):\d\d([.,]\d+)?\s*(Z|UTC|[+-]\d\d(:?\d\d)?)$")
    instant = _with_offset(said).fill_null(_with_offset(_to_the_second(said))).cast(schema.INSTANT)
    return has_offset.ifelse(instant, _to_utc(said.try_cast(schema.INSTANT), local))


def _with_offset(said: ibis.Value) -> ibis.Value:
    return said.try_cast(dt.Timestamp(timezone="UTC", scale=6))


def _to_the_second(said: ibis.Value) -> ibis.Value:
    """An ISO time that leaves out its seconds, or is in small letters, as DuckDB reads it."""
    return said.upper().re_replace(r"([ T]\d\d:\d\d)\s*([Z+-])", r"\1:00\2")


def _lived(instant: ibis.Value) -> ibis.Value:
    """The instant, where a truck can have lived it; infinity and the year 290000 are times to DuckDB."""
    lived = (instant >= FIRST) & (instant < LAST)
    return ibis.ifelse(lived, instant, ibis.null(schema.INSTANT))


def _to_utc(local: ibis.Value, zone: str) -> ibis.Value:
    if zone in ("UTC", "Etc/UTC"):
        return local
    return timezone(zone, _lived(local)).cast(schema.INSTANT)


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def timezone(zone: str, local: dt.Timestamp(scale=6)) -> dt.Timestamp(timezone="UTC", scale=6):  # type: ignore[valid-type]
    """The instant that a local time is in a zone; Ibis' own cast forgets the zone."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def try_strptime(text: str, form: str) -> dt.Timestamp(scale=6):  # type: ignore[valid-type]
    """The time that a text says in a form, nothing where it says none; Ibis' own raises there."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def epoch_us(instant: dt.Timestamp(timezone="UTC")) -> dt.int64:  # type: ignore[valid-type]
    """Microseconds since 1970."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def make_timestamp(micros: dt.int64) -> dt.Timestamp(scale=6):  # type: ignore[valid-type]
    """The instant so many microseconds after 1970, without a zone."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def isfinite(number: dt.float64) -> dt.boolean:
    """False for infinity and for what is not a number: one test where Ibis' own are two."""


def bounds(column: schema.Column, spec: Spec) -> tuple[float, float] | None:
    """The least and the most that a column can be: the mapping's word, else what is physically so."""
    return spec.between or column.can_be


def number(said: ibis.Value, column: schema.Column, spec: Spec) -> ibis.Value:
    """The number that is said, in the column's unit; it may be none, or more than any."""
    read = said.try_cast("float64") if said.type().is_string() else said.cast("float64")
    scale, plus = conversion(spec.unit, column.unit)
    if scale * spec.scale != 1.0:
        read = read * (scale * spec.scale)
    if plus + spec.plus:
        read = read + (plus + spec.plus)
    return read


def _kept(read: ibis.Value, said: ibis.Value, column: schema.Column, spec: Spec) -> ibis.Value:
    """A number, where it is one that can be."""
    if between := bounds(column, spec):
        read = ibis.ifelse(read.between(*between), read, ibis.null("float64"))
    elif not said.type().is_integer():
        read = ibis.ifelse(isfinite(read), read, ibis.null("float64"))
    # A number that is too large for its column is none there.
    return read if column.type == "float64" else read.try_cast(column.type)
