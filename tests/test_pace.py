"""A load of files tells how far it is, and about how long the rest of it takes."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from inputs import HEADER, POSITIONS, row, written

from truckkit.ingest import ingest, pace
from truckkit.sources import files

LINES = HEADER + "".join(row("T1", second) for second in range(400_000))


def followed(path: Path) -> list[str]:
    """What is told of a file while it is read, where each look at the clock is a minute after the last."""
    said: list[str] = []
    minutes = iter(range(0, 60_000, 60))
    telling = pace.Pace([path], said.append, lambda: float(next(minutes)))
    telling.begin(path)
    rows = files.rows(path)
    telling.follow(path, rows)
    with rows.reading() as stream:
        assert stream.read_all().num_rows == 400_000
    return said


def test_a_long_csv_tells_its_rows_and_about_how_long_the_rest_takes(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text(LINES)
    said = followed(path)
    assert said[0] == "reading long.csv"
    rows, left_s = re.findall(r"([\d,]+) rows, about (\d+) s left", said[1])[0]
    share = int(rows.replace(",", "")) / 400_000
    assert int(left_s) == pytest.approx(120 * (1 - share) / share, rel=0.05)  # two minutes in
    assert said[-1].startswith("reading long.csv: 400,000 rows")


def test_a_parquet_says_how_many_rows_it_has(tmp_path):
    path = tmp_path / "long.parquet"
    parquet.write_table(pa.table({"truck": ["T1"] * 400_000}), path)
    assert followed(path)[1:] == [
        "reading long.parquet: 131,072 rows, about 4 min left",
        "reading long.parquet: 262,144 rows, about 2 min left",
        "reading long.parquet: 393,216 rows, about 4 s left",
        "reading long.parquet: 400,000 rows",
    ]


def test_files_are_counted_and_those_that_were_loaded_before_take_no_time(tmp_path):
    for name in ("a.csv", "b.csv", "c.csv"):
        (tmp_path / name).write_text(HEADER + row("T" + name[0]))
    mapping, store = written(tmp_path, POSITIONS), tmp_path / "mine"
    ingest(store, tmp_path / "a.csv", mapping)
    said: list[str] = []
    ingest(store, [tmp_path / f"{each}.csv" for each in "abc"], mapping, progress=said.append)
    told = [each.partition(",")[0] for each in said if each.startswith("reading")]
    assert told == [
        "reading a.csv (1 of 3)",
        "reading b.csv (2 of 3)",
        "reading b.csv (2 of 3): 1 rows",
        "reading c.csv (3 of 3)",
        "reading c.csv (3 of 3): 1 rows",
    ]
