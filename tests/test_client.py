"""A service that fails or breaks off is told of in one sentence, and nothing of it is taken as whole."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import truckkit as tk
from truckkit import schema
from truckkit.errors import BadRequest, NoStore, SourceFailed, TruckkitError, UnknownName
from truckkit.store.client import Service

Answer = Callable[[BaseHTTPRequestHandler], None]
HEALTHY = {"status": "ready", "site": "Pit", "version": "0.1.0", "generation": 1}


@contextmanager
def answering(answer: Answer) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that answers each request so, and the headers of the requests that came."""
    heard: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            heard.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
            answer(self)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/api", heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def says(status: int, body: bytes = b"", kind: str = "application/json", **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def problem(status: int, detail: str, **headers: str) -> Answer:
    return says(status, json.dumps({"detail": detail}).encode(), "application/problem+json", **headers)


def in_turn(*answers: Answer) -> Answer:
    """Each request has the next of these; the last one again and again."""
    left = list(answers)
    return lambda request: (left.pop(0) if len(left) > 1 else left[0])(request)


def healthy_then(*answers: Answer) -> Answer:
    return in_turn(says(200, json.dumps(HEALTHY).encode()), *answers)


def arrow(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=100)
    return sink.getvalue().to_pybytes()


TRUCKS = pa.Table.from_pylist(
    [{"truck": f"T{number}", "given": True, "load_id": 0, "model": "x" * 50} for number in range(500)],
    schema.TRUCKS.schema.to_pyarrow(),
)


# Whether anything is there -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (says(200, b"<html>", "text/html"), NoStore, "no truckkit service"),
        (says(200, b'{"status": "up"}'), NoStore, "no truckkit service"),
        (says(404, b"not here", "text/plain"), NoStore, "no truckkit service"),
        (problem(404, "nothing here"), NoStore, "no truckkit service"),
        (problem(401, "a key is wanted"), SourceFailed, 'the key given.*key="…"'),
        (problem(403, "not you"), SourceFailed, "the key given"),
        (says(302, Location="http://127.0.0.1:1/elsewhere"), SourceFailed, "sends us elsewhere"),
        (problem(500, "the server failed"), SourceFailed, r"failed \(500\)"),
        (says(502, b"bad gateway", "text/html"), SourceFailed, r"failed \(502\)"),
        (says(200, json.dumps({**HEALTHY, "generation": None}).encode()), SourceFailed, "no generation"),
    ],
)
def test_what_is_wrong_is_one_sentence(answer: Answer, kind: type[TruckkitError], sentence: str) -> None:
    with answering(answer) as (address, heard), pytest.raises(kind, match=sentence) as fault:
        tk.open(address, key="tk_canary")
    assert "canary" not in str(fault.value)
    assert "\n" not in str(fault.value)
    assert len(heard) == 1


def test_nobody_there_is_told_by_address() -> None:
    with pytest.raises(SourceFailed, match=r"nothing answers at http://127\.0\.0\.1:1/api"):
        tk.open("http://127.0.0.1:1/api")


def test_a_key_never_follows_a_redirect() -> None:
    with answering(says(200, json.dumps(HEALTHY).encode())) as (elsewhere, heard):
        with (
            answering(says(307, Location=f"{elsewhere}/health")) as (address, _),
            pytest.raises(SourceFailed, match="elsewhere"),
        ):
            tk.open(address, key="tk_canary")
        assert heard == []


def test_the_key_is_shown_as_a_bearer() -> None:
    with answering(says(200, json.dumps(HEALTHY).encode())) as (address, heard):
        tk.open(f"{address}/v1/", key=" tk_canary\n")
    assert (heard[0]["path"], heard[0]["authorization"]) == ("/api/health", "Bearer tk_canary")


@given(st.text().filter(lambda key: not re.fullmatch(r"[!-~]*", key.strip())))
def test_a_key_that_is_none_is_refused_unsaid(key: str) -> None:
    with pytest.raises(BadRequest) as fault:
        Service("http://127.0.0.1:1", key)
    assert str(fault.value).startswith("the key holds what no key holds;")


@pytest.mark.parametrize(
    "address",
    ["http://", "http://a b/api", "https://mine.example/api?key=canary", "http://[::1", "http://x:port/"],
)
def test_what_is_no_address_is_refused_unsaid(address: str) -> None:
    with pytest.raises(BadRequest, match="no address of a service") as fault:
        tk.open(address)
    assert "canary" not in str(fault.value)


