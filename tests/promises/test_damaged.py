"""A damaged or crafted file ends in a sentence or in rows, and the store is whole either way."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import inputs
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as parquet
import pytest
from promises import breaking

from truckkit.errors import BadInput
from truckkit.ingest import ingest
from truckkit.sources import apart, columnar
from truckkit.store import layout

MAPPING = breaking.MAPPING.replace("*.csv", "*")


def whole(folder: Path) -> dict[str, bytes]:
    """A small file of each kind."""
    path, _ = breaking.batch(folder, 0, 300)
    rows = csv.read_csv(path)
    rows = rows.set_column(1, "at", rows["at"].cast(pa.timestamp("ms")))
    parquet.write_table(rows, folder / "a.parquet", row_group_size=100)
    plain = path.read_bytes()
    return {
        ".csv": plain,
        ".csv.gz": gzip.compress(plain, mtime=0),
        ".csv.zst": bytes(pa.compress(plain, "zstd")),
        ".parquet": (folder / "a.parquet").read_bytes(),
    }


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The same, cut, with bits turned, or with a hole."""
    where = chance.randrange(len(content))
    kind = chance.randrange(4)
    if kind == 0:
        return content[:where]
    changed = bytearray(content)
    if kind == 1:
        changed[where] ^= 1 << chance.randrange(8)
    elif kind == 2:
        for _ in range(chance.randrange(2, 50)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    else:
        changed[where : where + chance.randrange(1, 64)] = bytes(chance.randrange(1, 64))
    return bytes(changed)


def damages(folder: Path, count: int, seed: int) -> None:
    """Bring so many damaged files of each kind to a store."""
    chance = random.Random(seed)
    mapping = inputs.written(folder, MAPPING)
    store = folder / "store"
    ingest(store, [breaking.batch(folder / "files", 5)[0]], mapping, detection=False)
    for suffix, content in whole(folder / "files").items():
        refused, unlike = 0, 0
        for number in range(count):
            path = folder / f"{number}{suffix}"
            path.write_bytes(damaged(content, chance))
            before = inputs.holds(store)
            try:
                [load] = ingest(store, [path], mapping, detection=False)
                assert load.rows_in == load.kept + load.rejected + load.duplicates
                assert load.kept >= 0
            except BadInput as fault:
                refused += breaking.is_a_sentence(fault)
                unlike += inputs.holds(store) != before or not breaking.is_a_sentence(fault)
        assert not unlike, "an error was no sentence, or changed the store"
        print(f"{suffix}: {refused} of {count} refused")
        assert breaking.told(store)


def test_a_damaged_file_of_any_kind_ends_in_a_sentence_or_in_rows(
    tmp_path: Path, seed: int, count: Callable[[int, int], int]
) -> None:
    damages(tmp_path, count(6, 500), seed)
    assert len(apart._idle) <= 1


def test_a_parquet_of_20_gb_is_refused(tmp_path: Path, count: Callable[[int, int], int]) -> None:
    rows, groups = 1 << 24, count(2, 160)
    column = pa.nulls(rows, pa.float64())
    path = tmp_path / "bomb.parquet"
    with parquet.ParquetWriter(path, pa.schema({"x": pa.float64()})) as writer:
        for _ in range(groups):
            writer.write_table(pa.table({"x": column}), row_group_size=rows)
    limits = apart.Limits() if groups == 160 else apart.Limits(decoded=200 << 20)
    with pytest.raises(BadInput, match=r"decodes to more than [\d,]+ bytes"):
        apart.rows(columnar.rows, path, limits)


@pytest.mark.parametrize("name", ["a.zip", "a.xlsx", "a.csv.zip", "a.tar.gz", "a.csv.bz2"])
def test_a_file_of_another_kind_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\3\4")
    with pytest.raises(BadInput, match="is of a kind that is not read; truckkit reads"):
        ingest(tmp_path / "store", [tmp_path / name], inputs.written(tmp_path, MAPPING))
    assert not layout.is_store(tmp_path / "store")
