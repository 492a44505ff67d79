"""gzip and zstd: what is packed, what is not, and that it says the same."""

from __future__ import annotations

import gzip
import tracemalloc
from typing import Any

import pytest
import zstandard
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

import truckkit as tk
from truckkit.api.app import create_app
from truckkit.api.encoding import Encoding, chosen

TEXT = b'{"truck": "T01"}' * 1000
UNPACK = {
    "gzip": gzip.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


def answering(body: bytes | list[bytes], kind: str = "application/json", **more: Any) -> TestClient:
    def answer(_: Any) -> Response:
        if isinstance(body, list):
            return StreamingResponse(iter(body), media_type=kind, **more)
        return Response(body, media_type=kind, **more)

    app = Starlette(routes=[Route("/", answer)])
    app.add_middleware(Encoding)
    return TestClient(app)


def raw(client: TestClient, accepted: str | None, path: str = "/") -> tuple[Any, bytes]:
    """An answer, and its bytes as they came."""
    headers = {"Accept-Encoding": accepted if accepted is not None else "identity"}
    with client.stream("GET", path, headers=headers) as answer:
        return answer, b"".join(answer.iter_raw())


@pytest.mark.parametrize("encoding", UNPACK)
@pytest.mark.parametrize(
    "body", [TEXT, [TEXT[:9], TEXT[9:]], [TEXT] * 20, [b"", TEXT, b""], [b"x" * 300_000] * 2]
)
def test_a_packed_answer_says_the_same_whole_or_in_pieces(encoding: str, body: bytes | list[bytes]) -> None:
    answer, packed = raw(answering(body), encoding)
    assert (answer.headers["content-encoding"], answer.headers["vary"]) == (encoding, "Accept-Encoding")
    assert UNPACK[encoding](packed) == (b"".join(body) if isinstance(body, list) else body)
    if isinstance(body, bytes):
        assert int(answer.headers["content-length"]) == len(packed) < len(body)
    else:
        assert "content-length" not in answer.headers


@given(st.lists(st.binary(max_size=3000), max_size=8), st.sampled_from(sorted(UNPACK)))
def test_whatever_the_pieces_are_they_come_out_as_they_went_in(pieces: list[bytes], encoding: str) -> None:
    answer, packed = raw(answering(pieces, "text/csv"), encoding)
    assert (UNPACK[encoding](packed) if "content-encoding" in answer.headers else packed) == b"".join(pieces)


@pytest.mark.parametrize(
    "client",
    [
        answering(TEXT, "application/vnd.apache.arrow.stream"),
        answering([TEXT], "application/vnd.apache.parquet"),
        answering(TEXT, headers={"Content-Encoding": "br"}),
        answering(b"short"),
        answering(TEXT, status_code=206),
    ],
)
def test_what_is_packed_already_or_short_passes_as_it_is(client: TestClient) -> None:
    answer, body = raw(client, "gzip, zstd")
    assert answer.headers.get("content-encoding") in (None, "br")
    assert body in (TEXT, b"short")


def test_a_packed_answer_has_a_weak_tag_and_is_known_by_it() -> None:
    client = TestClient(create_app(tk.sample()))
    plain, _ = raw(client, None, "/api/v1/states")
    packed, _ = raw(client, "zstd", "/api/v1/states")
    assert packed.headers["etag"] == "W/" + plain.headers["etag"]
    for tag in (plain.headers["etag"], packed.headers["etag"]):
        for accepted in ("zstd", "identity"):
            again = client.get("/api/v1/states", headers={"If-None-Match": tag, "Accept-Encoding": accepted})
            assert (again.status_code, again.content) == (304, b"")
            assert "content-encoding" not in again.headers
            assert again.headers["vary"] == packed.headers["vary"]
    assert plain.headers["vary"] == packed.headers["vary"]
    assert "Accept-Encoding" in packed.headers["vary"]


def test_what_varies_already_goes_on_varying() -> None:
    answer, _ = raw(answering(TEXT, headers={"Vary": "Accept"}), "gzip")
    assert answer.headers["vary"] == "Accept, Accept-Encoding"


def test_head_has_the_headers_of_get() -> None:
    client = TestClient(create_app(tk.sample()))
    for accepted in ("identity", "gzip", "zstd"):
        whole, head = (
            client.request(each, "/api/v1/states", headers={"Accept-Encoding": accepted})
            for each in ("GET", "HEAD")
        )
        for name in ("content-length", "content-encoding", "etag", "vary", "content-type"):
            assert head.headers.get(name) == whole.headers.get(name), name
        assert head.content == b""


def test_a_stream_that_breaks_does_not_look_whole() -> None:
    def broken() -> Any:
        yield TEXT
        raise RuntimeError("the disk went")

    app = Starlette(routes=[Route("/", lambda _: StreamingResponse(broken(), media_type="text/csv"))])
    app.add_middleware(Encoding)
    for encoding in UNPACK:
        with pytest.raises(RuntimeError):
            raw(TestClient(app), encoding)


def test_a_long_stream_is_packed_in_little_memory() -> None:
    taken = 0

    async def send(message: dict[str, Any]) -> None:
        nonlocal taken
        taken += len(message.get("body", b""))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        head = [(b"content-type", b"text/csv")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        for number in range(2000):
            await send({"type": "http.response.body", "body": b"%d," % number * 5000, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    for encoding in (b"gzip", b"zstd"):
        scope = {"type": "http", "headers": [(b"accept-encoding", encoding)]}
        tracemalloc.start()
        coroutine = Encoding(app)(scope, None, send)  # type: ignore[arg-type]
        with pytest.raises(StopIteration):
            coroutine.send(None)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 << 20
    assert taken > 0


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.9", "gzip"),
        ("GZIP", "gzip"),
        ("*", "zstd"),
        ("*;q=0.5, zstd;q=0", "gzip"),
        ("identity, gzip;q=0.5", None),
        ("gzip;q=0", None),
        ("br", None),
        ("gzip;q=x", None),
        ("", None),
        (",;=,q=", None),
        ("xgzip", None),
    ],
)
def test_the_client_chooses(accepted: str, encoding: str | None) -> None:
    assert chosen(accepted.encode()) == encoding


@given(st.binary(max_size=200))
def test_no_header_makes_the_choice_fail(accepted: bytes) -> None:
    assert chosen(accepted) in (None, "gzip", "zstd")
