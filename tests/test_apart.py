"""Files are read in a process of their own: a crafted one is refused with a sentence, and harms nobody."""

from __future__ import annotations

import gc
import gzip
import os
import signal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from truckkit.errors import BadInput
from truckkit.sources import apart, columnar, files, separated
from truckkit.sources.limits import Bound, Limits
from truckkit.sources.streams import Rows

SMALL = Limits(memory=512 << 20, decoded=32 << 20, times=10, broken=1 << 20)
LINES = "truck,note\n" + "".join(f"T{number},{number}\n" for number in range(20_000))


def why(opener: apart.Opener, path: Path, limits: Limits = SMALL) -> str:
    """What is wrong with a file, without its name; and the next file is read as ever."""
    with pytest.raises(BadInput) as fault, apart.rows(opener, path, limits).reading() as stream:
        for _ in stream:
            pass
    sentence = str(fault.value)
    assert sentence.startswith(f'"{path}" ')
    assert sentence.endswith(".")
    assert "\n" not in sentence
    (path.parent / "next.csv").write_text("truck\nT1\n")
    assert len(read(separated.rows, path.parent / "next.csv")) == 1
    return sentence.removeprefix(f'"{path}" ')


def read(opener: apart.Opener, path: Path) -> pa.Table:
    with apart.rows(opener, path).reading() as stream:
        return stream.read_all()


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# What a reader may do to itself; its process finds them by name, as it does the real ones.


def dies(path: Path, bound: Bound) -> Rows:
    os.kill(os.getpid(), signal.SIGSEGV)
    raise AssertionError


def is_killed(path: Path, bound: Bound) -> Rows:
    def batches():
        yield pa.record_batch({"truck": ["T1"]})
        os.kill(os.getpid(), signal.SIGKILL)

    return Rows(path, pa.schema({"truck": pa.string()}), batches())


def computes(path: Path, bound: Bound) -> Rows:
    while True:
        pass


def hangs(path: Path, bound: Bound) -> Rows:
    signal.pause()
    raise AssertionError


def writes(path: Path, bound: Bound) -> Rows:
    (path.parent / "written").write_text("x")
    raise AssertionError


def raises(path: Path, bound: Bound) -> Rows:
    raise KeyError("an opener's own\nfault")


def test_a_file_reads_apart_as_it_reads_here(tmp_path):
    plain = written(tmp_path / "a.csv", 'a,B,b,_line\n1,2,3,4\n1\n"x\ny",,é,4\n1,2,3,4,5\n')
    table = pa.table({"t": pa.array(["T1", "T2"] * 9000).dictionary_encode(), "x": np.arange(18000.0)})
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=5000)
    for opener, path in ((separated.rows, plain), (columnar.rows, tmp_path / "a.parquet")):
        here, there = opener(path), apart.rows(opener, path)
        with here.reading() as one, there.reading() as other:
            assert one.read_all().equals(other.read_all())
        assert (here.names, here.twins, here.broken, here.whole) == (
            there.names,
            there.twins,
            there.broken,
            there.whole,
        )


def test_one_reader_serves_file_after_file_and_two_where_two_are_open(tmp_path):
    path = written(tmp_path / "a.csv", LINES)
    first, second = files.rows(path), files.rows(path)
    with first.reading() as one, second.reading() as other:
        assert one.read_all().equals(other.read_all())
    assert len(apart._idle) == 1
    [reader] = apart._idle
    assert read(separated.rows, path).num_rows == 20_000
    assert apart._idle == [reader]


def test_a_file_that_nobody_reads_on_leaves_no_process(tmp_path):
    rows = files.rows(written(tmp_path / "a.csv", LINES))
    process = rows._batches._reader._process
    assert process.poll() is None
    del rows
    gc.collect()
    assert process.poll() == -signal.SIGKILL


