"""Files as they come: whole or cut, in any encoding, with whatever names their columns have."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from truckkit.errors import BadInput
from truckkit.sources import apart, files, separated

LINES = "truck,note\n" + "".join(f"T{number},{number}\n" for number in range(20_000))


def read(folder: Path, name: str, content: str | bytes) -> tuple[files.Rows, list[dict[str, object]]]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    rows = files.rows(path)
    with rows.reading() as stream:
        return rows, stream.read_all().to_pylist()


def values(folder: Path, content: str | bytes, name: str = "a.csv") -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in read(folder, name, content)[1]]


def why(folder: Path, name: str, content: str | bytes) -> str:
    with pytest.raises(BadInput) as fault:
        read(folder, name, content)
    sentence = str(fault.value)
    assert sentence.startswith(f'"{folder / name}" ')
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence.removeprefix(f'"{folder / name}" ')


def in_blocks(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Has CSV files read in small blocks, and here, for the process that reads them has blocks of its own."""
    monkeypatch.setattr(separated, "_BLOCK", size)
    monkeypatch.setattr(apart, "rows", lambda opener, path: opener(path))


def compressed(content: str, kind: str) -> bytes:
    if kind == "gz":
        return gzip.compress(content.encode())
    return pa.compress(content.encode(), codec="zstd", asbytes=True)


def test_rows_come_as_text_and_are_numbered_from_one(tmp_path):
    assert values(tmp_path, "truck,t\nT1, 07\nT2,\n") == [("T1", " 07", 1), ("T2", None, 2)]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst", "A.CSV.GZ"])
def test_compressed_files_read_as_plain_ones(tmp_path, name):
    assert values(tmp_path, compressed(LINES, name[-2:].lower().replace("st", "zst")), name) == values(
        tmp_path, LINES
    )


@pytest.mark.parametrize("content", ["\ufefftruck,t\r\nT1,é\r\n", "\n\ntruck,t\n\n\nT1,é", "truck,t\rT1,é\r"])
def test_byte_order_marks_line_ends_and_empty_lines_do_not_matter(tmp_path, content):
    rows, found = read(tmp_path, "a.csv", content)
    assert rows.names == ("truck", "t")
    assert found == [{"truck": "T1", "t": "é", "_line": 1}]


def test_a_quoted_value_may_hold_lines_commas_and_quotes_also_where_blocks_meet(tmp_path, monkeypatch):
    in_blocks(monkeypatch, 4096)
    note = 'two\nlines, and a "word"'
    quoted = '"two\nlines, and a ""word"""'
    rows, found = read(tmp_path, "a.csv", "truck,note\n" + f"T1,{quoted}\n" * 2000)
    assert rows.broken == []
    assert {(row["truck"], row["note"]) for row in found} == {("T1", note)}
    assert [row["_line"] for row in found] == list(range(1, 2001))


def test_rows_of_too_few_or_too_many_values_are_kept_aside_with_their_line(tmp_path, monkeypatch):
    in_blocks(monkeypatch, 512)
    lines = [f"T{number},{number}" if number % 7 else f"T{number}" for number in range(1, 501)]
    lines[499] = "a,b,c"
    rows, found = read(tmp_path, "a.csv", "truck,note\n" + "\n".join(lines) + "\n")
    assert all(row["truck"] == f"T{row['_line']}" for row in found)
    assert [row.line for row in rows.broken] == [*range(7, 500, 7), 500]
    assert rows.broken[0].reason == "1 values where 2 are expected"
    assert rows.broken[-1].text == "a,b,c"
    assert len(found) + len(rows.broken) == 500


def test_columns_are_told_apart_whatever_they_are_called(tmp_path):
    rows, found = read(tmp_path, "a.csv", ",Tons,tons,_line,,at\n1,2,3,4,5,6\n")
    assert rows.names == ("", "Tons", "tons", "_line", "", "at")
    assert list(found[0]) == ["column 1", "Tons", "tons again", "_line again", "column 5", "at", "_line"]
    assert list(found[0].values()) == ["1", "2", "3", "4", "5", "6", 1]
    assert rows.ambiguous(["Tons", "tons", "at"]) == ["Tons", "tons"]


