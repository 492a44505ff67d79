"""Spark says what DuckDB says: by the same expressions, of the same tables, to every question of a site."""

from __future__ import annotations

import inspect
import math
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import engines
import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from strips import minute
from test_questions import OF_EVERY_TRUCK, OTHERS, QUESTIONS

import truckkit as tk
from truckkit import schema
from truckkit.engines import SparkCompiler, _as_arrow, asof_by_window, prepared, windows_first
from truckkit.errors import BadRequest

pytestmark = pytest.mark.spark

Row = dict[str, Any]


def alike(one: Any, other: Any) -> bool:
    """The same value: numbers with a point to a billionth, everything else exactly."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9) or (math.isnan(one) and math.isnan(other))
    return type(one) is type(other) and bool(one == other)


def unlike(one: list[Row], other: list[Row]) -> list[dict[str, tuple[Any, Any]]]:
    """What differs between two answers in any order, row by row."""
    for rows in (one, other):
        rows.sort(key=lambda row: [f"{v:.5g}" if isinstance(v, float) else str(v) for v in row.values()])
    both = zip(one, other, strict=True)
    differ = [
        {name: (left[name], right[name]) for name in left if not alike(left[name], right[name])}
        for left, right in both
        if [*left] == [*right] or pytest.fail(f"columns {[*left]} against {[*right]}")
    ]
    return [row for row in differ if row]


# Words that the two engines understand differently -----------------------------------------------

AT = minute(600)
SHAPE = {
    **{"n": "int64", "x": "float64", "y": "float64", "small": "float32"},
    **{"at": "timestamp(6)", "later": "timestamp(6)", "word": "string"},
}
ODD = [
    (1, 2.5, 0.0, 0.1, AT, AT + timedelta(milliseconds=900), "it's \\ \n ünd"),
    (2, -2.5, 3.0, None, AT + timedelta(microseconds=999_999), AT + timedelta(seconds=1), None),
    (3, math.nan, 0.0, 7.25, AT + timedelta(seconds=59, microseconds=1), None, "100%"),
    (4, None, 7.0, -1.0, datetime.fromisoformat("1969-12-31T23:59:59.500"), AT, ""),
    (5, 0.0, 0.0, 16777216.0, AT, AT - timedelta(hours=3, microseconds=1), "T01"),
    (-7, 1e15, 0.1, 0.0, AT + timedelta(days=400), AT + timedelta(days=401), "<b>"),
]

OF_ROWS: dict[str, Callable[[ibis.Table], ibis.Value]] = {
    "a number that is unknown is not nothing": lambda t: t.x.isnull(),
    "it is there": lambda t: t.x.notnull(),
    "it fills nothing": lambda t: t.x.fill_null(9.0),
    "it is above all others": lambda t: t.x > 1e300,
    "what is divided by nothing": lambda t: t.x / t.y,
    "whole numbers divide to a fraction": lambda t: t.n / 7,
    "a division has all its places": lambda t: t.n * 1.0 / 3600.0 / 1000.0,
    "rounded down below nothing": lambda t: t.n // 3,
    "a cast rounds, halves to the even": lambda t: (t.n / 2).cast("int64"),
    "rounding halves away from nothing": lambda t: (t.n / 2).round(),
    "how often a second began": lambda t: t.later.delta(t.at, unit="second"),
    "how often an hour began": lambda t: t.later.delta(t.at, unit="hour"),
    "microseconds": lambda t: t.later.delta(t.at, unit="microsecond"),
    "microseconds of the second": lambda t: t.at.microsecond(),
    "seconds of the epoch, rounded down": lambda t: t.at.epoch_seconds() // 3600,
    "an instant of the epoch": lambda t: (t.n * 3600).as_timestamp("s").cast("timestamp(6)"),
    "later by a value": lambda t: t.at + t.n.as_interval("s"),
    "the start of the hour": lambda t: t.at.truncate("h"),
    "an instant in words": lambda t: t.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    "the least, nothing left out": lambda t: ibis.least(t.y, t.small.cast("float64")),
    "hostile text": lambda t: t.word == "it's \\ \n ünd",
    "a number in words": lambda t: t.n.cast("string") + " of 7",
    "a list in words": lambda t: ibis.array([t.word, t.word]).filter(lambda w: w.notnull()).join(", "),
}
OF_ALL: dict[str, Callable[[ibis.Table], ibis.Value]] = {
    "a count of none is 0": lambda t: t.count(where=t.n > 99),
    "a sum of none is nothing": lambda t: t.y.sum(where=t.n > 99),
    "the median lies between two": lambda t: t.y.median(),
    "the median of some": lambda t: t.y.median(where=t.n > 1),
    "a quantile lies between two": lambda t: t.y.quantile(0.9),
    "the first in an order": lambda t: t.word.first(order_by=[t.y.desc(), t.at]),
    "the first, if it is nothing": lambda t: t.word.first(order_by=[t.small, t.at.desc()], include_null=True),
    "the last in an order": lambda t: t.n.last(order_by=t.at),
    "the word of the greatest": lambda t: t.n.argmax(t.y),
    "spread": lambda t: t.y.std(),
    "different ones": lambda t: t.y.nunique(),
}


def both(ask: Callable[[ibis.Table], ibis.Table]) -> tuple[list[Row], list[Row]]:
    """What DuckDB and Spark answer to an expression over the odd rows."""
    rows = pa.Table.from_pylist([dict(zip(SHAPE, row, strict=True)) for row in ODD],
                                schema=ibis.schema(SHAPE).to_pyarrow())  # fmt: skip
    duckdb = ibis.duckdb.connect()
    spark = prepared(ibis.pyspark.connect(engines.spark().newSession()))
    held = duckdb.create_table("odd", rows), ibis.memtable(rows)
    return tuple(c.to_pyarrow(ask(t)).to_pylist() for c, t in zip((duckdb, spark), held, strict=True))


def test_an_expression_means_the_same_whatever_words_an_engine_has_for_it():
    assert not unlike(
        *both(lambda t: t.select(t.n.name("of"), **{name: ask(t) for name, ask in OF_ROWS.items()}))
    )


def test_an_aggregate_means_the_same():
    assert not unlike(*both(lambda t: t.aggregate(**{name: ask(t) for name, ask in OF_ALL.items()})))


def test_a_filter_by_a_window_leaves_the_same_rows():
    kept = both(
        lambda t: t.filter(t.x.fill_null(0) == t.x.fill_null(0).max().over(group_by=t.y)).select("n", "x")
    )
    assert kept[0]
    assert not unlike(*kept)


@pytest.mark.parametrize("compare", [">=", ">", "<=", "<"])
def test_a_join_as_of_an_instant_finds_the_same_whichever_side_it_looks_to(compare):
    def ask(t: ibis.Table) -> ibis.Table:
        told = t.filter(t.n != 5).select(since="at", told="word", of=t.n % 2)
        on = {
            ">=": t.at >= told.since,
            ">": t.at > told.since,
            "<=": t.at <= told.since,
            "<": t.at < told.since,
        }
        joined = t.asof_join(told, on=on[compare], predicates=(t.n % 2) == told.of)
        return joined.select("n", "at", "word", "since", "told")

    found = both(ask)
    assert any(row["since"] for row in found[0])
    assert not unlike(*found)


# Every question ----------------------------------------------------------------------------------

ASKED = {
    **QUESTIONS,
    **OF_EVERY_TRUCK,
    "ledger": lambda site: site.ledger(vs="1h"),
    "ledger_intervals": lambda site: site.ledger_intervals("refuelling", vs="1h"),
    "losses": lambda site: site.losses(vs="1h"),
    "before_after": lambda site: site.before_after(
        site.maintenance.work_order.to_pyarrow().to_pylist()[0], window="1h"
    ),
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hours of two trucks of the sample, one on its way to the workshop: a folder of Parquet a table."""
    folder = tmp_path_factory.mktemp("parquet")
    sample = tk.sample()
    broken = sample.maintenance.order_by("start").limit(1).to_pyarrow().to_pylist()[0]
    middle = broken["start"].replace(tzinfo=UTC)
    some = sample.truck(sample.truck_names[0], broken["truck"])
    some = some.between(middle - timedelta(minutes=90), middle + timedelta(minutes=30))
    for name in (*schema.ASKED, "site"):
        rows = (sample.about(name) if name == "site" else some.table(name)).to_pyarrow()
        (folder / name).mkdir()
        if rows.num_rows:
            pq.write_table(rows, folder / name / "part-1.parquet")
    return folder