# Waiting -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_asked_again_when_it_says(status: int) -> None:
    waited: list[float] = []
    busy = problem(status, "later", Retry_After="7")
    with answering(in_turn(busy, busy, says(200, json.dumps(HEALTHY).encode()))) as (address, heard):
        assert Service(address, wait=waited.append).health()["generation"] == 1
    assert waited == [7, 7]
    assert len(heard) == 3


@pytest.mark.parametrize("after", ["1", "30", "3600", "soon", "-5", ""])
def test_patience_has_an_end(after: str) -> None:
    waited: list[float] = []
    with (
        answering(problem(503, "the store is closed", Retry_After=after)) as (address, heard),
        pytest.raises(SourceFailed, match=r"is busy.*the store is closed"),
    ):
        Service(address, wait=waited.append).health()
    assert sum(waited) <= 60
    assert len(heard) <= 20


# Answers -----------------------------------------------------------------------------------------


def trucks_of(answer: Answer) -> int:
    with answering(healthy_then(answer)) as (address, _):
        return int(tk.open(address).trucks.count().execute())


def test_an_answer_that_ends_is_taken() -> None:
    assert trucks_of(says(200, arrow(TRUCKS), Truckkit_Generation="1")) == 500


def chunked(body: bytes, end: bytes) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.send_header("Truckkit-Generation", "1")
        request.end_headers()
        request.wfile.write(b"%x\r\n%s\r\n%s" % (len(body), body, end))
        request.close_connection = True

    return answer


def test_a_stream_that_ends_is_taken() -> None:
    assert trucks_of(chunked(arrow(TRUCKS), b"0\r\n\r\n")) == 500


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("end", [b"", b"0\r\n\r\n"])
def test_an_answer_that_is_cut_off_is_never_taken_as_whole(share: float, end: bytes) -> None:
    body = arrow(TRUCKS)
    # A server that counts right and stops early, and one that goes away: neither is the whole.
    cut = body[: int(len(body) * share) - 8] if share else b""
    with pytest.raises(SourceFailed, match=r"the trucks that .* sent broke off"):
        trucks_of(chunked(cut, end) if cut else says(200, b"", Truckkit_Generation="1"))


def test_bytes_after_the_end_are_no_answer() -> None:
    with pytest.raises(SourceFailed, match="broke off"):
        trucks_of(says(200, arrow(TRUCKS) + b"more", Truckkit_Generation="1"))


def test_a_whole_answer_after_one_that_was_cut_off_is_taken() -> None:
    whole = arrow(TRUCKS)
    cut, good = chunked(whole[:-100], b""), says(200, whole, Truckkit_Generation="1")
    with answering(healthy_then(cut, good)) as (address, _):
        trucks = tk.open(address).trucks
        with pytest.raises(SourceFailed):
            trucks.count().execute()
        assert trucks.count().execute() == 500


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (says(200, arrow(TRUCKS)), SourceFailed, "does not say which generation"),
        (says(200, arrow(TRUCKS), Truckkit_Generation="²"), SourceFailed, "does not say which generation"),
        (problem(422, "the answer has 30,000,000 rows"), BadRequest, "30,000,000 rows"),
        (problem(404, "no resource"), UnknownName, "does not know.*no resource"),
        (
            problem(500, "red \x1b[31m and \u202e" + "x" * 5000),
            SourceFailed,
            r"failed \(500\): red \[31m and x",
        ),
    ],
)
def test_what_a_service_cannot_answer_is_told_in_its_words(
    answer: Answer, kind: type[TruckkitError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence) as fault:
        trucks_of(answer)
    assert len(str(fault.value)) < 600
    assert str(fault.value).isprintable()


def test_a_service_of_another_truckkit_is_told_by_the_column_that_differs() -> None:
    other = arrow(TRUCKS.drop_columns(["fleet"]))
    health = says(200, json.dumps({**HEALTHY, "version": "9.9"}).encode())
    with (
        answering(in_turn(health, says(200, other, Truckkit_Generation="1"), health)) as (address, _),
        pytest.raises(SourceFailed, match=r"no column fleet .*it is 9\.9"),
    ):
        tk.open(address).trucks.count().execute()


def test_columns_that_came_later_are_passed_over() -> None:
    more = TRUCKS.append_column("colour", pa.array(["red"] * 500))
    assert trucks_of(says(200, arrow(more), Truckkit_Generation="1")) == 500


def test_a_service_whose_generation_moves_at_every_question_is_given_up() -> None:
    answers = [says(200, arrow(TRUCKS), Truckkit_Generation=str(number)) for number in range(2, 9)]
    with (
        answering(healthy_then(*answers)) as (address, heard),
        pytest.raises(SourceFailed, match="newer generation"),
    ):
        tk.open(address).trucks.count().execute()
    assert len(heard) == 6