def test_an_empty_file_says_so(tmp_path):
    assert why(tmp_path, "a.csv", "") == "is empty: there is not even a row of column names in it."
    assert why(tmp_path, "b.csv", " \n\n") == "is empty: there is not even a row of column names in it."
    assert why(tmp_path, "c.csv.gz", compressed("", "gz")).startswith("is empty")
    assert why(tmp_path, "d.parquet", "").startswith("is empty")


def test_a_file_of_names_alone_has_no_rows(tmp_path):
    rows, found = read(tmp_path, "a.csv", "truck,t")
    assert (rows.names, found) == (("truck", "t"), [])


@pytest.mark.parametrize("kind", ["gz", "zst"])
@pytest.mark.parametrize("share", [0.0002, 0.5, 0.999])
def test_a_compressed_file_that_is_cut_says_so(tmp_path, kind, share):
    whole = compressed(LINES, kind)
    cut = whole[: max(5, int(len(whole) * share))]
    assert why(tmp_path, f"a.csv.{kind}", cut).startswith(("is cut off", "is not in UTF-8"))


def test_a_parquet_file_that_is_cut_or_none_says_so(tmp_path):
    parquet.write_table(pa.table({"truck": ["T1"] * 1000}), tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    assert why(tmp_path, "a.parquet", whole[: len(whole) // 2]).startswith("is cut off: ")
    holed = whole[:60] + b"\0" * 40 + whole[100:]
    assert "cannot be read" in why(tmp_path, "c.parquet", holed) or "cut off" in why(
        tmp_path, "c.parquet", holed
    )


def test_a_file_that_ends_within_a_row_says_in_which(tmp_path):
    assert why(tmp_path, "a.csv", "a,b,c\n1,2,3\n4,5") == (
        "is cut off in row 2, after 2 of 3 values; bring the whole file."
    )


def test_a_last_row_without_a_line_end_is_whole(tmp_path):
    assert values(tmp_path, "a,b\n1,2\n3,4") == [("1", "2", 1), ("3", "4", 2)]


@pytest.mark.parametrize("rest", ['"x,1\n3,4\n5,6\n', 'x,"1\n3,4\n5,6\n', 'x,"cut of', 'x,"cut off\n'])
def test_a_quote_that_nothing_closes_is_told_of_and_does_not_swallow_the_rest(tmp_path, rest):
    assert why(tmp_path, "a.csv", "a,b\n1,2\n" + rest) == (
        "opens a quote in row 2 that nothing closes; mend the row."
    )


def test_an_inch_mark_within_a_value_opens_nothing(tmp_path):
    assert values(tmp_path, 'a,b\n6" pipe,2\n3,4\n') == [('6" pipe', "2", 1), ("3", "4", 2)]


def test_an_encoding_that_is_not_utf8_is_told_of_wherever_it_shows(tmp_path, monkeypatch):
    in_blocks(monkeypatch, 1 << 14)
    latin = "Camión,1\n".encode("latin-1")
    assert why(tmp_path, "a.csv", b"truck,note\n" + latin) == (
        "is not in UTF-8: byte 15 is 0xf3; save it as UTF-8."
    )
    far = f"is not in UTF-8: byte {len(LINES)} is 0xf3; save it as UTF-8."
    assert why(tmp_path, "b.csv", LINES.encode() + b"\xf3,1\n") == far
    assert why(tmp_path, "c.csv", LINES.encode() + b"\xf3,2,3,4\n") == far
    assert why(tmp_path, "cut.csv", LINES.encode() + "é".encode()[:1]).startswith("is not in UTF-8: byte")
    assert why(tmp_path, "d.csv", "truck,note\nT1,2\n".encode("utf-16")).startswith("is not in UTF-8: byte 0")
    assert "zero bytes" in why(tmp_path, "e.csv", "truck,note\nT1,2\n".encode("utf-16-le"))
    assert why(tmp_path, "f.csv", b"\xff").startswith("is not in UTF-8: byte 0")


def test_a_letter_may_span_the_start_that_is_looked_at(tmp_path):
    note = "x" * (separated._START - len("truck,note\nT1,") - 1) + "éé"
    assert values(tmp_path, f"truck,note\nT1,{note}\n")[0][1] == note


def test_a_file_that_is_not_what_its_name_says_is_told_of(tmp_path):
    table = pa.BufferOutputStream()
    parquet.write_table(pa.table({"truck": ["T1"]}), table)
    as_parquet = table.getvalue().to_pybytes()
    named = "which its name does not say; "
    assert why(tmp_path, "a.csv.gz", LINES) == (
        'is not compressed by gzip, for it begins with "truck,note"; '
        "bring the whole file, or give it the end of name that it has by rights."
    )
    assert why(tmp_path, "a.parquet", LINES).startswith('is not Parquet, for it begins with "truck,note"; ')
    assert why(tmp_path, "b.parquet", b"\0" * 99).startswith("is not Parquet, for it begins with bytes 00 00")
    assert why(tmp_path, "a.csv", as_parquet) == f'is Parquet, {named}call it "a.parquet".'
    assert why(tmp_path, "a.csv.gz", as_parquet) == f'is Parquet, {named}call it "a.parquet".'
    assert why(tmp_path, "a.csv", gzip.compress(b"x")) == (
        f'is compressed by gzip, {named}call it "a.csv.gz".'
    )
    assert why(tmp_path, "c.csv", b"PK\3\4") == (
        f"is a zip archive, as workbooks are, {named}save what is in it as CSV or Parquet."
    )


def test_parquet_keeps_its_types(tmp_path):
    table = pa.table({"truck": pa.array(["T1", "T2"]).dictionary_encode(), "x": pa.array([1.5, None])})
    parquet.write_table(table, tmp_path / "t.parquet")
    found = values(tmp_path, (tmp_path / "t.parquet").read_bytes(), "a.parquet")
    assert found == [("T1", 1.5, 1), ("T2", None, 2)]


def test_folders_give_their_files_in_order_and_other_kinds_are_left(tmp_path):
    for name in ("b.csv", "a.CSV", "notes.txt", "in/c.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in files.found([tmp_path])] == ["a.CSV", "b.csv", "c.parquet"]


def test_what_is_not_there_or_not_read_is_named(tmp_path):
    (tmp_path / "a.xlsx").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=r'no file or folder ".*nowhere.csv"'):
        files.found([tmp_path / "nowhere.csv"])
    with pytest.raises(BadInput, match=r'a.xlsx" is of a kind that is not read; truckkit reads ".csv"'):
        files.found([tmp_path / "a.xlsx"])
    with pytest.raises(BadInput, match=r'folder ".*empty" holds no file that ends in'):
        files.found([tmp_path / "empty"])


def test_the_same_content_has_the_same_identity_whatever_its_name(tmp_path):
    for name, content in (("a.csv", "x"), ("b.csv", "x"), ("c.csv", "y")):
        (tmp_path / name).write_text(content)
    one, same, other = (files.identity(tmp_path / name) for name in ("a.csv", "b.csv", "c.csv"))
    assert one == same != other


def test_a_look_up_of_columns_that_are_not_there_names_what_is(tmp_path):
    (tmp_path / "a.csv").write_text("Id,Name\n1,x\n")
    assert files.columns(tmp_path / "a.csv", ["Name", "Id"]).to_pylist() == [{"Name": "x", "Id": "1"}]
    with pytest.raises(BadInput, match=r'has no column "Key" \(found "Id", "Name"\)'):
        files.columns(tmp_path / "a.csv", ["Id", "Key"])