@pytest.fixture(scope="module")
def on_duckdb(tables: Path) -> tk.Site:
    connection = ibis.duckdb.connect()
    for each in tables.iterdir():
        if any(each.iterdir()):
            connection.read_parquet(str(each / "*.parquet"), table_name=each.name)
    return tk.Site(connection)


@pytest.fixture(scope="module")
def on_spark(tables: Path) -> tk.Site:
    session = engines.spark().newSession()
    for each in tables.iterdir():
        if any(each.iterdir()):
            session.read.parquet(str(each)).createOrReplaceTempView(each.name)
    return tk.Site(ibis.pyspark.connect(session))


def test_a_site_over_folders_of_parquet_knows_itself(on_duckdb, on_spark):
    for ask in (
        lambda site: (site.name, site.zone, site.truck_names, site.period, site.sources, site.rows()),
        lambda site: site.shift(site.shifts.shift.to_pyarrow().to_pylist()[0]).asked,
        lambda site: site.truck(site.truck_names[-1]).cycles.count().execute(),
        repr,
    ):
        assert ask(on_spark) == ask(on_duckdb)


def test_other_tables_of_the_connection_can_be_joined_with_those_of_the_site(on_spark):
    connection = on_spark.trucks.get_backend()
    assays = connection.table("trucks").select("truck", grade=ibis.literal(1.5))
    assert on_spark.states.join(assays, "truck").grade.max().execute() == 1.5


