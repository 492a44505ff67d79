"""The service, asked as a client asks it."""

from __future__ import annotations

import base64
import datetime as dt
import json
from pathlib import Path
from urllib.parse import quote

import ibis
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from stores import write

import truckkit as tk
from truckkit import schema
from truckkit.api import models
from truckkit.api.app import create_app
from truckkit.api.settings import Settings
from truckkit.errors import BadTime, DamagedStore
from truckkit.store import Draft, Facts, publish

MODELS = {
    "/api/health": models.Health,
    "/api/health/live": models.Live,
    "/api/health/ready": models.Ready,
    "/api/v1/trucks": models.TruckPage,
    "/api/v1/trucks/T01": models.Truck,
    "/api/v1/trucks/T01/positions": models.PositionPage,
    "/api/v1/states": models.StatePage,
    "/api/v1/cycles": models.CyclePage,
}


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(create_app(tk.sample()), raise_server_exceptions=False)


@pytest.mark.parametrize("path", MODELS)
def test_answers_are_what_the_models_document(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    model: type[BaseModel] = MODELS[path]
    model.model_validate_json(answer.content)


@pytest.mark.parametrize("path", MODELS)
def test_head_answers_as_get_without_a_body(client: TestClient, path: str) -> None:
    answer, whole = client.head(path), client.get(path)
    assert (answer.status_code, answer.content) == (200, b"")
    if path != "/api/health":  # whose age grows
        assert answer.headers["content-length"] == whole.headers["content-length"]
        assert answer.headers.get("etag") == whole.headers.get("etag")


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
        ("/api/v1/states?start=yesterday", 422, 'not a time; write one such as "2026-11-22T18:00:00.250Z"'),
        ("/api/v1/states?start=0001-01-01T00:00Z&stop=0001-01-01T01:00Z", 422, "1900 to 2200"),
        ("/api/v1/states?start=2026-11-22T18:00Z&stop=2026-11-22T17:00Z", 422, "runs backwards"),
        ("/api/v1/states?start=9999-12-31T23:59:59-23:00", 422, "1900 to 2200"),
        (
            "/api/v1/states?start=2026-11-22T18:00Z&stop=2026-11-22T19:00%2B02:00",
            422,
            'stops at "2026-11-22T17:',
        ),
        ("/api/v1/states?start=2026-11-22T18:00Z&stop=2026-11-22T18:00Z", 422, "let it stop later"),
        ("/api/v1/states?limit=0", 422, 'limit is "0"; give a number from 1 on.'),
        ("/api/v1/states?limit=x", 422, 'limit is "x"; give a whole number.'),
        ("/api/v1/states?min_duration_s=inf", 422, 'min_duration_s is "inf"; give a finite number.'),
        ("/api/v1/states?limit=x&min_duration_s=y", 422, 'limit is "x"; give a whole number'),
        (f"/api/v1/states?start={'x' * 200}", 422, "start has 200 characters; give 100 at most."),
        ("/api/v1/states?limit=10001", 422, "limit"),
        ("/api/v1/states?limit=5&limit=6", 422, "given 2 times"),
        ("/api/v1/states?state=hual", 404, 'did you mean "haul"'),
        ("/api/v1/trucks/T01/positions?truck=T02", 422, 'no parameter "truck"'),
        ("/api/health?verbose=1", 422, 'no parameter "verbose"'),
        ("/api/v1/cycles/", 404, "nothing at"),
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


def test_a_cursor_belongs_to_its_question(client: TestClient) -> None:
    following = client.get("/api/v1/states?limit=1").json()["next"]
    answer = client.get(following + "&truck=T02")
    assert (answer.status_code, "another question" in answer.json()["detail"]) == (422, True)


def test_what_the_client_has_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/api/v1/trucks")
    again = client.get("/api/v1/trucks", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/api/v1/states", headers={"If-None-Match": first.headers["etag"]}).status_code == 200


def test_who_has_anything_at_all_is_sent_nothing_again() -> None:
    client = TestClient(create_app(tk.sample()))
    for path in ("trucks", "trucks/T01", "latest", "positions?format=csv", "ogc", "metrics"):
        # Asked for before anybody has had it, and then as what is known.
        tags = set()
        for _ in range(2):
            answer = client.get(f"/api/v1/{path}", headers={"If-None-Match": " *"})
            assert (answer.status_code, answer.content) == (304, b"")
            tags.add(answer.headers["etag"])
            tags.add(client.get(f"/api/v1/{path}").headers["etag"].removeprefix("W/"))
        assert len(tags) == 1


def test_a_stream_that_the_client_has_gives_its_cursor_back() -> None:
    site = tk.sample()
    client = TestClient(create_app(site, settings=Settings(page_rows=10)))
    answer = client.get("/api/v1/positions?format=csv", headers={"If-None-Match": "*"})
    assert (answer.status_code, site.opened.backend.own_cursors) == (304, 0)


def test_who_has_anything_at_all_hears_of_a_fault_all_the_same(client: TestClient) -> None:
    for path, status in (("trucks/T99", 404), ("states?cursor=x", 422), ("positions?at=now", 422)):
        assert client.get(f"/api/v1/{path}", headers={"If-None-Match": "*"}).status_code == status


@pytest.mark.parametrize("path", [*MODELS, "/api/docs", "/api/openapi.json"])
def test_options_tells_what_may_be_asked_and_all_else_is_refused(client: TestClient, path: str) -> None:
    answer = client.options(path)
    assert (answer.status_code, answer.content, answer.headers["allow"]) == (204, b"", "GET, HEAD, OPTIONS")
    answer = client.post(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert models.Problem.model_validate_json(answer.content).status == 405


def test_a_store_that_does_not_open_is_unavailable_and_only_the_log_says_why(caplog) -> None:
    def broken() -> tk.Site:
        raise DamagedStore('"/srv/mine" is damaged: day 3 is missing; bring it back from a backup.')

    answer = TestClient(create_app(broken)).get("/api/health")
    problem = models.Problem.model_validate_json(answer.content)
    assert (answer.status_code, "/srv" in answer.text) == (503, False)
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "truckkit.api"]
    told = next(line for line in lines if line["event"] == "store failed")
    assert told["request_id"] == problem.request_id
    assert told["fault"].startswith('"/srv/mine" is damaged')


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


@pytest.mark.parametrize(
    "part", ["bytes=0-9", "bytes=9-0", "bytes=x", "lines=1-2", "bytes=99999999-", "", "="]
)
def test_a_file_of_the_documents_comes_whole_whatever_part_is_asked_for(
    client: TestClient, part: str
) -> None:
    path = "/api/static/swagger-ui.css"
    whole, answer = client.get(path), client.get(path, headers={"Range": part})
    assert (answer.status_code, answer.content == whole.content) == (200, True)
    assert not {"content-range", "accept-ranges"} & set(answer.headers)


def test_no_answer_holds_a_number_that_json_has_not(client: TestClient) -> None:
    json.loads(
        client.get("/api/v1/trucks/T01/positions?limit=100").text,
        parse_constant=lambda constant: pytest.fail(f"{constant} in the answer"),
    )


def test_the_sentence_is_that_of_the_exception(client: TestClient) -> None:
    start, stop = "2026-11-22T18:00:00+00:00", "2026-11-22T17:00:00+00:00"
    site = tk.sample()
    with pytest.raises(BadTime) as raised:
        site.between(site.exact(start), site.exact(stop))
    answer = client.get("/api/v1/states", params={"start": start, "stop": stop})
    assert answer.json()["detail"] == str(raised.value)


def test_a_plus_that_was_not_escaped_is_still_a_plus(client: TestClient) -> None:
    first = client.get("/api/v1/trucks/T01/positions?limit=1").json()["rows"][0]["at"]
    local = dt.datetime.fromisoformat(first).astimezone(dt.timezone(dt.timedelta(hours=8))).isoformat()
    rows = client.get(f"/api/v1/trucks/T01/positions?start={local}&limit=1").json()["rows"]
    assert [row["at"] for row in rows] == [first]


def test_a_window_with_one_bound_is_open_on_the_other_side(client: TestClient) -> None:
    path = "/api/v1/trucks/T01/positions"
    positions = tk.sample().truck("T01").positions
    every = [
        f"{at.isoformat(timespec='milliseconds')}Z" for at in sorted(positions.at.to_pyarrow().to_pylist())
    ]

    def asked(**window: str) -> list[str]:
        return [row["at"] for row in client.get(path, params={**window, "limit": 10_000}).json()["rows"]]

    assert asked(start=every[-3]) == every[-3:]
    assert asked(stop=every[3]) == every[:3]
    assert asked(stop=every[0]) == []
    assert asked(start="2199-01-01T00:00:00Z") == []
    assert asked(stop="1999-01-01T00:00:00Z") == []


def test_states_can_be_asked_for_by_name(client: TestClient) -> None:
    rows = client.get("/api/v1/states?state=haul&state=dump&limit=10000").json()["rows"]
    assert {row["state"] for row in rows} == {"haul", "dump"}


def test_pages_of_one_question_may_differ_in_length(client: TestClient) -> None:
    following = client.get("/api/v1/states?limit=1").json()["next"]
    longer = client.get(following.replace("limit=1&", "limit=5&"))
    assert (longer.status_code, len(longer.json()["rows"])) == (200, 5)


def test_every_answer_has_a_number_which_a_proxy_may_give(client: TestClient) -> None:
    answers = [client.get("/api/v1/trucks"), client.get("/api/v1/trucks/T99")]
    numbers = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(numbers)) == 2
    assert answers[1].json()["request_id"] == numbers[1]
    for sent, kept in [("a-1.b_C", True), ("x" * 65, False), ("a b", False), ("<img>", False)]:
        number = client.get("/api/health", headers={"X-Request-ID": sent}).headers["x-request-id"]
        assert (number == sent) is kept


def test_a_request_is_a_line_in_the_log_and_never_two(client: TestClient, caplog) -> None:
    with caplog.at_level("INFO", logger="truckkit.api"):
        client.get("/api/v1/no%0Aforged%20line")
    lines = [record.getMessage() for record in caplog.records if record.name == "truckkit.api"]
    assert len(lines) == 1
    assert "\n" not in lines[0]
    said = json.loads(lines[0])
    assert (said["method"], said["path"], said["status"]) == ("GET", "/api/v1/no%0Aforged%20line", 404)
    assert {"request_id", "route", "ms", "bytes", "key"} < said.keys()


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=40))
def test_no_cursor_that_somebody_makes_up_makes_the_service_fail(client: TestClient, text: str) -> None:
    assert client.get("/api/v1/states", params={"cursor": text}).status_code == 422


