"""Line protocol is read as InfluxDB reads it, fast and plain alike, and what is no point is refused."""

from __future__ import annotations

import gzip
import random
import tempfile
from pathlib import Path
from typing import Any

import influxd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stores_of_sections import brought

from truckkit.errors import BadInput
from truckkit.ingest import ingest
from truckkit.sources import decoded, line_protocol
from truckkit.sources.spool import Spool

Told = dict[str, tuple[list[str], list[dict[str, Any]], list[tuple[int, str]]]]


def read(content: bytes, *, compiled: bool = True, name: str = "a.lp") -> Told:
    """For each section its columns with their types, rows, and line and reason of what was refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        spool = Spool(path, Path(folder), {"m": "truck"})
        line_protocol.read(path, spool, compiled=compiled)
        told: Told = {}
        for section in spool.sections():
            with section.rows.reading() as stream:
                rows: pa.Table = stream.read_all()
            columns = [f"{field.name}: {field.type}" for field in rows.schema]
            counts = section.rows.counts
            told[section.name] = (
                [*columns, f"late {counts.late}, lacking {counts.lacking}"],
                rows.set_column(0, "time", rows["time"].cast(pa.int64())).to_pylist()
                if rows.num_rows
                else [],
                [(each.line, each.reason) for each in section.rows.broken],
            )
        return told


def refusals(content: bytes) -> list[tuple[int, str]]:
    return [each for _columns, _rows, broken in read(content).values() for each in broken]


PIECES = st.sampled_from(
    [b"m", b"n", b",", b"=", b" ", b'"', b"\\", b"\n", b"\r\n", b"#", b"truck=T1", b"truck=T2", b"a=", b"b=",
     b"1", b"-", b"+", b".", b"e5", b"i", b"u", b"t", b"false", b"TRUE", b"0", b"9007199254740993", b"1e400",
     b"123456789012345678901234567890", b"0.1", b'"x"', b'"x\ny"', b'"\\""', "😀".encode(), b"\xff", b"\0",
     b" 1709272800000000000\n", b" 5\n", b"m,truck=T1 a=1 7\n", b"m,truck=T1 a=2.5,b=3i 3\n"]
)  # fmt: skip
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(2**63), 2**63 - 1).map("{}i".format),
    st.integers(0, 2**64 - 1).map("{}u".format),
    st.from_regex(r"\A[+-]?[0-9]{0,25}\.?[0-9]{0,25}([eE][+-]?[0-9]{1,3})?\Z"),
)


@given(st.lists(PIECES, max_size=40).map(b"".join).filter(bool))
def test_the_fast_way_and_the_plain_way_give_the_same(content: bytes):
    assert read(content * 2) == read(content * 2, compiled=False)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.integers(-(2**63), 2**63 - 1)), min_size=1, max_size=8))
def test_numbers_are_exact(rows: list[tuple[str, str, int]]):
    content = "m,truck=T a=1,b=1i 1\n" + "".join(f"m,truck=T a={a},b={b} {at}\n" for a, b, at in rows)
    fast, plain = (repr(read(content.encode(), compiled=compiled)) for compiled in (True, False))
    assert fast == plain


@given(st.text(min_size=1), st.text(min_size=1), st.text(), st.text(min_size=1))
def test_every_name_and_text_comes_back_as_it_was(tag: str, value: str, said: str, field: str):
    names = tag, value, field
    clean = all(not any(c in name for c in "\n\0") and not name.endswith("\\") for name in names)
    if not clean or tag == field or {tag, field} & {"time", "_line", "_late"} or "\0" in said:
        return
    raw = [name.replace(",", r"\,").replace("=", r"\=").replace(" ", r"\ ") for name in names]
    text = said.replace("\\", r"\\").replace('"', r"\"")
    line = f'm,{raw[0]}={raw[1]} {raw[2]}="{text}" 5000\n'.encode()
    assert read(line * 2)["m"][1] == [
        {"time": 5, tag: value, field: said, "_line": 1 + number * (1 + said.count("\n"))}
        for number in range(2)
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"m a=1", "it has no time"),
        (b"m,truck=T", "it has no fields"),
        (b"m,truck= a=1 1", 'the tag "truck" has no value'),
        (b"m,truck=T,truck=U a=1 1", 'it has the tag "truck" twice'),
        (b"m a=1, 1", "a field has no name"),
        (b'm a="x 1', 'the text of the field "a" has no closing quote'),
        (b"m a=NaN 1", 'the field "a" is "NaN", which is no number, text or truth value'),
        (b"m a=1e999 1", 'the field "a" is too large a number'),
        (b"m a=1 99999999999999999999", "its time is too large a number"),
        (b"m a=1 2024-03-01", "after its time comes something else, or its time is no whole number"),
        (b"m,truck=\xff a=1 1", 'the tag "truck" is not in UTF-8'),
        (b"m time=1 1", 'a tag or field is called "time", which is taken'),
        (b",truck=T a=1 1", "it names no measurement"),
    ],
)
def test_a_line_that_is_no_point_is_refused_with_its_number(line: bytes, reason: str):
    good = b"m a=1 1\n"
    told = read(good + b"# a comment\r\n\n" + line + b"\n" + good)
    assert [each for _c, _r, broken in told.values() for each in broken] == [(4, reason)]
    assert [row["_line"] for row in told["m"][1]] == [1, 5]


def test_a_quote_that_nothing_closes_costs_one_line():
    assert [line for line, _ in refusals(b'm a="x 1\nm a=1 2\nm a="y" 3\nm a="z" 4\n')] == [1]


def test_values_of_another_type_have_a_column_of_their_own():
    columns, rows, _ = read(b'm a=1,b=t 1\nm a="x",b=2i 2\n')["m"]
    assert columns[:5] == [
        "time: timestamp[us, tz=UTC]",
        "a: double",
        "b::boolean: bool",
        "a::string: string",
        "b: int64",
    ]
    assert (rows[1]["a"], rows[1]["a::string"], rows[1]["b"]) == (None, "x", 2)


def test_integers_stay_whole_until_a_fraction_comes():
    assert read(b"m a=9007199254740993i 1\n")["m"][1][0]["a"] == 9007199254740993
    assert "a: double" in read(b"m a=1i 1\nm a=0.5 2\n")["m"][0]


def test_pieces_of_any_size_give_the_same(monkeypatch: pytest.MonkeyPatch):
    content = b'm,truck=T1 a=1,b="two\nlines" 1000\nn c=t 2000\nbad\n' * 50
    whole = read(content)
    monkeypatch.setattr(line_protocol, "LONGEST", 64)
    for size in (1, 7, 64):
        monkeypatch.setattr(decoded, "PIECE", size)
        assert read(content) == whole


def test_a_compressed_file_is_read_and_one_that_is_cut_off_is_refused():
    content = b"m,truck=T a=1 1\n" * 1000
    packed = gzip.compress(content)
    assert read(packed, name="a.lp.gz") == read(content)
    with pytest.raises(BadInput, match="cut off"):
        read(packed[:-12], name="a.lp.gz")


def test_a_file_that_swells_without_end_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(decoded, "_ALWAYS", 1 << 20)
    with pytest.raises(BadInput, match="become more than"):
        read(gzip.compress(b"\n" * (16 << 20)), name="a.lp.gz")


@pytest.mark.parametrize("content", [b"", "m a=1 1\n".encode("utf-16")])
def test_an_empty_file_and_one_in_another_encoding_are_refused(content: bytes):
    with pytest.raises(BadInput):
        read(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"# a comment\n\n", "it holds comments and empty lines alone"),
        (b"\n\nnonsense\nm a=1\n", "line 3 is none, for it has no fields"),
        (random.Random(5).randbytes(5000), "line 1 is none, for "),
        (gzip.compress(b"", mtime=0), "it holds comments and empty lines alone"),
    ],
)
def test_a_file_without_one_point_is_refused_and_makes_no_store(tmp_path: Path, content: bytes, words: str):
    path = tmp_path / ("a.lp.gz" if content.startswith(b"\x1f\x8b") else "a.lp")
    path.write_bytes(content)
    with pytest.raises(BadInput, match=f"holds not one point of line protocol: {words}"):
        ingest(tmp_path / "mine", path, "tsbs")
    assert not (tmp_path / "mine").exists()


def test_lines_that_name_no_measurement_are_rejected_and_counted(tmp_path: Path):
    content = "readings,name=<b>T1</b> latitude=1,longitude=2 1709272800000000000\n,oops\nnonsense\n"
    loads, site = brought(tmp_path, "tsbs", "a.lp", content)
    assert [(load.rows_in, load.rejected) for load in loads] == [(1, 0), (1, 1), (1, 1)]
    assert site.positions.truck.to_pyarrow().to_pylist() == ["<b>T1</b>"]
    assert site.rejects.order_by("load_id").content.to_pyarrow().to_pylist() == [",oops", "nonsense"]


@pytest.mark.parametrize("texts", [(b'"n/a"', b"1", b"t"), (b"t", b'"n/a"', b"1"), (b"1", b"t", b'"n/a"')])
def test_a_field_that_has_numbers_is_a_number_whatever_came_first(texts):
    columns, rows, _broken = read(b"".join(b"m,truck=T1 a=%b 5\n" % text for text in texts))["m"]
    kinds = {column for column in columns if column.startswith("a")}
    assert kinds == {"a: double", "a::string: string", "a::boolean: bool"}
    assert [row["a"] for row in rows if row["a"] is not None] == [1]


def test_a_tag_stays_what_it_is_whatever_a_field_of_its_name_says():
    _columns, rows, _broken = read(b"m,truck=T1 truck=7 5\n")["m"]
    assert (rows[0]["truck"], rows[0]["truck::float"]) == ("T1", 7)


def test_a_field_that_has_the_name_of_a_tag_is_refused_and_both_are_named(tmp_path: Path):
    (tmp_path / "fleet.toml").write_text(influxd.MAPPING)
    line = 'gps,truck=T1 x=1,y=2,speed=4,truck="T2" 1709280000000000000\n'
    _, site = brought(tmp_path, str(tmp_path / "fleet.toml"), "a.lp", line)
    [reason] = site.rejects.reason.to_pyarrow().to_pylist()
    assert reason == 'the tag "truck" and the field "truck" have one name, and the field is text: "T2"'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("gps,truck=T1 x=1,y=2,Speed=3,speed=4 1709280000000000000", 'has "speed" more than once'),
        ("gps,Truck=T1 x=1,y=2,speed=4 1709280000000000000", 'has "Truck" where the mapping says "truck"'),
    ],
)
def test_names_that_differ_in_the_case_of_letters_alone_are_told_in_a_sentence(
    tmp_path: Path, line: str, said: str
):
    (tmp_path / "fleet.toml").write_text(influxd.MAPPING)
    with pytest.raises(BadInput, match=said):
        brought(tmp_path, str(tmp_path / "fleet.toml"), "a.lp", line + "\n")


def test_a_whole_number_of_too_many_digits_is_the_nearest_fraction_among_fractions(tmp_path: Path):
    (tmp_path / "a.lp").touch()
    spool = Spool(tmp_path / "a.lp", tmp_path)
    for line, payload in ((1, 2**53 + 1), (2, 0.5)):
        spool.add("engine", pa.table({"payload": [payload], "_line": [line]}), ["payload"])
    with spool.sections()[0].rows.reading() as stream:
        assert stream.read_all()["payload"].to_pylist() == [float(2**53), 0.5]