found: dict[str, bool] = {}
"""Which questions Spark answers as DuckDB does, as this run finds it."""


@pytest.mark.parametrize("question", sorted(ASKED))
def test_a_question_has_the_same_rows(question, on_duckdb, on_spark):
    found[question] = False
    one, other = (
        ASKED[question](site.shift(site.shifts.shift.to_pyarrow().to_pylist()[0])).to_pyarrow()
        for site in (on_duckdb, on_spark)
    )
    assert one.schema.names == other.schema.names
    assert not unlike(one.to_pylist(), other.to_pylist())
    found[question] = True


def test_a_connection_of_another_engine_is_refused_in_a_sentence():
    with pytest.raises(
        BadRequest, match='a Site reads DuckDB or Spark, and this is a connection to "sqlite"'
    ):
        tk.Site(ibis.sqlite.connect())


# The page ----------------------------------------------------------------------------------------

OPENING = """\
# Engines

Written by `make spark TRUCKKIT_WRITE_PAGES=1`
from what `tests/test_engines.py` finds, which holds it to that.

A site answers over a store, which is DuckDB, and over an Ibis connection to DuckDB or to Spark that has
the tables of [the schema](schema.md) by their names:

```python
session = SparkSession.builder.getOrCreate()
for table in Path("exported").iterdir():
    session.read.parquet(str(table)).createOrReplaceTempView(table.name)
site = tk.Site(ibis.pyspark.connect(session))
site.shift("2026-11-22 night").queues(longer="5min")
```

`pip install "truckkit[spark]"` brings PySpark 4.0, which runs on Java 17. Analysis is the same code on both,
and Ibis compiles it to the SQL of each. What Spark understands otherwise is compiled otherwise, by
`truckkit/engines.py` and nowhere else: counts, names and instants are the same, and numbers with a point are
the same to a billionth. The connection that a site is given learns this, so that its other tables can be
joined with those of the site.

## What runs where

Each question is asked of the same tables on both. `make spark` runs the tests of analysis on Spark, too.

| question | | DuckDB | Spark |
|---|---|---|---|
"""
CLOSING = """

## What Spark understands otherwise

Each line is the first of a piece of `truckkit/engines.py`.

"""


def page() -> str:
    """The page, as this run finds it."""
    questions = [
        f"| `{name}` | {told(getattr(tk.Site, name))} | yes | {'the same rows' if same else 'other rows'} |"
        for name, same in sorted(found.items())
    ]
    own = [each for name, each in vars(SparkCompiler).items() if name.startswith("visit_")]
    pieces = [asof_by_window.replacer.func, windows_first.replacer.func, *dict.fromkeys(own), _as_arrow]
    return (
        OPENING
        + "\n".join(questions)
        + CLOSING
        + "\n".join(f"- {told(each)}" for each in pieces if each.__doc__)
        + "\n"
    )


def told(thing: Any) -> str:
    """What something says of itself in a line, without where more is said."""
    return re.sub(r"; see ``[^`]*``", "", inspect.getdoc(thing).splitlines()[0])


def test_the_page_is_what_is_found_here(root):
    """``TRUCKKIT_WRITE_PAGES=1`` writes it again."""
    assert set(found) == set(ASKED) == {*QUESTIONS, *OF_EVERY_TRUCK, *(OTHERS - {"explain"})}, (
        "run the whole file"
    )
    file = root / "docs" / "engines.md"
    if "TRUCKKIT_WRITE_PAGES" in os.environ:
        file.write_text(page(), encoding="utf-8")
    assert file.read_text(encoding="utf-8") == page(), "run make spark TRUCKKIT_WRITE_PAGES=1"