@given(
    st.lists(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())),
        max_size=6,
    )
)
def test_no_cursor_with_another_key_in_it_makes_the_service_fail(
    client: TestClient, key: list[object]
) -> None:
    """Where the made-up key happens to be of the right types, it is a place in the table as any other."""
    following = client.get("/api/v1/states?limit=1").json()["next"]
    cursor = following.split("cursor=")[1]
    content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    forged = base64.urlsafe_b64encode(json.dumps([*content[:2], *key]).encode()).rstrip(b"=").decode()
    assert client.get(f"/api/v1/states?limit=1&cursor={forged}").status_code in (200, 422)


# Stores made for the purpose ---------------------------------------------------------------------

NAMES = ["A/B", "T01'; DROP TABLE trucks; --", "<img src=x onerror=alert(1)>", "\u202egnp", "100 %?&#", "🚚"]
MIDNIGHT = dt.datetime(2026, 11, 22)  # noqa: DTZ001 - rows as a store holds them


def positions(truck: str, *microseconds: int, **more: object) -> list[dict[str, object]]:
    """Positions of a truck, so many microseconds after midnight."""
    return [{"truck": truck, "at": MIDNIGHT + dt.timedelta(microseconds=us), **more} for us in microseconds]


def mine(folder: Path, *trucks: str, **more: object) -> TestClient:
    rows = [row for truck in trucks for row in positions(truck, 100, 200, 1_000, 5_000_250, **more)]
    known = [{"truck": truck, "given": True} for truck in trucks]
    write(folder, Facts(name="mine"), trucks=known, positions=rows)
    return TestClient(create_app(tk.open(folder)))


