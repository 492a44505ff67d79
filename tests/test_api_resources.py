"""Every table as a resource: its filters, its formats, and that each format says the same."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from stores import write

import truckkit as tk
from truckkit import schema
from truckkit.api import models
from truckkit.api.app import create_app
from truckkit.api.asked import Asked
from truckkit.api.formats import FORMATS, OF_ROWS
from truckkit.api.measures import MEASURES
from truckkit.api.resources import RESOURCES
from truckkit.api.settings import Settings
from truckkit.store import Facts

HOUR = "start=2026-11-22T10:00Z&stop=2026-11-22T11:00Z"


def served(**limits: object) -> TestClient:
    return TestClient(create_app(tk.sample(), settings=Settings(**limits)), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client() -> TestClient:
    return served()


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
def test_a_resource_answers_with_all_rows_of_its_table(client: TestClient, resource) -> None:
    about = resource.table.name in schema.ABOUT
    table = (tk.sample().about if about else tk.sample().table)(resource.table.name)
    answer = client.get(f"/api/v1/{resource.name}?format=arrow")
    found = pa.ipc.open_stream(answer.content).read_all()
    assert found.schema == resource.table.schema.to_pyarrow()
    assert len(found) == table.count().execute()
    keys = [tuple(row.values()) for row in found.select(resource.table.key).slice(0, 5000).to_pylist()]
    assert keys == sorted(keys)
    page = client.get(f"/api/v1/{resource.name}?limit=3")
    models.PAGES[resource.table.name].model_validate_json(page.content)


@pytest.mark.parametrize("format", OF_ROWS)
def test_every_format_says_the_same(client: TestClient, format: str) -> None:
    path = f"/api/v1/positions?{HOUR}&truck=T01&truck=T02&columns=truck,at,speed_kmh&limit=500"
    rows = client.get(path).json()["rows"]
    answer = client.get(f"{path}&format={format}")
    assert answer.headers["content-type"] == FORMATS[format].media
    assert 'rel="next"' in answer.headers["link"]
    assert said(answer.content, format) == rows


def said(content: bytes, format: str) -> list[dict[str, object]]:
    """The rows of an answer, as JSON has them."""
    match format:
        case "json":
            return json.loads(content)["rows"]
        case "columns":
            columns = json.loads(content)["columns"]
            return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        case "ndjson":
            return [json.loads(line) for line in content.decode().splitlines()]
        case "csv":
            texts = pa.csv.ConvertOptions(column_types={"at": pa.string(), "speed_kmh": pa.float64()})
            return pa.csv.read_csv(io.BytesIO(content), convert_options=texts).to_pylist()
        case "arrow":
            return as_json(pa.ipc.open_stream(content).read_all())
        case _:
            return as_json(pa.parquet.read_table(io.BytesIO(content)))


def as_json(table: pa.Table) -> list[dict[str, object]]:
    return [
        {
            "truck": row["truck"],
            "at": row["at"].isoformat(timespec="milliseconds") + "Z",
            "speed_kmh": json.loads(pa.scalar(row["speed_kmh"], pa.float32()).cast(pa.string()).as_py()),
        }
        for row in table.to_pylist()
    ]


def test_accept_chooses_the_format_and_a_name_goes_before_it(client: TestClient) -> None:
    def media(accept: str, more: str = "") -> str:
        answer = client.get(f"/api/v1/trucks?limit=1{more}", headers={"Accept": accept})
        return answer.headers["content-type"].partition(";")[0]

    assert media("*/*") == "application/json"
    assert media("text/csv, application/json;q=0.1") == "text/csv"
    assert media("text/*") == "text/csv"
    assert media("application/json;q=0, */*") != "application/json"
    assert media("text/csv", "&format=ndjson") == "application/x-ndjson"


@pytest.mark.parametrize(
    ("path", "accept", "status", "sentence"),
    [
        ("trucks", "image/png", 406, 'nothing here is "image/png"'),
        ("trucks?format=geojson", "*/*", 422, 'no format "geojson"'),
        ("trucks?format=xslx", "*/*", 422, 'no format "xslx"'),
        ("trucks?columns=modle", "*/*", 422, 'did you mean "model"'),
        ("positions?bbox=1,2,3", "*/*", 422, "four finite numbers"),
        ("positions?bbox=nan,0,1,1", "*/*", 422, "four finite numbers"),
        ("positions?bbox=5,0,1,1", "*/*", 422, "four finite numbers"),
        ("positions?bbox=0,0,inf,1", "*/*", 422, "four finite numbers"),
        ("states?place=Nowhere", "*/*", 404, 'no place "Nowhere"'),
        ("states?min_duration_s=-1", "*/*", 422, "min_duration_s"),
        ("states?min_duration_s=nan", "*/*", 422, "min_duration_s"),
        ("samples?state=hual", "*/*", 404, 'did you mean "haul"'),
        ("tracks?points=1", "*/*", 422, "points"),
        ("tracks?format=geojson&columns=at", "*/*", 422, "leave columns out"),
        ("metrics/produktivity", "*/*", 404, 'did you mean "productivity"'),
        ("metrics/productivity?by=truck", "*/*", 422, 'knows no "by"'),
        ("metrics/queued?by=moon", "*/*", 404, "moon"),
        ("replay?at=now", "*/*", 422, "not a time"),
        ("replay?at=2020-01-01T00:00Z&" + HOUR, "*/*", 422, "outside of the window"),
    ],
)
def test_what_cannot_be_answered_is_told_in_a_sentence(
    client: TestClient, path: str, accept: str, status: int, sentence: str
) -> None:
    answer = client.get(f"/api/v1/{path}", headers={"Accept": accept})
    assert (answer.status_code, sentence in answer.json()["detail"]) == (status, True), answer.text


def test_a_box_holds_what_lies_in_it(client: TestClient) -> None:
    path = f"/api/v1/positions?{HOUR}&bbox=2500,2000,3000,2500&format=csv"
    table = pa.csv.read_csv(io.BytesIO(client.get(path).content))
    positions = tk.sample().between("2026-11-22T10:00Z", "2026-11-22T11:00Z").positions
    inside = positions.filter(positions.x_m.between(2500, 3000), positions.y_m.between(2000, 2500))
    assert 0 < len(table) == inside.count().execute()


def test_intervals_can_be_asked_for_by_place_and_length(client: TestClient) -> None:
    rows = client.get("/api/v1/states?place=Crusher&min_duration_s=60.5&limit=10000").json()["rows"]
    assert rows
    assert {row["place"] for row in rows} == {"Crusher"}
    for row in rows:
        start, stop = (dt.datetime.fromisoformat(row[bound]) for bound in ("start", "stop"))
        assert stop - start >= dt.timedelta(seconds=60.499)
    cycles = client.get("/api/v1/cycles?place=Crusher&limit=10000").json()["rows"]
    assert cycles
    assert all("Crusher" in (row["load_place"], row["dump_place"]) for row in cycles)


def test_samples_say_the_state_that_they_fell_in(client: TestClient) -> None:
    path = f"/api/v1/samples?{HOUR}&truck=T01&state=haul&columns=at,payload_t,state&format=arrow"
    found = pa.ipc.open_stream(client.get(path).content).read_all()
    assert found.column_names == ["at", "payload_t", "state"]
    assert set(found["state"].to_pylist()) == {"haul"}


@given(
    trucks=st.lists(st.sampled_from(["T01", "T02", "T05"]), max_size=3, unique=True),
    minutes=st.none() | st.tuples(st.integers(-30, 700), st.integers(1, 400)),
    after=st.none() | st.tuples(st.sampled_from(["T01", "T02", "T09"]), st.integers(0, 700)),
    most=st.integers(1, 50),
    name=st.sampled_from(["positions", "telemetry"]),
)
@settings(max_examples=60, deadline=None)
def test_a_bound_statement_means_what_the_expression_means(trucks, minutes, after, most, name) -> None:
    site = tk.sample()
    if trucks:
        site = site.truck(*trucks)
    if minutes:
        begin = dt.datetime(2026, 11, 22, 9, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes[0])
        site = site.between(begin, begin + dt.timedelta(minutes=minutes[1]))
    key = after and (after[0], dt.datetime(2026, 11, 22, 9) + dt.timedelta(minutes=after[1]))  # noqa: DTZ001
    table = schema.TABLES[name]
    bound, expressed = (
        Asked(site, table, ("truck", "at", "load_id"), lambda now: now.table(name), plain, 30.0)
        for plain in (True, False)
    )
    assert bound.first(key, most).equals(expressed.first(key, most))


def test_a_track_keeps_its_ends_and_extremes(client: TestClient) -> None:
    rows = client.get("/api/v1/tracks?truck=T01&points=200&limit=1000").json()["rows"]
    positions = tk.sample().truck("T01").positions
    assert 100 < len(rows) < 300
    for column in ("x_m", "y_m", "speed_kmh"):
        values = [row[column] for row in rows]
        assert min(values) == pytest.approx(positions[column].min().execute())
        assert max(values) == pytest.approx(positions[column].max().execute())
    instants = positions.at.to_pyarrow().to_pylist()
    assert rows[0]["at"] == min(instants).isoformat(timespec="milliseconds") + "Z"
    assert rows[-1]["at"] == max(instants).isoformat(timespec="milliseconds") + "Z"


MIDNIGHT = dt.datetime(2026, 11, 22)  # noqa: DTZ001 - rows as a store holds them


def way(truck: str, seconds: list[int], **more: object) -> list[dict[str, object]]:
    return [
        {"truck": truck, "at": MIDNIGHT + dt.timedelta(seconds=s), "x_m": 1.0 * s, "y_m": 2.0, **more}
        for s in seconds
    ]


def test_a_track_breaks_where_nothing_was_heard(tmp_path: Path) -> None:
    rows = way("T01", [*range(60), *range(600, 660)], lon=-70.5, lat=-23.5, elevation_m=9.5)
    write(tmp_path / "mine", Facts(name="mine"), trucks=[{"truck": "T01", "given": True}], positions=rows)
    client = TestClient(create_app(tk.open(tmp_path / "mine")))
    feature = client.get("/api/v1/tracks?format=geojson").json()["features"][0]
    assert [len(line) > 1 for line in feature["geometry"]["coordinates"]] == [True, True]
    assert feature["geometry"]["coordinates"][0][0] == [-70.5, -23.5, 9.5]
    moving = client.get("/api/v1/tracks?format=moving").json()
    assert [len(prism["datetimes"]) > 1 for prism in moving["features"][0]["temporalGeometry"]["prisms"]] == [
        True,
        True,
    ]


def test_moving_features_say_the_points_of_the_track_and_that_they_are_in_metres(client: TestClient) -> None:
    document = client.get("/api/v1/tracks?truck=T01&points=50&format=moving").json()
    rows = client.get("/api/v1/tracks?truck=T01&points=50&limit=1000").json()["rows"]
    read = [
        (at, *place[:2])
        for prism in document["features"][0]["temporalGeometry"]["prisms"]
        for at, place in zip(prism["datetimes"], prism["coordinates"], strict=True)
    ]
    assert read == [(row["at"], row["x_m"], row["y_m"]) for row in rows]
    # What reads Moving Features in truckkit takes places for degrees where nothing else is said.
    assert "grid" in document["crs"]["properties"]["name"]


def test_text_that_a_spreadsheet_would_run_is_only_text(tmp_path: Path) -> None:
    names = ["=1+1", "+cmd", "-2", "@SUM(A1)", "\tx", "\rx", 'say "hi", twice', "plain"]
    known = [{"truck": name, "given": True} for name in names]
    write(tmp_path / "mine", Facts(name="mine"), trucks=known)
    client = TestClient(create_app(tk.open(tmp_path / "mine")))
    text = client.get("/api/v1/trucks?format=csv&columns=truck").content.decode()
    assert text.startswith("truck\r\n")
    table = pa.csv.read_csv(
        io.BytesIO(text.encode()), parse_options=pa.csv.ParseOptions(newlines_in_values=True)
    )
    found = table["truck"].to_pylist()
    assert not [name for name in found if name.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert sorted(name.removeprefix("'") for name in found) == sorted(names)


def test_columns_may_be_asked_for_and_pages_still_lead_on(client: TestClient) -> None:
    rows, following = [], "/api/v1/cycles?columns=payload_t&columns=shift&limit=40"
    while following:
        answer = client.get(following).json()
        rows += answer["rows"]
        following = answer["next"]
    assert len(rows) == tk.sample().cycles.count().execute()
    assert {tuple(row) for row in rows} == {("payload_t", "shift")}


def test_pages_of_other_formats_lead_on_by_their_link(client: TestClient) -> None:
    lines, following = [], "/api/v1/states?limit=333&format=ndjson"
    while following:
        answer = client.get(following)
        lines += answer.text.splitlines()
        link = answer.headers.get("link", "")
        following = link.partition(">")[0].lstrip("<")
    assert len(lines) == tk.sample().states.count().execute()


@pytest.mark.parametrize("name", [name for name in MEASURES if name != "ledger"])
def test_every_metric_answers(client: TestClient, name: str) -> None:
    answer = client.get(f"/api/v1/metrics/{name}?start=2026-11-22T12:00Z&stop=2026-11-22T13:00Z")
    assert answer.status_code == 200, answer.text
    assert answer.json()["next"] is None


def test_a_metric_is_split_and_written_as_asked(client: TestClient) -> None:
    answer = client.get("/api/v1/metrics/productivity?every=6h&format=csv&truck=T01")
    assert answer.text.startswith("truck,start,moved_t,rate_tph")
    listing = client.get("/api/v1/metrics").json()["metrics"]
    assert {
        "name": "productivity",
        "meaning": "Tonnes moved per hour, by truck.",
        "parameters": ["every"],
    } in listing


def test_a_link_opens_the_replay_at_a_moment(client: TestClient) -> None:
    path = "/api/v1/replay?at=2026-11-22T12:00Z&truck=T01&speed=60"
    address = client.get(path).json()["address"]
    assert address == (
        f"/replay?start={quote('2026-11-22T11:50:00.000Z')}&stop={quote('2026-11-22T12:10:00.000Z')}"
        f"&at={quote('2026-11-22T12:00:00.000Z')}&truck=T01&speed=60"
    )
    browser = client.get(path, headers={"Accept": "text/html"}, follow_redirects=False)
    assert (browser.status_code, browser.headers["location"]) == (303, address)


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 303),
        ("text/*", 303),
        ("TEXT/HTML", 303),
        ("application/json;q=0.2, text/html;q=0.3", 303),
        ("text/html;q=0", 200),
        ("text/html;q=0, */*", 200),
        ("text/html;q=0.5, application/json", 200),
        ("text/htmlx", 200),
        ("*/*", 200),
        ("", 200),
    ],
)
def test_only_who_likes_a_page_best_is_sent_on_to_the_replay(
    client: TestClient, accept: str, status: int
) -> None:
    answer = client.get("/api/v1/replay", headers={"Accept": accept}, follow_redirects=False)
    assert answer.status_code == status


def test_a_page_over_the_bound_and_a_stream_over_it_are_refused() -> None:
    client = served(page_rows=100, stream_rows=1000)
    assert "100 rows at most" in client.get("/api/v1/states?limit=101").json()["detail"]
    answer = client.get("/api/v1/positions?format=csv")
    assert (answer.status_code, "1,000 are sent at most" in answer.json()["detail"]) == (422, True)
    assert client.get("/api/v1/positions?format=csv&limit=100").status_code == 200
    assert client.get("/api/v1/states").json()["next"]


def test_a_query_that_takes_too_long_is_stopped() -> None:
    client = served(query_s=1e-6)
    answer = client.get("/api/v1/tracks?points=100")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert "was stopped" in answer.json()["detail"]
    assert client.get("/api/v1/tracks?format=csv").status_code == 503


@pytest.mark.parametrize("megabytes", [0, 16])
def test_answers_are_the_same_with_and_without_memory_for_them(megabytes: int) -> None:
    client = served(cache_mb=megabytes)
    for path in ("latest", "cycles?limit=5&format=arrow", "metrics/coverage"):
        first, again = (client.get(f"/api/v1/{path}") for _ in range(2))
        assert (first.content, dict(first.headers, **{"x-request-id": ""})) == (
            again.content,
            dict(again.headers, **{"x-request-id": ""}),
        )
    assert (client.app.state.recall is None) == (megabytes == 0)


def test_an_answer_in_another_format_is_another_answer(client: TestClient) -> None:
    first = client.get("/api/v1/trucks")
    held = {"If-None-Match": first.headers["etag"]}
    assert client.get("/api/v1/trucks", headers=held).status_code == 304
    assert client.get("/api/v1/trucks", headers={**held, "Accept": "text/csv"}).status_code == 200
    assert "Accept" in first.headers["vary"].split(", ")
