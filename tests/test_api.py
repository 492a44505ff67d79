"""The service, asked as a client asks it."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

import truckkit as tk
from truckkit.api import models
from truckkit.api.app import create_app
from truckkit.errors import DamagedStore

MODELS = {
    "/api/health": models.Health,
    "/api/v1/trucks": models.TruckPage,
    "/api/v1/trucks/T01": models.Truck,
    "/api/v1/trucks/T01/positions": models.PositionPage,
    "/api/v1/states": models.StatePage,
    "/api/v1/cycles": models.CyclePage,
}


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(create_app(tk.sample), raise_server_exceptions=False)


@pytest.mark.parametrize("path", MODELS)
def test_answers_are_what_the_models_document(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    model: type[BaseModel] = MODELS[path]
    model.model_validate_json(answer.content)


@pytest.mark.parametrize("path", MODELS)
def test_head_answers_as_get_without_a_body(client: TestClient, path: str) -> None:
    answer = client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("path", ["/api/v1/states?limit=97", "/api/v1/cycles?truck=T01&truck=T02&limit=7"])
def test_pages_joined_are_the_whole_table_once(client: TestClient, path: str) -> None:
    rows, following = [], path
    while following:
        answer = client.get(following).json()
        rows += answer["rows"]
        following = answer["next"]
    keys = [(row["truck"], row["source"], row["start"], row["stop"]) for row in rows]
    site = tk.sample().truck("T01", "T02") if "truck" in path else tk.sample()
    table = site.states if "states" in path else site.cycles
    assert keys == sorted(set(keys))
    assert len(keys) == table.count().execute()


def test_a_window_holds_its_start_and_not_its_stop(client: TestClient) -> None:
    path = "/api/v1/trucks/T01/positions"
    first, second = (row["at"] for row in client.get(f"{path}?limit=2").json()["rows"])
    rows = client.get(path, params={"start": first, "stop": second}).json()["rows"]
    assert [row["at"] for row in rows] == [first]


def test_offsets_are_honoured_to_the_millisecond(client: TestClient) -> None:
    path = "/api/v1/trucks/T01/positions"
    first = client.get(f"{path}?limit=1").json()["rows"][0]["at"]
    instant = dt.datetime.fromisoformat(first).astimezone(dt.timezone(dt.timedelta(hours=-3)))
    until = instant + dt.timedelta(milliseconds=1)
    rows = client.get(path, params={"start": instant.isoformat(), "stop": until.isoformat()}).json()["rows"]
    assert [row["at"] for row in rows] == [first]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/api/v1/trucks/T99", 404, 'no truck "T99"'),
        ("/api/v1/trucks/T99/positions", 404, 'no truck "T99"'),
        ("/api/v1/cycles?truck=T1", 404, 'did you mean "T01"'),
        ("/api/v1/cycles?trukc=T01", 422, 'did you mean "truck"'),
        ("/api/v1/cycles?source=gps", 404, 'no source "gps"'),
        ("/api/v1/states?start=2026-11-22T18:00", 422, "has no zone"),
        ("/api/v1/states?start=yesterday", 422, "is not a time"),
        ("/api/v1/states?start=2026-11-22T18:00Z&stop=2026-11-22T17:00Z", 422, "runs backwards"),
        ("/api/v1/states?start=9999-12-31T23:59:59-23:00", 422, "beyond"),
        ("/api/v1/states?limit=0", 422, "limit"),
        ("/api/v1/states?limit=10001", 422, "limit"),
        ("/api/v1/states?cursor=nonsense", 422, "cursor cannot be read"),
        ("/api/v1/nothing", 404, "nothing at"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_in_one_sentence(
    client: TestClient, path: str, status: int, said: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = models.Problem.model_validate_json(answer.content)
    assert problem.status == status
    assert said in problem.detail
    assert "Traceback" not in answer.text


def test_a_truck_of_hostile_name_is_only_not_there(client: TestClient) -> None:
    for name in ["' OR 1=1 --", "<img src=x onerror=alert(1)>", "\u202egnp", "🚚" * 100, "T01\x00"]:
        answer = client.get("/api/v1/cycles", params={"truck": name})
        assert answer.status_code == 404
        assert answer.json()["status"] == 404


def test_a_cursor_of_another_generation_is_gone(client: TestClient) -> None:
    following = client.get("/api/v1/states?limit=1").json()["next"]

    class Newer:
        def __getattr__(self, name: str) -> object:
            return 2 if name == "generation" else getattr(tk.sample(), name)

    newer = TestClient(create_app(Newer))  # type: ignore[arg-type]
    assert newer.get(following).status_code == 410


def test_a_cursor_belongs_to_its_question(client: TestClient) -> None:
    following = client.get("/api/v1/states?limit=1").json()["next"]
    answer = client.get(following + "&truck=T02")
    assert (answer.status_code, "another question" in answer.json()["detail"]) == (422, True)


def test_what_the_client_has_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/api/v1/trucks")
    again = client.get("/api/v1/trucks", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/api/v1/states", headers={"If-None-Match": first.headers["etag"]}).status_code == 200


def test_other_methods_are_refused(client: TestClient) -> None:
    assert client.post("/api/v1/trucks").status_code == 405


def test_a_store_that_does_not_open_is_said_to_be_unavailable() -> None:
    def broken() -> tk.Site:
        raise DamagedStore("mine is damaged: day 3 is missing; bring it back from a backup.")

    answer = TestClient(create_app(broken)).get("/api/health")
    assert (answer.status_code, "damaged" in answer.json()["detail"]) == (503, True)


def test_an_unforeseen_error_tells_the_client_a_number_and_nothing_else() -> None:
    def failing() -> tk.Site:
        raise RuntimeError("a secret path")

    answer = TestClient(create_app(failing), raise_server_exceptions=False).get("/api/health")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["request_id"]


def test_fields_in_the_documents_have_the_meaning_and_unit_of_the_schema(client: TestClient) -> None:
    cycle = client.get("/api/openapi.json").json()["components"]["schemas"]["Cycle"]["properties"]
    assert cycle["payload_t"]["x-unit"] == "t"
    assert cycle["payload_t"]["description"].startswith("Payload measured")


def test_the_documents_load_nothing_from_outside(client: TestClient) -> None:
    page = client.get("/api/docs").text
    assert "https://" not in page.replace("https://www.w3.org", "")
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert client.get(f"/api/static/{asset}").status_code == 200


def test_no_answer_holds_a_number_that_json_has_not(client: TestClient) -> None:
    json.loads(
        client.get("/api/v1/trucks/T01/positions?limit=100").text,
        parse_constant=lambda constant: pytest.fail(f"{constant} in the answer"),
    )
