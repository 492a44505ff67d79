"""Addresses: whatever something is called, its address leads to it, over either server."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from serving import serving
from stores import write
from test_api_asgi import served

import truckkit as tk
from truckkit.api.addresses import part
from truckkit.api.app import create_app
from truckkit.api.settings import Settings
from truckkit.store import Facts, keys

NAMES = [
    "T01",
    "a/../b",
    "a/b",
    "/",
    "//x",
    "../T",
    "..",
    ".",
    "T/positions",
    "T/tgsequence",
    "T/Distance/2022-11-07T00:00:00Z/2022-11-08T00:00:00Z/1",
    "a%2Fb",
    "%",
    "what?x=1",
    "#1",
    "two\r\nlines",
    "\ttab",
    " ",
    "a+b&c=d;e,f@g:h!$'()*~",
    "🚛 é \u202ex",
    "\x7f\x1b",
    "<b>T</b>",
]

Ask = Callable[..., tuple[int, Any, dict[str, str]]]


def mine(folder: Path, names: list[str]) -> Any:
    """The service over a mine with trucks of these names."""
    at = dt.datetime(2022, 11, 7, 12)  # noqa: DTZ001 - as stored
    write(
        folder,
        Facts(name="mine"),
        trucks=[{"truck": name, "given": True} for name in names],
        positions=[{"truck": name, "at": at, "x_m": 1.0, "y_m": 1.0} for name in names],
    )
    return create_app(tk.open(folder), settings=Settings(open=True))


def of_client(client: TestClient, headers: dict[str, str]) -> Ask:
    def ask(method: str, path: str, said: object = None, **more: str) -> tuple[int, Any, dict[str, str]]:
        answer = client.request(method, path, json=said, headers={**headers, **more})
        return answer.status_code, answer.json(), {k.lower(): v for k, v in answer.headers.items()}

    return ask


def of_port(port: int, headers: dict[str, str]) -> Ask:
    """Asks for a path as it is: this client puts none straight."""

    def ask(method: str, path: str, said: object = None, **more: str) -> tuple[int, Any, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        body = None if said is None else json.dumps(said)
        json_too = {"Content-Type": "application/json", "Accept": "application/json"}
        connection.request(method, path, body, {**headers, **json_too, **more})
        answer = connection.getresponse()
        found = json.loads(answer.read())
        connection.close()
        return answer.status, found, {k.lower(): v for k, v in answer.getheaders()}

    return ask


def lead_to_it(ask: Ask, name: str) -> None:
    """That each address of a truck, and of a record of that name, leads to it and to nothing else."""
    spelled = part(name)
    status, truck, _ = ask("GET", f"/api/v1/trucks/{spelled}")
    assert (status, truck["truck"]) == (200, name)

    status, page, _ = ask("GET", f"/api/v1/trucks/{spelled}/positions?limit=1000")
    assert (status, [row["truck"] for row in page["rows"]]) == (200, [name])

    status, machine, _ = ask("GET", f"/api/v1/aemp/Fleet/Equipment/ID/{spelled}?format=json")
    assert (status, machine["EquipmentHeader"]["EquipmentID"]) == (200, name)
    (itself,) = [link["href"] for link in machine["Links"]]
    assert ask("GET", itself)[1] == machine
    _, series, _ = ask(
        "GET", f"{itself.partition('?')[0]}/Locations/2022-11-07T00%3A00Z/2022-11-08T00:00Z/1?format=json"
    )
    assert series["EquipmentHeader"]["EquipmentID"] == name
    assert ask("GET", series["Links"][0]["href"])[1] == series

    _, feature, _ = ask("GET", f"/api/v1/ogc/collections/trucks/items/{spelled}")
    assert feature["id"] == name
    for link in feature["links"]:
        assert ask("GET", link["href"])[0] == 200, link["href"]

    record = {"start": "2022-11-07T12:00:00Z", "truck": name, "work_order": name}
    status, made, headers = ask("POST", "/api/v1/maintenance", record, **{"Idempotency-Key": quote(name)})
    assert status == 201, made
    status, found, told = ask("GET", headers["location"])
    assert (status, found) == (200, made)
    closed = {"stop": "2022-11-07T13:00:00Z"}
    status, found, _ = ask("POST", f"{headers['location']}/close", closed, **{"If-Match": told["etag"]})
    assert (status, found["work_order"], found["stop"]) == (200, name, "2022-11-07T13:00:00.000Z")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("names") / "mine"


@pytest.fixture(scope="module")
def app(folder: Path) -> Any:
    return mine(folder, NAMES)


@pytest.fixture(scope="module")
def headers(folder: Path, app: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {keys.add(folder, 'clerk', 'write')}"}


def test_every_address_leads_to_what_it_names_over_uvicorn(app: Any, headers: dict[str, str]) -> None:
    with serving(app) as origin:
        for name in NAMES[::2]:
            lead_to_it(of_port(urlsplit(origin).port or 0, headers), name)


def test_every_address_leads_to_what_it_names_over_the_bridge(app: Any, headers: dict[str, str]) -> None:
    with served(app) as server:
        for name in NAMES[1::2]:
            lead_to_it(of_port(server.port, headers), name)


# DuckDB holds no NUL, and a work order has a name of some length.
@settings(max_examples=6, deadline=None)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1, max_size=3
    )
)
def test_whatever_a_truck_is_called_its_address_leads_to_it(names: list[str]) -> None:
    names = sorted(set(names))
    with tempfile.TemporaryDirectory() as folder:
        client = TestClient(mine(Path(folder) / "mine", names))
        secret = keys.add(Path(folder) / "mine", "clerk", "write")
        for name in names:
            lead_to_it(of_client(client, {"Authorization": f"Bearer {secret}"}), name)


@given(st.text(st.characters(codec="utf-8")))
def test_a_part_of_a_path_is_one_part_that_no_client_climbs_at_or_cuts_off(name: str) -> None:
    spelled = part(name)
    assert spelled.isascii()
    assert spelled not in (".", "..")
    assert not set(spelled) & set('/?#\r\n \\"<>')
    assert urlsplit(f"/{spelled}").path == f"/{spelled}"


def test_one_path_is_one_question_however_it_is_spelled(app: Any, headers: dict[str, str]) -> None:
    client = TestClient(app, headers=headers)
    tags = {
        client.get(path).headers["etag"]
        for path in ("/api/v1/trucks/a%2Fb/positions", "/api/v1/trucks/%61%2fb/%70ositions")
    }
    assert len(tags) == 1


def test_slashes_that_a_proxy_has_decoded_still_lead_to_the_truck(app: Any, headers: dict[str, str]) -> None:
    client = TestClient(app, headers=headers)
    assert client.get("/api/v1/trucks/a/b").json()["truck"] == "a/b"
    assert client.get("/api/v1/trucks/a/b/positions").json()["rows"][0]["truck"] == "a/b"


def test_what_is_known_of_one_path_is_not_told_of_another(app: Any, headers: dict[str, str]) -> None:
    """A name with a slash and a step of the path are two questions, also to who remembers answers."""
    client = TestClient(app, headers=headers)
    for _ in range(3):
        assert client.get("/api/v1/trucks/T%2Fpositions").json()["truck"] == "T/positions"
        assert client.get("/api/v1/trucks/T/positions").status_code == 404


def test_links_keep_the_root_under_which_a_server_stands(app: Any, headers: dict[str, str]) -> None:
    client = TestClient(app, root_path="/mine", headers=headers)
    for link in client.get("/mine/api/v1/ogc").json()["links"]:
        assert link["href"].startswith("/mine/api/"), link
    page = client.get("/mine/api/v1/trucks?limit=1")
    assert page.json()["next"].startswith("/mine/api/v1/trucks?")
    assert client.get("/mine/api/v1/nothing").json()["instance"] == "/mine/api/v1/nothing"


def test_what_a_mount_has_not_is_told_with_the_services_own_address(
    app: Any, headers: dict[str, str]
) -> None:
    client = TestClient(app, root_path="/mine", headers=headers)
    lost = client.get("/mine/api/static/none.js")
    assert (lost.status_code, "are at /mine/api/docs." in lost.json()["detail"]) == (404, True)
    put = client.put("/mine/api/static/swagger-ui.css")
    assert (put.status_code, put.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