def walked(client: TestClient, path: str) -> list[dict[str, object]]:
    rows, following = [], path
    while following:
        answer = client.get(following)
        assert answer.status_code == 200, answer.text
        rows += answer.json()["rows"]
        following = answer.json()["next"]
    return rows


def test_names_may_hold_anything(tmp_path: Path) -> None:
    client = mine(tmp_path / "mine", *NAMES)
    assert [row["truck"] for row in walked(client, "/api/v1/trucks?limit=1")] == sorted(NAMES)
    for name in NAMES:
        address = f"/api/v1/trucks/{quote(name, safe='')}"
        assert client.get(address).json()["truck"] == name
        assert {row["truck"] for row in walked(client, f"{address}/positions?limit=3")} == {name}


def test_samples_within_one_millisecond_are_each_on_one_page(tmp_path: Path) -> None:
    rows = walked(mine(tmp_path / "mine", "T01"), "/api/v1/trucks/T01/positions?limit=1")
    assert [str(row["at"])[-13:] for row in rows] == ["00:00:00.000Z"] * 2 + [
        "00:00:00.001Z",
        "00:00:05.000Z",
    ]


def test_what_is_not_a_number_is_empty(tmp_path: Path) -> None:
    client = mine(tmp_path / "mine", "T01", x_m=float("nan"), y_m=float("inf"), speed_kmh=41.2)
    row = client.get("/api/v1/trucks/T01/positions").json()["rows"][0]
    assert (row["x_m"], row["y_m"], row["speed_kmh"]) == (None, None, 41.2)


