"""Writing over REST: who may, once, from a version, and nothing else changes data."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from inputs import bring, holds, positions

from truckkit.api.app import create_app
from truckkit.site import open_site
from truckkit.store import check, keys, layout

ORDER = {"work_order": "W/1", "truck": "T1", "start": "2022-11-07T12:00:00.250Z", "kind": "tyre"}
REMARK = {"start": "2022-11-07T12:00:00Z", "remark": "=cmd|' /C calc'!A0 <b>blast</b>"}


class Service:
    """A service over a store, asked with a key."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.keys = {role: keys.add(store, role, role) for role in ("read", "write")}
        self.client = TestClient(create_app(open_site(store)), raise_server_exceptions=False)

    def ask(self, method: str, path: str, role: str = "write", **more: Any) -> Response:
        headers = {"Authorization": f"Bearer {self.keys[role]}", **more.pop("headers", {})}
        return self.client.request(method, f"/api/v1{path}", headers=headers, **more)

    def new(self, said: dict[str, Any], once: str = "a", path: str = "/maintenance", **more: Any) -> Response:
        return self.ask("POST", path, json=said, headers={"Idempotency-Key": once}, **more)

    def change(self, path: str, said: dict[str, Any], tag: str, method: str = "PATCH") -> Response:
        return self.ask(method, path, json=said, headers={"If-Match": tag})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which nobody has written a record."""
    folder = tmp_path_factory.mktemp("records") / "store"
    bring(folder, a_csv=positions("T1 abc"))
    return folder


@pytest.fixture(scope="module")
def refusing(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service for what changes nothing, which each of its tests looks after."""
    return Service(shutil.copytree(store, tmp_path_factory.mktemp("refusing") / "store"))


@pytest.fixture
def service(store: Path, tmp_path: Path) -> Service:
    return Service(shutil.copytree(store, tmp_path / "store"))


def test_a_record_is_made_changed_and_closed(service):
    made = service.new(ORDER)
    assert made.status_code == 201
    path = made.headers["location"].removeprefix("/api/v1")
    changed = service.change(path, {"component": "rear left", "kind": None}, made.headers["etag"])
    closed = service.change(
        f"{path}/close", {"stop": "2022-11-07T15:00:00+02:00"}, changed.headers["etag"], "POST"
    )
    assert (changed.status_code, closed.status_code) == (200, 200)
    row = service.ask("GET", path, role="read").json()
    assert row == closed.json()
    assert {name: row[name] for name in ("work_order", "start", "stop", "kind", "component", "version")} == {
        "work_order": "W/1",
        "start": "2022-11-07T12:00:00.250Z",
        "stop": "2022-11-07T13:00:00.000Z",
        "kind": None,
        "component": "rear left",
        "version": 3,
    }
    assert service.ask("GET", "/maintenance", role="read").json()["rows"] == [row]
    assert check(service.store) == []


def test_a_request_that_is_sent_again_changes_nothing_more(service):
    first, again = service.new(REMARK, path="/annotations"), service.new(REMARK, path="/annotations")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    other = service.new({**REMARK, "remark": "other"}, path="/annotations")
    assert other.status_code == 422
    assert "made before with another content" in other.json()["detail"]
    assert len(service.ask("GET", "/annotations").json()["rows"]) == 1


def test_a_change_goes_out_from_the_version_that_there_is(service):
    tag = service.new(ORDER).headers["etag"]
    path = "/maintenance/W%2F1"
    assert service.ask("PATCH", path, json={"kind": "x"}).status_code == 428
    assert service.change(path, {"kind": "x"}, "*").status_code == 422
    assert service.change(path, {"kind": "x"}, f"W/{tag}").status_code == 200
    late = service.change(path, {"kind": "y"}, tag)
    assert (late.status_code, service.ask("GET", path).json()["kind"]) == (412, "x")


def test_a_record_is_not_sent_again_to_whom_has_it(service):
    tag = service.new(ORDER).headers["etag"]
    known = service.ask("GET", "/maintenance/W/1", headers={"If-None-Match": tag})
    assert (known.status_code, known.content) == (304, b"")
    assert service.ask("GET", "/maintenance/W/1", headers={"If-None-Match": "*"}).status_code == 304
    assert service.ask("GET", "/maintenance/W/2", headers={"If-None-Match": "*"}).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/maintenance"),
        ("PATCH", "/maintenance/W1"),
        ("POST", "/maintenance/W1/close"),
        ("POST", "/annotations"),
        ("PATCH", "/annotations/a"),
        ("POST", "/annotations/a/close"),
    ],
)
def test_who_may_only_read_or_shows_nothing_writes_nothing(refusing, method, path):
    before = holds(refusing.store)
    assert refusing.ask(method, path, role="read", json=ORDER).status_code == 403
    assert refusing.client.request(method, f"/api/v1{path}", json=ORDER).status_code == 401
    assert holds(refusing.store) == before


