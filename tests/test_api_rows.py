"""Arrow to JSON and back says the same."""

from __future__ import annotations

import datetime as dt
import json
import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truckkit.api.rows import encode_rows

FIRST = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - instants in Arrow are naive UTC


def rows(table: pa.Table) -> list[dict[str, object]]:
    return json.loads(encode_rows(table), parse_constant=lambda constant: pytest.fail(f"{constant} in JSON"))


def column(values: list[object], kind: pa.DataType) -> list[object]:
    return [row["cell"] for row in rows(pa.table({"cell": pa.array(values, kind)}))]


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]))))
def test_text_comes_back_as_it_was(values):
    assert column(values, pa.string()) == values


@given(st.lists(st.none() | st.floats()))
def test_numbers_come_back_as_they_were_and_what_is_none_comes_back_empty(values):
    kept = [value if value is not None and math.isfinite(value) else None for value in values]
    assert column(values, pa.float64()) == kept


@given(st.lists(st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_short_numbers_come_back_to_their_last_bit(values):
    said = [value and float(value) for value in column(values, pa.float32())]
    assert pa.array(said, pa.float32()).equals(pa.array(values, pa.float32()))


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)), st.lists(st.none() | st.booleans()))
def test_counts_and_flags_come_back_as_they_were(counts, flags):
    assert column(counts, pa.int64()) == counts
    assert column(flags, pa.bool_()) == flags


@given(st.lists(st.none() | st.datetimes(min_value=FIRST)))
def test_instants_come_back_to_the_millisecond(values):
    cut = [value and value.replace(microsecond=value.microsecond // 1000 * 1000) for value in values]
    said = [value and f"{value.isoformat(timespec='milliseconds')}Z" for value in cut]
    assert column(values, pa.timestamp("us")) == said


def test_the_names_of_columns_may_hold_anything():
    assert rows(pa.table({'a"\\\n<é': [1]})) == [{'a"\\\n<é': 1}]


def test_no_rows_are_an_empty_list():
    assert rows(pa.table({"cell": pa.array([], pa.string())})) == []


def test_chunks_are_joined():
    chunks = pa.chunked_array([["a", "b"], [], ["c", None]])
    numbers = pa.chunked_array([[1, 2, 3, 4]])
    found = rows(pa.table({"name": chunks, "number": numbers}))
    assert found == [
        {"name": name, "number": number} for name, number in zip("abc", (1, 2, 3), strict=True)
    ] + [{"name": None, "number": 4}]


def test_days_and_lists_are_said_as_json_says_them():
    table = pa.table({"day": [dt.date(2026, 11, 22), None], "trucks": [["T01"], []]})
    assert rows(table) == [{"day": "2026-11-22", "trucks": ["T01"]}, {"day": None, "trucks": []}]


def test_a_type_that_has_no_text_is_refused():
    with pytest.raises(TypeError, match="has no text"):
        encode_rows(pa.table({"cell": pa.array([None], pa.binary())}))
