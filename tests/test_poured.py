"""Files with sections are read in a process of their own: one that ends it is refused, and harms nobody."""

from __future__ import annotations

import gzip
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from truckkit.errors import BadInput
from truckkit.sources import apart, documents, files, gpx, iso15143, line_protocol, poured
from truckkit.sources.limits import Limits
from truckkit.sources.spool import Section, Spool
from truckkit.sources.streams import Broken

POINTS = b'm,truck=T1 a=1,b=2i 5\nm,truck=T2 a=t 6\nno point\nm,truck=T1 a=2 4\nn x="y" 7\nm,truck=T1 b=1 3\n'
GPX = b"<gpx><trk><name>T1</name><trkseg><trkpt lat='1' lon='2'><time>2024-03-01T06:00:00Z</time></trkpt>" \
      b"<trkpt lat='1'/></trkseg></trk></gpx>"  # fmt: skip
FLEET = b"<Fleet><Equipment><EquipmentHeader><EquipmentID>T1</EquipmentID></EquipmentHeader><Location>" \
        b"<Latitude>1</Latitude></Location></Equipment></Fleet>"  # fmt: skip
MOVING = b'{"type": "Feature", "temporalGeometry": {"type": "MovingPoint", "datetimes": [0, 1], ' \
         b'"coordinates": [[1, 2], "x"]}}'  # fmt: skip


# What a reader may do; its process finds them by name, as it does the real ones.


def dies(path: Path, spool: Spool) -> None:
    spool.add("m", pa.table({"a": [1], "_line": [1]}))
    os.kill(os.getpid(), signal.SIGSEGV)


def swells(path: Path, spool: Spool) -> None:
    np.ones(1 << 28)


def computes(path: Path, spool: Spool) -> None:
    while True:
        pass


def hangs(path: Path, spool: Spool) -> None:
    signal.pause()


def writes(path: Path, spool: Spool) -> None:
    (path.parent / "written").write_text("x")


def raises(path: Path, spool: Spool) -> None:
    raise KeyError("a reader's own\nfault")


def pours(path: Path, spool: Spool) -> None:
    rows = pa.table({"a": np.zeros(1 << 20), "_line": np.arange(1 << 20)})
    for _ in range(40):
        spool.add("m", rows)


def refuses(path: Path, spool: Spool) -> None:
    for line in range(1, 25_001):
        spool.refuse("m", Broken(line, 1, 2, f"text {line}"))


def told(sections: list[Section]) -> list[Any]:
    answer = []
    for section in sections:
        rows = section.rows
        with rows.reading() as stream:
            table = stream.read_all()
        broken = [(each.line, each.text, each.reason) for each in rows.broken]
        answer.append((section.name, table.schema, table.to_pylist(), broken, vars(rows.counts)))
    return answer


def written(folder: Path, content: bytes = POINTS, name: str = "a.lp") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("reader", "name", "content"),
    [
        (line_protocol.read, "a.lp", POINTS),
        (line_protocol.read, "a.lp.gz", gzip.compress(POINTS, mtime=0)),
        (gpx.read, "a.gpx", GPX),
        (iso15143.read, "a.xml", FLEET),
        (documents.read, "a.json", MOVING),
    ],
)
def test_a_file_reads_apart_as_it_reads_here(
    tmp_path: Path, reader: poured.Reader, name: str, content: bytes
):
    path = written(tmp_path, content, name)
    (tmp_path / "here").mkdir()
    here = Spool(path, tmp_path / "here", {"m": "truck"})
    reader(path, here)
    assert told(files.sections(path, tmp_path, {"m": "truck"})) == told(here.sections())


@pytest.mark.parametrize(
    ("reader", "words"),
    [
        (dies, r"its reader failed \(SIGSEGV\)"),
        (swells, "takes more memory"),
        (computes, "its next rows take more than 1 s of computing"),
        (hangs, "nothing came of it for 1 s"),
        (writes, "File too large"),
        (raises, "a reader's own"),
    ],
)
def test_a_file_that_its_reader_dies_of_is_refused(tmp_path: Path, reader: poured.Reader, words: str):
    path = written(tmp_path)
    limits = Limits(memory=512 << 20, compute_s=1, silent_s=1.0 if reader is hangs else 100.0)
    with pytest.raises(BadInput, match=words) as fault:
        poured.into(Spool(path, tmp_path), poured.Opener(reader), limits)
    assert str(fault.value).startswith(f'"{path}" ')
    assert "\n" not in str(fault.value)
    assert [section.name for section in files.sections(path, tmp_path)] == ["m", "n", "no"]


def test_a_file_that_becomes_far_more_than_itself_is_refused_while_it_does(tmp_path: Path):
    path = written(tmp_path)
    with pytest.raises(BadInput, match="holds more than 268,435,456 bytes"):
        poured.into(Spool(path, tmp_path), poured.Opener(pours))
    assert sum(part.stat().st_size for part in tmp_path.iterdir()) < 300 << 20


def test_every_row_that_is_none_comes_back_with_its_reason(tmp_path: Path):
    spool = Spool(written(tmp_path), tmp_path)
    poured.into(spool, poured.Opener(refuses))
    (section,) = spool.sections()
    assert [row.line for row in section.rows.broken] == list(range(1, 25_001))
    assert section.rows.broken[-1].reason == "1 values where 2 are expected"
    assert section.rows.broken[-1].text == "text 25000"


def test_what_is_compiled_is_kept_though_no_file_may_be_written_while_one_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(apart, "_idle", [])
    assert len(files.sections(written(tmp_path), tmp_path)) == 3
    assert list((tmp_path / "cache").rglob("scanned.scan*.nbc"))
    for reader in apart._idle:
        reader.close()
