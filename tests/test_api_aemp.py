"""Machines as telematics tells them: what is answered is read back by our own reader of the format."""

from __future__ import annotations

import datetime as dt
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from stores import write
from stores_of_sections import brought

import truckkit as tk
from truckkit.api.aemp import counters, models
from truckkit.api.aemp.sections import SECTIONS, SERIES
from truckkit.api.aemp.xml import xml
from truckkit.api.app import create_app
from truckkit.api.settings import Settings
from truckkit.errors import NoSuchFormat
from truckkit.ingest import ingest
from truckkit.site import Site, open_site
from truckkit.store import Facts, keys

FLEET = "/api/v1/aemp/Fleet"
DAY = "2026-11-22T00:00:00Z/2026-11-23T00:00:00Z"
NAMESPACE = "{http://standards.iso.org/iso/15143/-3}"
HOUR = dt.datetime(2026, 11, 22, 6)  # noqa: DTZ001 - as stored
HOSTILE = [
    "' OR 1=1 --",
    "<img src=x onerror=alert(1)>",
    "a/b/../c",
    "Equipment/ID/x",
    "\u202egnp",
    "🚚" * 100,
    "x" * 10_000,
    "50% & more?#",
]


def client(site: Site) -> TestClient:
    return TestClient(create_app(site), raise_server_exceptions=False)


def store(folder: Path, **tables: Any) -> Site:
    return open_site(write(folder / "mine", Facts(name="mine", time_zone="UTC"), **tables))


def truck(name: str, **more: object) -> dict[str, object]:
    return {"truck": name, "given": True, **more}


@pytest.fixture(scope="module")
def sample() -> TestClient:
    return client(tk.sample())


def paged(of: TestClient, path: str) -> Iterator[Any]:
    following: str | None = path
    while following:
        answer = of.get(following)
        assert answer.status_code == 200, answer.text
        yield answer.json()
        links = {link["rel"]: link["href"] for link in answer.json()["Links"]}
        assert links["self"].startswith(following.partition("?")[0][:40])
        following = links.get("next")


def test_answers_are_what_the_models_document(sample: TestClient) -> None:
    asked = {f"{FLEET}/1": models.Fleet, f"{FLEET}/Equipment/ID/T01": models.OneMachine}
    asked |= {f"{FLEET}/Equipment/ID/T01/{name}/{DAY}/1": models.Series for name in SERIES}
    for path, model in asked.items():
        answer = sample.get(path, params={"format": "json"})
        assert answer.status_code == 200, (path, answer.text)
        model.model_validate_json(answer.content)


def test_every_description_says_shaped_after_and_none_conformant(sample: TestClient) -> None:
    document = sample.get("/api/openapi.json").json()
    ours = [path["get"] for name, path in document["paths"].items() if "/aemp/" in name]
    assert len(ours) == 3
    for each in ours:
        assert "shaped after" in each["description"].replace("\n", " ")
        assert "conform" not in str(each).lower()
        assert {"200", "304", "401", "404", "406", "422", "503"} <= each["responses"].keys()
        assert {"application/json", "application/xml"} <= each["responses"]["200"]["content"].keys()


def test_xml_is_answered_unless_json_is_asked_for(sample: TestClient) -> None:
    def media(**headers: str) -> str:
        return str(sample.get(f"{FLEET}/1", headers=headers).headers["content-type"])

    assert media() == media(Accept="application/xml") == "application/xml"
    assert media(Accept="application/json") == "application/json"
    assert media(Accept="application/iso15143-snapshot+json") == "application/json"
    assert sample.get(f"{FLEET}/1?format=json").headers["content-type"] == "application/json"
    refused = sample.get(f"{FLEET}/1", headers={"Accept": "image/png"})
    assert (refused.status_code, "application/xml" in refused.json()["detail"]) == (406, True)
    assert sample.get(f"{FLEET}/1?format=csv").status_code == 422