@pytest.mark.parametrize(
    ("opener", "said"),
    [
        (dies, "cannot be read: its reader failed (SIGSEGV); bring a whole file, or save it anew."),
        (
            is_killed,
            "cannot be read: its reader was ended from outside, as the system does when memory runs out; "
            "bring a whole file, or save it anew.",
        ),
        (
            computes,
            "cannot be read: its next rows take more than 1 s of computing; "
            "bring a whole file, or save it anew.",
        ),
        (hangs, "cannot be read: nothing came of it for 1 s; see whether its drive answers."),
        (writes, "cannot be read: [Errno 27] File too large; bring a whole file, or save it anew."),
        (raises, r"""cannot be read: "an opener's own\nfault"; bring a whole file, or save it anew."""),
    ],
)
def test_a_file_that_its_reader_dies_of_is_refused(tmp_path, opener, said):
    impatient = Limits(compute_s=1, silent_s=1.0 if opener is hangs else 100.0)
    answer = why(opener, written(tmp_path / "a.csv", LINES), impatient)
    assert answer.replace(f": '{tmp_path}/written'", "") == said
    assert not (tmp_path / "written").read_bytes() if opener is writes else True


def test_a_csv_that_decodes_to_too_much_is_refused(tmp_path):
    for name, compress in (
        ("a.csv.gz", gzip.compress),
        ("a.csv.zst", lambda each: pa.compress(each, "zstd")),
    ):
        for row in (b"T1,1\n", b"\n", b"T1,1,1\n"):
            bomb = b"truck,note\n" + row * ((3 << 20) // len(row))
            path = written(tmp_path / name, bytes(compress(bomb)))
            assert why(separated.rows, path, Limits(decoded=2 << 20, times=10)) == (
                "decodes to more than 2,097,152 bytes, 10 times its size; "
                "if it is meant to be so, bring it in parts that decode to less."
            )


def test_a_parquet_that_decodes_to_too_much_is_refused_before_it_does(tmp_path):
    table = pa.table({"x": pa.nulls(1 << 23, pa.float64()), "truck": pa.nulls(1 << 23, pa.string())})
    parquet.write_table(table, tmp_path / "bomb.parquet")
    assert why(columnar.rows, tmp_path / "bomb.parquet").startswith("decodes to more than 33,554,432 bytes")


def test_a_value_that_takes_more_memory_than_a_file_is_given_is_refused(tmp_path):
    table = pa.table({"truck": [b"x" * (200 << 20)]})
    parquet.write_table(table, tmp_path / "value.parquet", compression="zstd", use_dictionary=False)
    said = why(columnar.rows, tmp_path / "value.parquet", Limits(memory=96 << 20))
    assert said.startswith("takes more memory than a file is given to be read; ")


def test_a_row_of_many_megabytes_is_refused(tmp_path):
    wide = gzip.compress(b"truck,note\nT1,1\nT1," + b"x" * (24 << 20) + b"\n")
    assert "row of several megabytes" in why(separated.rows, written(tmp_path / "a.csv.gz", wide), Limits())


def test_a_file_of_broken_rows_alone_is_refused_before_they_fill_the_memory(tmp_path):
    path = written(tmp_path / "a.csv", "truck,note\n" + "1,2,3\n" * 40_000)
    assert "rows with another number of values than it has columns" in why(separated.rows, path)


def test_a_reader_outlives_nobody(tmp_path):
    read(separated.rows, written(tmp_path / "a.csv", LINES))
    [reader] = apart._idle
    reader._process.stdin.close()
    assert reader._process.wait(30) == 0
    assert not reader.is_alive
    assert read(separated.rows, tmp_path / "a.csv").num_rows == 20_000


def test_a_reader_starts_without_ibis_and_pandas(tmp_path):
    before = os.times()
    reader = apart._Reader()
    reader.begin(written(tmp_path / "a.csv", LINES), Limits())
    reader.ask(separated.rows)
    reader.opened()
    reader.close()
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    print(f"{used:.2f} CPU s")
    assert used < 5  # half a second on a machine that does nothing else; Ibis and pandas would take many


def test_a_path_is_meant_from_where_one_stands_now(tmp_path, monkeypatch):
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.csv").write_text(f"truck\n{name}\n")
        monkeypatch.chdir(tmp_path / name)
        with apart.rows(separated.rows, Path("a.csv")).reading() as stream:
            assert stream.read_all()["truck"].to_pylist() == [name]
