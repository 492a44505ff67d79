"""Hostile values in every parameter, path and body of every operation: clear answers, and nothing told.

What is tried is read from the service's own document, so that a new route is tried without a word here.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import logging
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from stores import copied_sample, write

import truckkit as tk
from truckkit.api.app import create_app
from truckkit.api.settings import Settings
from truckkit.site import open_site
from truckkit.store import Facts, keys

CANARY = "tk_CanaryCanaryCanaryCanaryCanaryCanary0123456"
"""Looks like a key of the store; wherever it is put, it is not said back."""

HOSTILE = {
    "quote": "'",
    "SQL": "'; DROP TABLE positions; --",
    "SQL that is true": "' OR '1'='1",
    "SQL that reads files": "read_csv('/etc/passwd')",
    "union": "T01' UNION ALL SELECT name FROM duckdb_settings() --",
    "path": "../../../../etc/passwd",
    "path, written twice": "..%2f..%2f..%2fetc%2fpasswd",
    "path of Windows": r"..\..\windows\win.ini",
    "address of a file": "file:///etc/passwd",
    "format of Python": "%s%n{0.__class__}{settings}",
    "template": "{{7*7}}${7*7}<%= 7*7 %>",
    "shell": "$(id); `id` | id && id",
    "NaN": "NaN",
    "infinity": "-Infinity",
    "number out of all bounds": "9" * 400,
    "exponent": "1e999",
    "number below all bounds": "-9223372036854775809",
    "year 10000": "10000-01-01T00:00:00Z",
    "year 0": "0000-01-01T00:00:00Z",
    "last year, beyond UTC": "9999-12-31T23:59:59-14:00",
    "first year, beyond UTC": "0001-01-01T00:00:00+14:00",
    "February 30": "2026-02-30T00:00:00Z",
    "instant without a zone": "2026-11-22T12:00:00",
    "10 kB": "x" * 10_000,
    "10 kB of commas": "," * 10_000,
    "nested brackets": "[" * 5_000,
    "emoji": "🚛" * 20,
    "joined emoji": "👩\u200d🔧",
    "right to left": "\u202e\u200fإختبار",
    "NUL": "T01\0",
    "controls": "\x07\x1b[31m\x7f",
    "line break": "T01\r\nSet-Cookie: a=b\r\n\r\n<html>",
    "formula": "=cmd|' /C calc'!A0",
    "formula of at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "markup": "<script>alert(1)</script>",
    "markup in an attribute": '" onmouseover=alert(1) x="',
    "entity": "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>",
    "half a pair": "\ud800",
    "empty": "",
    "blank": "   ",
    "key": CANARY,
    "cursor that is JSON": "bnVsbA",
    "cursor of lists": "WzEsWzEsWzEsWzFdXV1d",
}

SAYS_TOO_MUCH = re.compile(
    r"input should|string should|field required|extra inputs|value error|"
    r"select |from main|duckdb|sqlglot|traceback|\.py\b|catalog-\d|day-\d{4}|/tmp/|/home/|root:x:|"
    + re.escape(str(Path(tk.__file__).parent)),
    re.IGNORECASE,
)
"""What no answer to such a question holds, unless it was asked with these very words."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, in a store of its own that may be written."""
    return copied_sample(tmp_path_factory.mktemp("hostile") / "mine")


@pytest.fixture(scope="module")
def client(folder: Path) -> TestClient:
    """The service, asked with a key that may write."""
    key = keys.add(folder, "tester", "write")
    headers = {"Authorization": f"Bearer {key}"}
    return TestClient(create_app(open_site(folder)), headers=headers, raise_server_exceptions=False)


# The document is the same over every store, so that tests are named before there is one.
OPERATIONS: list[tuple[str, str, dict[str, Any]]] = [
    (method, path, said)
    for path, methods in create_app(tk.sample, settings=Settings(open=True)).openapi()["paths"].items()
    for method, said in methods.items()
]
QUERIES = [
    (path, parameter["name"])
    for method, path, said in OPERATIONS
    for parameter in said.get("parameters", ())
    if method == "get" and parameter["in"] == "query"
]
PATHS = [(method, path) for method, path, _ in OPERATIONS if "{" in path]
BODIES = [(method, path) for method, path, said in OPERATIONS if "requestBody" in said]


def held(answer: Response, given: str) -> None:
    """That an answer is clear: no fault of the server, a problem where it is one, and nothing told."""
    assert answer.status_code < 500, (given[:60], answer.text[:300])
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert len(problem["detail"]) < 12_000
        told = problem["detail"].replace(given, "").replace(given[:60], "")
        assert not SAYS_TOO_MUCH.search(told), told
    assert CANARY.encode() not in answer.content
    for name, value in answer.headers.items():
        assert "\n" not in value
        assert "\r" not in value
        assert CANARY not in value, name