def test_the_counters_of_the_sample_are_what_its_tables_sum_to(sample: TestClient) -> None:
    site = tk.sample().truck("T01")
    told = sample.get(f"{FLEET}/Equipment/ID/T01?format=json").json()
    states = site.states.to_pandas()
    hours = (states["stop"] - states["start"]).dt.total_seconds() / 3600
    idle = hours[states.state.isin(counters.IDLE)].sum()
    assert told["CumulativeIdleHours"]["Hour"] == pytest.approx(idle)
    assert told["CumulativeIdleHours"]["countedSince"] == "2026-11-22T09:00:00.000Z"
    telemetry = site.telemetry.order_by("at").to_pandas()
    assert told["CumulativeOperatingHours"]["Hour"] == telemetry.engine_h.dropna().iloc[-1]
    assert "countedSince" not in told["CumulativeOperatingHours"]
    assert told["Distance"]["Odometer"] == telemetry.odometer_km.dropna().iloc[-1]
    # To count what was burned takes a look at every sample; a series does that, and a snapshot does not.
    assert "FuelUsed" not in told
    pages = list(paged(sample, f"{FLEET}/Equipment/ID/T01/FuelUsed/{DAY}/1?format=json"))
    burned = telemetry.groupby(telemetry["at"].dt.floor("min")).fuel_rate_lph.mean().sum() / 60
    assert pages[-1]["FuelUsed"][-1]["FuelConsumed"] == pytest.approx(burned, rel=1e-4)
    assert "Location" not in told  # the sample has a grid, and no degrees are made up


def test_a_counter_never_falls_and_ends_as_the_snapshot_says(sample: TestClient) -> None:
    snapshot = sample.get(f"{FLEET}/Equipment/ID/T02?format=json").json()
    for name in ("CumulativeIdleHours", "FuelUsed", "CumulativeLoadCount", "CumulativePayloadTotals"):
        pages = paged(sample, f"{FLEET}/Equipment/ID/T02/{name}/{DAY}/1?format=json")
        rows = [row for page in pages for row in page[name]]
        value = next(s for s in SECTIONS if s.name == name).values[0].name
        assert [row[value] for row in rows] == sorted(row[value] for row in rows)
        assert [row["datetime"] for row in rows] == sorted({row["datetime"] for row in rows})
        assert rows[-1] == snapshot.get(name, rows[-1])


def test_a_window_counts_from_long_before_it(sample: TestClient) -> None:
    path = f"{FLEET}/Equipment/ID/T01/CumulativeLoadCount"
    every = sample.get(f"{path}/{DAY}/1?format=json").json()["CumulativeLoadCount"]
    late = sample.get(f"{path}/{every[7]['datetime']}/{every[9]['datetime']}/1?format=json").json()
    assert late["CumulativeLoadCount"] == every[7:9]


def test_pages_of_the_fleet_are_of_a_hundred_and_lead_on(tmp_path: Path) -> None:
    of = client(store(tmp_path, trucks=[truck(f"T{number:03}") for number in range(250)]))
    pages = list(paged(of, f"{FLEET}/1?format=json"))
    assert [len(page["Equipment"]) for page in pages] == [100, 100, 50]
    names = [each["EquipmentHeader"]["EquipmentID"] for page in pages for each in page["Equipment"]]
    assert names == [f"T{number:03}" for number in range(250)]
    second = {link["rel"]: link["href"].rpartition("/")[2] for link in pages[1]["Links"]}
    of_page = {"self": "2", "first": "1", "prev": "1", "next": "3", "last": "3"}
    assert second == {rel: f"{number}?format=json" for rel, number in of_page.items()}
    beyond = of.get(f"{FLEET}/4")
    assert (beyond.status_code, "the last is page 3" in beyond.json()["detail"]) == (404, True)


