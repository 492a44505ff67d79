"""A real InfluxDB behind a proxy that spoils its answers: a broken one never moves a watermark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from influxd import EIGHT, MAPPING, Influxd, Proxy, Spoil, gps
from inputs import holds, written

from truckkit.errors import SourceFailed
from truckkit.ingest import ingest
from truckkit.site import open_site
from truckkit.sources.influx import wire


@pytest.fixture
def proxy(influxd: Influxd) -> Iterator[Proxy]:
    between = Proxy(influxd.port)
    yield between
    between.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for what does not come, and nothing is asked twice."""
    monkeypatch.setattr(wire, "TRIES", 1)
    monkeypatch.setattr(wire, "SILENT_S", 0.5)


def body_of(answer: bytes) -> tuple[bytes, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


LAST_CHUNK = b"0\r\n\r\n"
"""What says that there are no more: of its own bytes the last may be missing, and the answer is whole."""


def cut_at(share: float) -> Spoil:
    def cut(answer: bytes) -> bytes:
        return answer[: int((len(answer) - len(LAST_CHUNK)) * share)]

    return cut


def instead(status: str, headers: str = "", body: bytes = b"") -> Spoil:
    def answer(_: bytes) -> bytes:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
        return head.encode() + body

    return answer


def without_last_chunk(answer: bytes) -> bytes:
    return answer.removesuffix(LAST_CHUNK)


def half_a_chunk(answer: bytes) -> bytes:
    head, body = body_of(answer)
    return head + b"\r\n\r\n" + body[: len(body) // 2]


def a_row_less(answer: bytes) -> bytes:
    """Whole by HTTP, but what stands behind the points is gone."""
    head, body = body_of(answer)
    rows = b"".join(re.findall(rb"gps,,[^\n]*\n", body))
    head = re.sub(rb"\r\nTransfer-Encoding: chunked", b"", head)
    return head + f"\r\nContent-Length: {len(rows)}\r\n\r\n".encode() + rows


FAULTS: dict[str, Spoil] = {
    "nothing at all": lambda _: b"",
    "headers alone": lambda answer: body_of(answer)[0] + b"\r\n\r\n",
    "half": cut_at(0.5),
    "all but the last byte": lambda answer: answer.removesuffix(LAST_CHUNK)[:-1],
    "a chunk that is missing": without_last_chunk,
    "a chunk that is cut": half_a_chunk,
    "an end that is missing": a_row_less,
    "500": instead("500 Internal Server Error", body=b'{"error":"timeout"}'),
    "503": instead("503 Service Unavailable"),
    "429": instead("429 Too Many Requests"),
    "401": instead("401 Unauthorized", body=b'{"error":"authorization failed"}'),
    "403": instead("403 Forbidden"),
    "404": instead("404 Not Found"),
    "empty 200": instead("200 OK", "Content-Type: text/csv\r\n"),
    "empty JSON": instead("200 OK", "Content-Type: application/json\r\n", b'{"results":[{}]}'),
    "a page": instead("200 OK", "Content-Type: text/html\r\n", b"<html>log in</html>"),
    "no type": instead("200 OK"),
    "an error as CSV": instead("200 OK", "Content-Type: text/csv\r\n", b"error\n\"timeout\"\n"),
    "301": instead("301 Moved", "Location: http://127.0.0.1:1/\r\n"),
    "302": instead("302 Found", "Location: /query\r\n"),
    "not HTTP": lambda _: b"SSH-2.0-OpenSSH_9.2\r\n",
    "garbage in the length": lambda answer: answer.replace(b"\r\n\r\n", b"\r\n\r\nzz\r\n", 1),
    "other bytes": lambda answer: answer.replace(b"gps,,", b"gps,\xff\xfe,"),
}  # fmt: skip


def rows(store: Path) -> int:
    return int(open_site(store).positions.count().execute())


def marks(store: Path) -> list[dict[str, object]]:
    return open_site(store).table("watermarks").to_pyarrow().to_pylist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_answer_moves_nothing(
    tmp_path: Path, influxd: Influxd, proxy: Proxy, database: str, fault: str
) -> None:
    store, mapping = tmp_path / "store", written(tmp_path, MAPPING)
    url = f"influx://127.0.0.1:{proxy.port}/{database}"
    influxd.write(database, gps("T1", *((s, s, 20) for s in range(50))))
    ingest(store, url, mapping, detection=False)
    influxd.write(database, gps("T1", *((s, s, 20) for s in range(50, 900))))
    before, stood = holds(store), marks(store)
    proxy.spoil = FAULTS[fault]
    with pytest.raises(SourceFailed) as failed:
        ingest(store, url, mapping, detection=False)
    assert proxy.spoilt
    assert f'"{url}"' in str(failed.value)
    assert holds(store) == before
    assert marks(store) == stood
    proxy.spoil = None
    ingest(store, url, mapping, detection=False)
    assert rows(store) == 900


@pytest.mark.parametrize("asked", ["SHOW+FIELD+KEYS", "SHOW+TAG+KEYS", "SHOW+TAG+VALUES", "count"])
def test_an_answer_about_what_there_is_counts_when_it_is_whole(
    tmp_path: Path, influxd: Influxd, proxy: Proxy, database: str, asked: str
) -> None:
    influxd.write(database, gps("T1", (0, 1, 20)) + gps("T2", (0, 1, 20)))
    influxd.write(database, f"gps,truck=T1 spare=1 {EIGHT}")
    proxy.spoils, proxy.spoil = asked.encode(), a_row_less
    with pytest.raises(SourceFailed, match="not whole"):
        ingest(tmp_path / "store", f"influx://127.0.0.1:{proxy.port}/{database}", written(tmp_path, MAPPING))
    assert proxy.spoilt == 1
    assert not (tmp_path / "store").exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(share=st.floats(0, 1))
def test_an_answer_that_is_cut_anywhere_is_none(
    influxd: Influxd, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    influxd.write("cut", gps("T1", *((s, s, 20) for s in range(300))))
    proxy.spoil = cut_at(share)
    with pytest.raises(SourceFailed):
        ingest(
            folder / "store",
            f"influx://127.0.0.1:{proxy.port}/cut",
            written(folder, MAPPING),
            detection=False,
        )
    assert not (folder / "store").exists()


def test_a_server_that_falls_silent_is_not_waited_for(
    tmp_path: Path, influxd: Influxd, proxy: Proxy, database: str
) -> None:
    influxd.write(database, gps("T1", *((s, s, 20) for s in range(50))))
    proxy.drips = True
    with pytest.raises(SourceFailed, match=r"cut off after \d+ bytes|does not answer"):
        ingest(tmp_path / "store", f"influx://127.0.0.1:{proxy.port}/{database}", written(tmp_path, MAPPING))
    assert not (tmp_path / "store").exists()


def test_what_passes_is_asked_again(
    tmp_path: Path, influxd: Influxd, proxy: Proxy, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "TRIES", 3)
    influxd.write(database, gps("T1", (0, 0, 20), at=EIGHT))

    def twice(answer: bytes) -> bytes:
        return answer if proxy.spoilt > 2 else b""

    proxy.spoil = twice
    ingest(tmp_path / "store", f"influx://127.0.0.1:{proxy.port}/{database}", written(tmp_path, MAPPING))
    assert rows(tmp_path / "store") == 1
