"""Numbers and instants as text: the numbers that they were, whoever writes them."""

from __future__ import annotations

import datetime as dt
import json
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truckkit.api.cells import array, instants, numbers
from truckkit.api.rows import encode_columns, encode_rows

FLOATS = {"double": (st.floats(), pa.float64()), "single": (st.floats(width=32), pa.float32())}
INSTANTS = st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999_999))  # noqa: DTZ001


def column(values: list[object], kind: pa.DataType, cut: int) -> pa.ChunkedArray:
    """The values in two chunks."""
    return pa.chunked_array([pa.array(values[:cut], kind), pa.array(values[cut:], kind)])


@pytest.mark.parametrize("width", FLOATS)
@given(data=st.data())
def test_a_number_is_read_as_the_number_that_it_was(width: str, data: st.DataObject) -> None:
    strategy, kind = FLOATS[width]
    values = data.draw(st.lists(st.none() | strategy, min_size=1))
    held = column(values, kind, data.draw(st.integers(0, len(values))))
    expected = [value if value is not None and math.isfinite(value) else None for value in values]
    for found in (
        json.loads(b"".join(array(held))),
        [json.loads(text) for text in numbers(held).to_pylist()],
    ):
        if width == "single":
            found = [None if each is None else float(np.float32(each)) for each in found]
        assert found == expected


@given(st.lists(INSTANTS, min_size=1), st.integers(0, 5), st.sampled_from(["", '"']))
def test_an_instant_is_cut_to_its_millisecond(values: list[dt.datetime], cut: int, quote: str) -> None:
    held = column(values, pa.timestamp("us"), min(cut, len(values)))
    # Arrow cuts towards 1970; what is before it is of no mine.
    exact = [at.replace(microsecond=at.microsecond // 1000 * 1000) for at in values]
    expected = [at.isoformat(timespec="milliseconds") + "Z" for at in exact]
    after = [number for number, at in enumerate(values) if at.year >= 1970]
    found = instants(held, quote).to_pylist()
    assert [found[number] for number in after] == [f"{quote}{expected[number]}{quote}" for number in after]
    columns = json.loads(b"".join(array(held)))
    assert [columns[number] for number in after] == [expected[number] for number in after]


@given(st.lists(st.none() | INSTANTS), st.data())
def test_rows_and_columns_say_the_same(values: list[dt.datetime | None], data: st.DataObject) -> None:
    size = len(values)
    numbers_ = data.draw(st.lists(st.none() | st.floats(), min_size=size, max_size=size))
    table = pa.table({"at": pa.array(values, pa.timestamp("us")), "x_m": pa.array(numbers_, pa.float64())})
    rows, columns = json.loads(encode_rows(table)), json.loads(encode_columns(table))
    assert [row["at"] for row in rows] == columns["at"]
    assert [row["x_m"] for row in rows] == columns["x_m"]


def test_years_of_more_than_four_digits_are_written_otherwise() -> None:
    far = pa.chunked_array([pa.array([300_000_000_000_000_000], pa.int64()).cast(pa.timestamp("us"))])
    assert instants(far, '"') is None
    assert encode_columns(pa.table({"at": far})).startswith(b'{"at":["11476-')