def test_an_empty_site_has_one_page_with_no_machines(tmp_path: Path) -> None:
    of = client(store(tmp_path, shifts=[]))
    assert of.get(f"{FLEET}/1?format=json").json()["Equipment"] == []
    assert ElementTree.fromstring(of.get(f"{FLEET}/1").content).attrib["version"] == "1"
    assert of.get(f"{FLEET}/2").status_code == 404
    assert of.get(f"{FLEET}/Equipment/ID/T01").status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("0", 422, "page"),
        ("one", 422, "page"),
        ("1?pgae=2", 422, "pgae"),
        ("Equipment/ID/T99", 404, 'no truck "T99"'),
        (f"Equipment/ID/T99/Locations/{DAY}/1", 404, 'no truck "T99"'),
        (f"Equipment/ID/T01/Location/{DAY}/1", 404, 'did you mean "Locations"'),
        (f"Equipment/ID/T01/Distance/{DAY}/999", 404, "there is no page 999 of Distance"),
        ("Equipment/ID/T01/Distance/2026-11-22T00:00/2026-11-23T00:00:00Z/1", 422, "has no zone"),
        (
            "Equipment/ID/T01/Distance/2026-11-23T00:00:00Z/2026-11-22T00:00:00Z/1",
            422,
            "stop after its start",
        ),
        ("Equipment/ID/T01/Distance/NaN/9999-12-31T00:00:00Z/1", 422, "not a time"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_in_one_sentence(
    sample: TestClient, path: str, status: int, said: str
) -> None:
    answer = sample.get(f"{FLEET}/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said in answer.json()["detail"]


def test_what_the_client_has_is_not_sent_again_and_head_has_no_body(sample: TestClient) -> None:
    for path in (f"{FLEET}/1", f"{FLEET}/Equipment/ID/T01/Distance/{DAY}/1"):
        first = sample.get(path)
        again = sample.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = sample.head(path)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", first.headers["etag"])
        in_json = sample.get(path + "?format=json", headers={"If-None-Match": first.headers["etag"]})
        assert in_json.status_code == 200


def test_without_a_key_where_keys_are_nothing_is_told(tmp_path: Path) -> None:
    site = store(tmp_path, trucks=[truck("T01")])
    secret = keys.add(tmp_path / "mine", "reader", "read")
    of = TestClient(create_app(site, settings=Settings(), folder=tmp_path / "mine"))
    for path in (f"{FLEET}/1", f"{FLEET}/Equipment/ID/T01", f"{FLEET}/Equipment/ID/T01/Distance/{DAY}/1"):
        assert of.get(path).status_code == 401
        assert of.get(path, headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def test_a_machine_of_hostile_name_is_told_as_it_is(tmp_path: Path) -> None:
    of = client(store(tmp_path, trucks=[truck(name, model=name) for name in HOSTILE]))
    fleet = ElementTree.fromstring(of.get(f"{FLEET}/1").content)
    for told in ("EquipmentID", "Model"):
        found = [each.text for each in fleet.iter(f"{NAMESPACE}{told}")]
        assert sorted(map(str, found)) == sorted(HOSTILE)
    for name in HOSTILE:
        for path in (
            f"{quote(name, safe='')}?format=json",
            f"{quote(name, safe='')}/Distance/{DAY}/1?format=json",
        ):
            answer = of.get(f"{FLEET}/Equipment/ID/{path}")
            assert answer.status_code == 200, (name[:40], answer.text[:300])
            assert answer.json()["EquipmentHeader"]["EquipmentID"] == name
            (itself,) = [link["href"] for link in answer.json()["Links"] if link["rel"] == "self"]
            assert of.get(itself).json() == answer.json()


def test_a_name_of_two_lines_is_told_in_the_fleet_and_has_an_address(tmp_path: Path) -> None:
    of = client(store(tmp_path, trucks=[truck("two\r\nlines")]))
    (header,) = ElementTree.fromstring(of.get(f"{FLEET}/1").content).iter(f"{NAMESPACE}EquipmentID")
    assert header.text == "two\r\nlines"
    assert of.get(f"{FLEET}/Equipment/ID/two%0D%0Alines").status_code == 200


def test_a_name_that_xml_cannot_hold_is_refused_in_xml_alone(tmp_path: Path) -> None:
    name = "T\x01\x1b\ufffe"
    of = client(store(tmp_path, trucks=[truck(name), truck("T2", model="9\x0130")]))
    refused = of.get(f"{FLEET}/1")
    assert (refused.status_code, "ask for JSON" in refused.json()["detail"]) == (406, True)
    fleet = of.get(f"{FLEET}/1?format=json").json()
    assert [each["EquipmentHeader"]["EquipmentID"] for each in fleet["Equipment"]] == [name, "T2"]
    assert b"9\xef\xbf\xbd30" in of.get(f"{FLEET}/Equipment/ID/T2").content


@given(st.text(st.characters(exclude_categories=["Cs"])), st.booleans())
def test_whatever_the_text_the_document_is_well_formed(text: str, identity: bool) -> None:
    try:
        content = xml("Fleet", {"version": text, "EquipmentID" if identity else "Model": text})
    except NoSuchFormat:
        assert identity
        return
    read = ElementTree.fromstring(content)[0].text or ""
    assert len(read) == len(text)
    assert all(one == other or one == "\ufffd" for one, other in zip(read, text, strict=True))
    assert not identity or read == text


CHANNELS = {"idle_h": 1.5, "loads": 7.0, "payload_total_t": 0.5, "fuel_used_l": 99.9}


def site_of_all_parts(folder: Path) -> Site:
    at = [HOUR + dt.timedelta(seconds=second, milliseconds=250) for second in range(3)]
    return store(
        folder,
        trucks=[truck("T1", model="930 & <E>", tank_l=4000.0)],
        positions=[
            {"truck": "T1", "at": when, "x_m": 30.0 * second, "y_m": 40.0 * second,
             "lon": -70.1234567 - second, "lat": -30.7654321, "elevation_m": 2900.1}
            for second, when in enumerate(at)
        ],
        telemetry=[
            {"truck": "T1", "at": when, "engine_h": 12.3 + second, "fuel_pct": 41.2, "engine_on": True}
            for second, when in enumerate(at)
        ],
        channels=[
            {"truck": "T1", "at": when, "channel": name, "number": number + second}
            for name, number in CHANNELS.items()
            for second, when in enumerate(at)
        ],
        events=[
            {"event": "e1", "truck": "T1", "at": at[0], "kind": "110-0", "description": "Hot <oil>"},
            {"event": "e2", "truck": "T1", "at": at[1], "kind": "overspeed"},
        ],
    )  # fmt: skip


READ_BACK = {
    "positions": ("at", "lon", "lat", "elevation_m"),
    "telemetry": ("at", "engine_h", "fuel_pct", "engine_on"),
    "events": ("at", "kind", "description"),
    "channels": ("at", "channel", "number"),
}


@pytest.mark.parametrize("form", ["xml", "json"])
def test_series_are_read_back_as_they_were_stored(tmp_path: Path, form: str) -> None:
    site = site_of_all_parts(tmp_path / "one")
    of, sent = client(site), tmp_path / "sent"
    sent.mkdir()
    # Where no odometer was stored the way is counted, and what is counted is no reading of the machine.
    for series in SERIES.keys() - {"Distance"}:
        answer = of.get(f"{FLEET}/Equipment/ID/T1/{series}/{DAY}/1?format={form}")
        (sent / f"{series}.{form}").write_bytes(answer.content)
    loads = ingest(tmp_path / "two", sent, "iso15143", detection=False)
    assert sum(load.rejected for load in loads) == 0
    back = open_site(tmp_path / "two")
    for table, columns in READ_BACK.items():
        kept, read = (
            of_site.table(table).order_by("at", columns[1]).select(*columns).to_pyarrow().to_pylist()
            for of_site in (site, back)
        )
        assert read == [row for row in kept if row.get("kind") != "overspeed"]


@pytest.mark.parametrize("form", ["xml", "json"])
def test_a_snapshot_is_read_back_with_every_part(tmp_path: Path, form: str) -> None:
    answer = client(site_of_all_parts(tmp_path / "one")).get(f"{FLEET}/1?format={form}")
    (tmp_path / "two").mkdir()
    loads, back = brought(tmp_path / "two", "iso15143", f"a.{form}", answer.text)
    assert all(load.rejected == 0 for load in loads)
    assert back.trucks.model.to_pyarrow().to_pylist() == ["930 & <E>"]
    (place,) = back.positions.to_pyarrow().to_pylist()
    assert (place["lon"], place["at"]) == (-72.1234567, HOUR + dt.timedelta(seconds=2, milliseconds=250))
    channels = back.table("channels").order_by("channel").to_pyarrow().to_pylist()
    assert {row["channel"]: row["number"] for row in channels} == {
        "idle_h": 3.5, "loads": 9.0, "payload_total_t": 2.5, "fuel_used_l": 101.9,
    }  # fmt: skip


def test_the_way_is_counted_from_positions_where_no_odometer_was_read(tmp_path: Path) -> None:
    of = client(site_of_all_parts(tmp_path))
    # The first second is 50 m, which no truck drives, so only what can be counts.
    *_, told = of.get(f"{FLEET}/Equipment/ID/T1/Distance/{DAY}/1?format=json").json()["Distance"]
    assert told["countedSince"] == "2026-11-22T06:00:00.250Z"
    assert told["OdometerUnits"] == "kilometre"
    assert told["Odometer"] in (0.0, 0.1)