def filled(path: str) -> str:
    """A path whose parts are what somebody may mean."""
    meant = {
        "truck": "T01",
        "metric": "productivity",
        "tproperty": "speed_kmh",
        "resource": "Distance",
        "page": "1",
    }
    times = {"start": "2026-11-22T12:00:00Z", "stop": "2026-11-22T13:00:00Z"}
    return re.sub(r"\{(\w+)\}", lambda part: (meant | times)[part[1]], path)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_parameter_is_answered_clearly(
    client: TestClient, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    value = HOSTILE[kind]
    said = quote(value, safe="", errors="surrogatepass")
    with caplog.at_level(logging.INFO, "truckkit"):
        for path, name in QUERIES:
            held(client.get(f"{filled(path)}?{quote(name)}={said}"), value)
    assert CANARY not in caplog.text


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_name_of_a_parameter_is_answered_clearly(client: TestClient, kind: str) -> None:
    said = quote(HOSTILE[kind], safe="", errors="surrogatepass")
    for path in sorted({path for path, _ in QUERIES}):
        answer = client.get(f"{filled(path)}?{said}=1")
        held(answer, HOSTILE[kind])
        assert answer.status_code == 422


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_part_of_a_path_is_answered_clearly(
    client: TestClient, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    value = HOSTILE[kind]
    said = quote(value, safe="", errors="surrogatepass")
    with caplog.at_level(logging.INFO, "truckkit"):
        for method, path in PATHS:
            # One part alone, for no server reads an address of forty kilobytes.
            answer = client.request(method, filled(re.sub(r"\{\w+\}", lambda _: said, path, count=1)))
            held(answer, value)
            # A part that is empty, or blank, may be another route.
            assert answer.status_code >= 400 or not value.strip(), path
    assert CANARY not in caplog.text
    assert "\nSet-Cookie" not in caplog.text


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("header", ["accept", "if-none-match", "x-request-id", "accept-encoding", "cookie"])
def test_a_hostile_header_is_answered_clearly(client: TestClient, header: str, kind: str) -> None:
    value = HOSTILE[kind].encode("utf-8", "surrogatepass")
    if any(each < 32 or each == 127 for each in value):
        return  # no server lets a control character of a header through
    answer = client.get("/api/v1/trucks", headers={header.encode(): value})
    held(answer, HOSTILE[kind])
    assert answer.status_code in ((200, 406) if header == "accept" else (200, 304))


@pytest.mark.parametrize("kind", [kind for kind in HOSTILE if kind != "half a pair"])
def test_a_hostile_body_is_answered_clearly(client: TestClient, kind: str) -> None:
    value = HOSTILE[kind]
    for (method, path), headers in itertools.product(
        BODIES,
        ({"Idempotency-Key": "a", "If-Match": '"1"'}, {"Idempotency-Key": "x" * 9000, "If-Match": "*"}),
    ):
        address = re.sub(r"\{\w+\}", "none", path)
        fields = dict.fromkeys(("work_order", "truck", "start", "stop", "kind", "remark", value), value)
        for body in (json.dumps(fields), json.dumps(value), value, json.dumps([value] * 50)):
            content = body.encode("utf-8", "surrogatepass")
            answer = client.request(
                method, address, content=content, headers={"Content-Type": "application/json", **headers}
            )
            held(answer, value)
            assert answer.status_code >= 400


NAMES = [
    "=cmd|' /C calc'!A0",
    "@SUM(1)",
    "+1",
    "-1",
    "\t=1",
    'a"b,c',
    "<b>T</b>",
    "../T",
    "🚛 \u202ex",
    "T\n1",
]


@pytest.fixture(scope="module")
def hostile_mine(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A mine whose trucks have the names that somebody gave them."""
    written = write(
        tmp_path_factory.mktemp("names") / "mine",
        Facts("<i>mine</i>", "UTC"),
        trucks=[{"truck": name, "given": True} for name in NAMES],
    )
    return TestClient(create_app(open_site(written)), raise_server_exceptions=False)


@pytest.mark.parametrize("name", NAMES)
def test_a_truck_with_a_hostile_name_is_found_by_it(hostile_mine: TestClient, name: str) -> None:
    answer = hostile_mine.get("/api/v1/trucks", params={"truck": name})
    assert [row["truck"] for row in answer.json()["rows"]] == [name]
    alone = hostile_mine.get(f"/api/v1/trucks/{quote(name, safe='')}")
    assert alone.json()["truck"] == name
    assert alone.headers["x-content-type-options"] == "nosniff"


def test_a_table_of_csv_runs_no_formula(hostile_mine: TestClient) -> None:
    text = hostile_mine.get("/api/v1/trucks?format=csv&columns=truck").text
    cells = [row[0] for row in csv.reader(io.StringIO(text))][1:]
    assert len(cells) == len(NAMES)
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r"]