def test_a_cursor_is_gone_once_there_is_a_newer_generation(tmp_path: Path) -> None:
    client = mine(tmp_path / "mine", "T01", "T02")
    first = client.get("/api/v1/trucks?limit=1")
    with Draft() as draft:
        load = draft.load("more", "more", "rows", "trucks")
        rows = pa.table({"truck": ["T03"], "given": [True]})
        draft.stage(schema.TRUCKS, draft.read("given", rows), load)
        publish(tmp_path / "mine", draft)
    answer = client.get(first.json()["next"])
    assert answer.status_code == 410
    assert models.Problem.model_validate_json(answer.content).detail.startswith(
        "the cursor is for generation 1"
    )
    newer = client.get("/api/v1/trucks?limit=1", headers={"If-None-Match": first.headers["etag"]})
    assert (newer.status_code, newer.json()["generation"]) == (200, 2)
    assert [row["truck"] for row in walked(client, "/api/v1/trucks?limit=1")] == ["T01", "T02", "T03"]


def test_another_store_of_the_same_generation_is_not_taken_for_the_first(tmp_path: Path) -> None:
    tags = [mine(tmp_path / name, "T01").get("/api/v1/trucks").headers["etag"] for name in ("one", "two")]
    assert tags[0] != tags[1]


def test_a_site_without_generations_is_never_answered_from_a_cache() -> None:
    row = {**dict.fromkeys(schema.TRUCKS.names), "truck": "T01", "given": True, "load_id": 0}
    connection = ibis.duckdb.connect()
    connection.create_table("trucks", pa.Table.from_pylist([row], schema.TRUCKS.schema.to_pyarrow()))
    answer = TestClient(create_app(tk.Site(connection))).get("/api/v1/trucks")
    assert (answer.status_code, answer.headers["cache-control"], "etag" in answer.headers) == (
        200,
        "no-store",
        False,
    )
    assert (answer.json()["generation"], answer.json()["rows"][0]["truck"]) == (None, "T01")