def test_without_keys_nobody_writes(store):
    client = TestClient(create_app(open_site(store)), client=("127.0.0.1", 1))
    answer = client.post("/api/v1/annotations", json=REMARK, headers={"Idempotency-Key": "a"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("said", "status", "why"),
    [
        ({**ORDER, "truck": "T9"}, 404, 'no truck "T9"'),
        ({**ORDER, "truck": None}, 422, "truck"),
        ({**ORDER, "start": "2022-11-07T12:00:00"}, 422, "start"),
        ({**ORDER, "start": "yesterday"}, 422, "start"),
        ({**ORDER, "start": "0001-01-01T00:00:00Z"}, 422, "years"),
        ({**ORDER, "stop": ORDER["start"]}, 422, "does not come after start"),
        ({**ORDER, "kind": "a\0b"}, 422, "no text may hold"),
        ({**ORDER, "kind": "x" * 10_001}, 422, "kind has 10,001 characters; give 10,000 at most."),
        ({**ORDER, "version": 3}, 422, "version"),
        ({**ORDER, "load_id": 3}, 422, "load_id"),
        ([ORDER], 422, "the body is a list; send a JSON object"),
        ("x", 422, 'the body is "x"; send a JSON object'),
        (None, 422, "the body is missing; send a JSON object"),
        ({**ORDER, "start": 1_667_822_400}, 422, "start is 1667822400; give an instant in RFC 3339"),
        ({**ORDER, "start": "1667822400"}, 422, 'start is "1667822400"; give an instant in RFC 3339'),
        ({**ORDER, "start": None}, 422, "start is null; give an instant in RFC 3339"),
        ({**ORDER, "kind": ["a"]}, 422, "kind is a list; give text."),
        ({**ORDER, "kind": ""}, 422, 'kind is ""; give some text.'),
        ({**ORDER, "truk": "T1"}, 422, 'no field "truk" here; did you mean "truck"?'),
        ({"truck": "T1"}, 422, "start is missing; name it in the body."),
    ],
)
def test_what_cannot_be_is_a_problem_and_changes_nothing(refusing, said, status, why):
    before = holds(refusing.store)
    answer = refusing.new(said)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert why in answer.json()["detail"]
    assert "Value error" not in answer.text
    assert holds(refusing.store) == before


@pytest.mark.parametrize(
    ("content", "media", "status", "why"),
    [
        (
            b'{"start"',
            "application/json",
            422,
            "the body is not JSON from character 8 on; send a JSON object",
        ),
        (b"\xff\xfe{", "application/json", 422, "it is not text in UTF-8"),
        (b"[" * 50_000, "application/json", 422, "too many brackets"),
        (b'{"remark": %s}' % (b"9" * 5000), "application/json", 422, "thousands of digits"),
        (
            b'{"remark": "\\ud800", "start": "2022-11-07T12:00:00Z"}',
            "application/json",
            422,
            "surrogate pairs",
        ),
        (b'{"\\ud800": 1}', "application/json", 422, "a field whose name is no text"),
        (b"{}", "text/plain", 415, "the body is 2 bytes that are not said to be JSON; send a JSON object"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "Content-Type application/json"),
        (b"{}", None, 415, "Content-Type application/json"),
    ],
)
def test_a_body_that_is_no_json_is_told_so(refusing, content, media, status, why):
    before = holds(refusing.store)
    said = {"Idempotency-Key": "a", **({"Content-Type": media} if media else {})}
    answer = refusing.ask("POST", "/annotations", headers=said, content=content)
    assert (answer.status_code, answer.json()["errors"] if status == 415 else []) == (
        status,
        [{"parameter": "body", "detail": answer.json()["detail"][:-1]}] if status == 415 else [],
    )
    assert why in answer.json()["detail"]
    assert holds(refusing.store) == before


def test_a_name_that_is_taken_and_one_that_is_not_there_are_told(service):
    service.new(ORDER)
    assert service.new({**ORDER, "kind": "x"}, once="b").status_code == 409
    assert service.change("/maintenance/W9", {"kind": "x"}, '"1.1"').status_code == 404
    assert service.ask("GET", "/annotations/none").status_code == 404


def test_a_store_that_somebody_writes_to_is_busy(service, monkeypatch):
    monkeypatch.setattr("truckkit.api.records.WAIT_S", 0.1)

    with layout.lock(service.store):
        answer = service.new(ORDER)
    assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
    assert service.new(ORDER).status_code == 201


def test_each_change_leaves_a_line_that_says_who(service, caplog):
    with caplog.at_level(logging.INFO, "truckkit.audit"):
        tag = service.new(ORDER).headers["etag"]
        service.change("/maintenance/W/1", {"kind": "x"}, tag)
        service.new(ORDER)
    said = [record.getMessage() for record in caplog.records if record.name == "truckkit.audit"]
    assert ["work order created" in said[0], "work order changed" in said[1], len(said)] == [True, True, 2]
    assert all('"key":"write"' in line for line in said)
    assert not any(secret in line for line in said for secret in service.keys.values())
