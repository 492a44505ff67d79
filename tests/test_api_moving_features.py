"""Trucks as features that move: entrance, items, ways and readings, asked as a client of OGC asks."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel
from stores import write

import truckkit as tk
from truckkit.api.app import create_app
from truckkit.api.moving_features import models
from truckkit.api.moving_features.properties import PROPERTIES
from truckkit.api.settings import Settings
from truckkit.site import Site, open_site
from truckkit.store import Facts, keys

OGC = "/api/v1/ogc"
ITEMS = f"{OGC}/collections/trucks/items"
MODELS: dict[str, type[BaseModel]] = {
    OGC: models.Landing,
    f"{OGC}/conformance": models.Conformance,
    f"{OGC}/collections": models.Collections,
    f"{OGC}/collections/trucks": models.Collection,
    ITEMS: models.Features,
    f"{ITEMS}/T01": models.Feature,
    f"{ITEMS}/T01/tgsequence": models.Ways,
    f"{ITEMS}/T01/tproperties": models.Properties,
    f"{ITEMS}/T01/tproperties/payload_t": models.PropertyValues,
}
START = dt.datetime(2026, 11, 22, 6)  # noqa: DTZ001 - as stored
HOSTILE = [
    "' OR 1=1 --", "<img src=x onerror=alert(1)>", "a/b/../c", "tgsequence/x", "\u202egnp", "🚚" * 100,
    "x" * 10_000, "50% & more?#", "T\x01\x1b",
]  # fmt: skip


def client(site: Site) -> TestClient:
    return TestClient(create_app(site), raise_server_exceptions=False)


def store(folder: Path, crs: str | None = None, **tables: Any) -> Site:
    return open_site(write(folder / "mine", Facts(name="mine", crs=crs), **tables))


def truck(name: str) -> dict[str, object]:
    return {"truck": name, "given": True}


def place(name: str, second: float, **more: object) -> dict[str, object]:
    return {"truck": name, "at": START + dt.timedelta(seconds=second), **more}


@pytest.fixture(scope="module")
def sample() -> TestClient:
    return client(tk.sample())


@pytest.mark.parametrize("path", MODELS)
def test_answers_are_what_the_models_document(sample: TestClient, path: str) -> None:
    answer = sample.get(path)
    assert answer.status_code == 200, answer.text
    MODELS[path].model_validate_json(answer.content)
    of_features = MODELS[path] in (models.Features, models.Feature)
    assert answer.headers["content-type"] == ("application/geo+json" if of_features else "application/json")
    head = sample.head(path)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", answer.headers["etag"])
    again = sample.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_every_link_leads_somewhere(sample: TestClient) -> None:
    for path in MODELS:
        for link in sample.get(path).json()["links"] if "conformance" not in path else []:
            if "next" not in link["rel"]:
                assert sample.head(link["href"]).status_code == 200, link


def test_no_conformance_is_claimed(sample: TestClient) -> None:
    assert sample.get(f"{OGC}/conformance").json() == {"conformsTo": []}
    document = sample.get("/api/openapi.json").json()
    ours = {name: path["get"] for name, path in document["paths"].items() if name.startswith(OGC)}
    assert len(ours) == len(MODELS)
    for name, each in ours.items():
        assert "haped after" in " ".join(each["description"].split()) or name.endswith("/conformance")
        assert {"200", "304", "401", "404", "422", "503"} <= each["responses"].keys()


def test_items_come_in_pages_that_lead_on(sample: TestClient) -> None:
    names, following = [], f"{ITEMS}?limit=4"
    while following:
        answer = sample.get(following).json()
        names += [feature["id"] for feature in answer["features"]]
        assert (answer["numberMatched"], answer["numberReturned"]) == (6, len(answer["features"]))
        following = next((link["href"] for link in answer["links"] if link["rel"] == "next"), "")
    assert names == list(tk.sample().truck_names)


def mine(folder: Path, **more: Any) -> Site:
    """T1 drives east at 10 m/s, is silent for two minutes, and goes on; T2 stands far off, later."""
    ways = [place("T1", second, x_m=10.0 * second, y_m=0.0, speed_kmh=36.0) for second in range(11)]
    ways += [place("T1", second, x_m=200.0, y_m=0.0) for second in (130, 131)]
    ways += [place("T2", second, x_m=5000.0, y_m=5000.0) for second in (300, 301)]
    return store(folder, trucks=[truck("T1"), truck("T2"), truck("T3")], positions=ways, **more)


def ids(of: TestClient, **asked: str) -> list[str]:
    answer = of.get(ITEMS, params=asked)
    assert answer.status_code == 200, answer.text
    return [feature["id"] for feature in answer.json()["features"]]


def test_trucks_are_those_that_were_there_and_then(tmp_path: Path) -> None:
    of = client(mine(tmp_path))
    assert ids(of) == ["T1", "T2", "T3"]
    assert ids(of, bbox="0,-1,50,1") == ["T1"]
    assert ids(of, datetime="2026-11-22T06:05:00Z/..") == ["T2"]
    assert ids(of, datetime="../2026-11-22T06:00:00Z") == ["T1"]
    assert ids(of, datetime="2026-11-22T03:05:00-03:00") == ["T2"]
    assert ids(of, datetime="2026-11-22T06:00:10Z/2026-11-22T06:00:20Z", bbox="0,-1,50,1") == []
    alone = of.get(f"{ITEMS}/T3").json()
    assert (alone["geometry"], "time" in alone, "bbox" in alone) == (None, False, False)


def test_a_way_breaks_where_nothing_was_heard_and_is_nowhere_between(tmp_path: Path) -> None:
    of = client(mine(tmp_path))
    ways = of.get(f"{ITEMS}/T1/tgsequence").json()
    ends = [(way["datetimes"][0][17:22], way["datetimes"][-1][17:22]) for way in ways["geometrySequence"]]
    assert ends == [("00.00", "10.00"), ("10.00", "11.00")]
    asked = ["2026-11-22T06:00:02.500Z", "2026-11-22T06:01:00Z", "2026-11-22T06:02:11Z"]
    (leaf,) = of.get(f"{ITEMS}/T1/tgsequence", params={"leaf": ",".join(asked)}).json()["geometrySequence"]
    assert leaf["datetimes"] == [asked[0], "2026-11-22T06:02:11.000Z"]
    assert leaf["coordinates"] == [[25.0, 0.0], [200.0, 0.0]]
    boxed = of.get(f"{ITEMS}/T1/tgsequence?bbox=150,-1,250,1").json()["geometrySequence"]
    assert boxed == ways["geometrySequence"][1:]


def test_coordinates_are_degrees_where_the_site_is_on_the_globe(tmp_path: Path) -> None:
    at = {"x_m": 1.0, "y_m": 2.0, "lon": -70.5, "lat": -30.25}
    globe = store(tmp_path, "EPSG:32719", trucks=[truck("T1")], positions=[place("T1", 0, **at)])
    found = client(globe).get(f"{ITEMS}/T1").json()
    assert (found["geometry"]["coordinates"], found["bbox"]) == ([-70.5, -30.25], [-70.5, -30.25] * 2)
    assert "crs" not in found
    grid = client(mine(tmp_path / "grid")).get(f"{ITEMS}/T1").json()
    assert grid["crs"]["properties"]["name"] == "the site's grid, in metres"


def test_readings_come_once_in_pages_and_in_stretches(tmp_path: Path) -> None:
    read = [
        {**place("T1", second), "payload_t": float(second), "engine_on": second < 3} for second in range(7)
    ] + [{**place("T1", 100), "payload_t": None, "engine_on": True}]
    of = client(store(tmp_path, trucks=[truck("T1")], telemetry=read))
    told, following = [], f"{ITEMS}/T1/tproperties/payload_t?limit=3"
    while following:
        answer = of.get(following).json()
        told += [value for stretch in answer["temporalProperties"] for value in stretch["values"]]
        following = next((link["href"] for link in answer["links"] if link["rel"] == "next"), "")
    assert told == [float(second) for second in range(7)]
    stretches = of.get(f"{ITEMS}/T1/tproperties/engine_on").json()["temporalProperties"]
    assert [each["values"] for each in stretches] == [[True] * 3 + [False] * 4, [True]]
    assert {each["interpolation"] for each in stretches} == {"Step"}


def test_every_property_answers(sample: TestClient) -> None:
    for name in PROPERTIES:
        assert sample.get(f"{ITEMS}/T01/tproperties/{name}?limit=2").status_code == 200, name


def test_an_empty_site_has_no_trucks_and_no_extent(tmp_path: Path) -> None:
    of = client(store(tmp_path, shifts=[]))
    assert of.get(ITEMS).json()["features"] == []
    assert of.get(f"{ITEMS}?datetime=2026-11-22T06:00:00Z/..&bbox=0,0,1,1").json()["numberMatched"] == 0
    assert "extent" not in of.get(f"{OGC}/collections/trucks").json()


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        (f"{ITEMS}/T99", 404, 'no truck "T99"'),
        (f"{ITEMS}/T99/tgsequence", 404, 'no truck "T99"'),
        (f"{ITEMS}/T01/tproperties/sped_kmh", 404, 'did you mean "speed_kmh"'),
        (f"{OGC}/collections/loaders", 404, "nothing at"),
        (f"{ITEMS}?bbox=0,0,1", 422, "bbox"),
        (f"{ITEMS}?bbox=NaN,0,1,1", 422, "bbox"),
        (f"{ITEMS}?limit=0", 422, "limit"),
        (f"{ITEMS}?datetime=yesterday", 422, "not a time"),
        (f"{ITEMS}?datetime=2026-11-22T06:00/..", 422, "has no zone"),
        (f"{ITEMS}?datetime=2026-11-23T00:00Z/2026-11-22T00:00Z", 422, "runs backwards"),
        (f"{ITEMS}?datetime=../9999-12-31T00:00:00Z", 422, "1900 to 2200"),
        (f"{ITEMS}?offset=3", 422, 'no parameter "offset"'),
        (f"{ITEMS}/T01/tgsequence?leaf=2026-11-22T10:00:01Z,2026-11-22T10:00:00Z", 422, "must rise"),
        (f"{ITEMS}/T01/tgsequence?leaf=,", 422, "not a time"),
        (f"{ITEMS}/T01/tgsequence?leaf={','.join(['2026-11-22T10:00:00Z'] * 101)}", 422, "100 at most"),
        (f"{ITEMS}/T01/tgsequence?leaf=2026-11-22T10:00:00Z&bbox=0,0,1,1", 422, "leave one of them out"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_in_one_sentence(
    sample: TestClient, path: str, status: int, said: str
) -> None:
    answer = sample.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said in answer.json()["detail"], answer.json()["detail"]


def test_a_truck_of_hostile_name_is_told_as_it_is_and_its_links_lead_back(tmp_path: Path) -> None:
    at = [place(name, 0, x_m=1.0, y_m=1.0) for name in HOSTILE]
    of = client(store(tmp_path, trucks=[truck(name) for name in HOSTILE], positions=at))
    assert sorted(ids(of)) == sorted(HOSTILE)
    for name in HOSTILE:
        found = of.get(f"{ITEMS}/{quote(name, safe='')}").json()
        assert found["id"] == name
        for link in found["links"]:
            assert of.get(link["href"]).status_code == 200, link["href"][:80]


def test_without_a_key_where_keys_are_nothing_is_told(tmp_path: Path) -> None:
    site = mine(tmp_path)
    secret = keys.add(tmp_path / "mine", "reader", "read")
    of = TestClient(create_app(site, settings=Settings(), folder=tmp_path / "mine"))
    for path in MODELS:
        ours = path.replace("T01", "T1")
        assert of.get(ours).status_code == 401
        assert of.get(ours, headers={"Authorization": f"Bearer {secret}"}).status_code == 200
