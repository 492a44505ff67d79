"""Snapshots by ISO/TS 15143-3: each part of a machine has a time of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stores_of_sections import brought

from truckkit.errors import BadInput

NAMESPACE = 'xmlns="http://standards.iso.org/iso/15143/-3"'


def fleet(*parts: str, namespace: str = NAMESPACE, truck: str = "T1") -> str:
    told = f"<OEMName>A</OEMName><Model>930</Model><EquipmentID>{truck}</EquipmentID>"
    header = f"<EquipmentHeader>{told}</EquipmentHeader>"
    links = "<Links><rel>self</rel><href>x</href></Links>"
    machine = f"<Equipment>{header}{''.join(parts)}</Equipment>"
    return f'<Fleet {namespace} version="1" snapshotTime="2024-03-01T07:00:00Z">{links}{machine}</Fleet>'


def part(name: str, inner: str, at: str = "2024-03-01T06:00:00Z") -> str:
    return f'<{name} datetime="{at}">{inner}</{name}>'


@pytest.mark.parametrize("namespace", ["", NAMESPACE])
def test_each_part_is_a_sample_at_its_own_time(tmp_path: Path, namespace: str):
    content = fleet(
        part("Location", "<Latitude>-30</Latitude><Longitude>-70</Longitude><Altitude>1000</Altitude>"
             "<AltitudeUnits>foot</AltitudeUnits>"),
        "<CumulativeOperatingHours><datetime>2024-03-01T05:00:00Z</datetime><Hour>12.5</Hour>"
        "</CumulativeOperatingHours>",
        part("Distance", "<OdometerUnits>mile</OdometerUnits><Odometer>100</Odometer>"),
        part("FuelRemaining", "<Percent>55</Percent>"),
        part("EngineStatus", "<EngineNumber>1</EngineNumber><Running>true</Running>"),
        part("CumulativeIdleHours", "<Hour>3</Hour>"),
        namespace=namespace,
    )  # fmt: skip
    loads, site = brought(tmp_path, "iso15143", "a.xml", content)
    (place,) = site.positions.to_pyarrow().to_pylist()
    assert (place["truck"], place["lat"], round(place["elevation_m"], 1)) == ("T1", -30.0, 304.8)
    rows = site.table("telemetry").order_by("at").to_pyarrow().to_pylist()
    assert rows[0]["engine_h"] == 12.5
    told = [(row["odometer_km"], row["fuel_pct"], row["engine_on"]) for row in rows[1:]]
    assert told == [(160.9344, 55.0, True)]
    assert site.trucks.model.to_pyarrow().to_pylist() == ["930"]
    assert all(load.rejected == 0 for load in loads)
    assert all(load.known for load in brought(tmp_path, "iso15143", "a.xml", content)[0])


def test_a_part_without_a_time_or_in_an_unknown_unit_is_refused(tmp_path: Path):
    content = fleet(
        "<FuelRemaining><Percent>5</Percent></FuelRemaining>",
        part("Distance", "<OdometerUnits>league</OdometerUnits><Odometer>1</Odometer>"),
    )
    _, site = brought(tmp_path, "iso15143", "a.xml", content)
    assert set(site.rejects.reason.to_pyarrow().to_pylist()) == {
        "FuelRemaining has no datetime", 'OdometerUnits is "league", which is no unit of length here',
    }  # fmt: skip


def test_a_part_that_the_mapping_does_not_know_is_refused_and_counted(tmp_path: Path):
    loads, _ = brought(tmp_path, "iso15143", "a.xml", fleet(part("Mood", "<Good>1</Good>")))
    assert [(load.rows_in, load.rejected) for load in loads][-1] == (1, 1)


@pytest.mark.parametrize("content", ["", "<Fleet>", '<!DOCTYPE x [<!ENTITY a "b">]><Fleet>&a;</Fleet>'])
def test_what_is_no_snapshot_is_refused(tmp_path: Path, content: str):
    with pytest.raises(BadInput):
        brought(tmp_path, "iso15143", "a.xml", content)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.xml", "<html/>", 'has no row to read: it holds no part of a machine, and its root is "html"'),
        ("a.xml", "<Fleet><Links/></Fleet>", 'and its root is "Fleet"'),
        ("a.json", '{"Fleet": {"Equipment": []}}', 'its "Equipment" holds no machine'),
        ("a.json", "{}", "it is an empty object"),
        ("a.json", '{"rows": []}', 'it is an object of "rows"'),
        ("a.json", "[1, 2]", "it is a list of 2"),
    ],
)
def test_a_file_without_one_machine_is_refused_and_makes_no_store(
    tmp_path: Path, name: str, content: str, words: str
):
    with pytest.raises(BadInput, match=words):
        brought(tmp_path, "iso15143", name, content)
    assert not (tmp_path / "mine").exists()


def test_json_says_the_same_as_xml(tmp_path: Path):
    at = "2024-03-01T06:00:00Z"
    machine = {
        "EquipmentHeader": {"EquipmentID": "T1", "Model": "930"},
        "Location": {"datetime": at, "Latitude": -30, "Longitude": -70},
        "FuelRemaining": [{"datetime": at, "Percent": 55}, {"Percent": 5}, "none"],
    }
    content = json.dumps({"Equipment": [machine, 7], "snapshotTime": at})
    loads, site = brought(tmp_path, "iso15143", "a.json", content)
    assert site.positions.lat.to_pyarrow().to_pylist() == [-30.0]
    assert site.table("telemetry").fuel_pct.to_pyarrow().to_pylist() == [55.0]
    assert {load.source.rpartition("(")[2]: (load.rows_in, load.rejected) for load in loads} == {
        "EquipmentHeader)": (1, 0), "Location)": (1, 0), "FuelRemaining)": (3, 2), "Equipment)": (1, 1),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "units", "unit", "channel", "number"),
    [
        ("FuelUsed", "FuelConsumed", "FuelUnits", "litre", "fuel_used_l", 100.0),
        ("FuelUsed", "FuelConsumed", "FuelUnits", "Litres", "fuel_used_l", 100.0),
        ("FuelUsed", "FuelConsumed", "FuelUnits", "gallon", "fuel_used_l", 378.5411784),
        ("CumulativePayloadTotals", "Payload", "PayloadUnits", "kilogram", "payload_total_t", 0.1),
        ("CumulativePayloadTotals", "Payload", "PayloadUnits", "SHORT_TON", "payload_total_t", 90.718474),
    ],
)
def test_volumes_and_masses_are_in_our_units_whatever_theirs(
    tmp_path: Path, name: str, value: str, units: str, unit: str, channel: str, number: float
):
    content = fleet(part(name, f"<{units}>{unit}</{units}><{value}>100</{value}>"))
    _, site = brought(tmp_path, "iso15143", "a.xml", content)
    (row,) = site.table("channels").to_pyarrow().to_pylist()
    assert (row["channel"], row["number"]) == (channel, pytest.approx(number))


def test_loads_and_idle_hours_are_channels(tmp_path: Path):
    content = fleet(
        part("CumulativeLoadCount", "<Count>7</Count>"), part("CumulativeIdleHours", "<Hour>1.5</Hour>")
    )
    _, site = brought(tmp_path, "iso15143", "a.xml", content)
    rows = site.table("channels").order_by("channel").to_pyarrow().to_pylist()
    assert [(row["channel"], row["number"]) for row in rows] == [("idle_h", 1.5), ("loads", 7.0)]


def fault(code: int, at: str) -> str:
    told = f"<CodeIdentifier>{code}</CodeIdentifier><CodeDescription>Hot oil</CodeDescription>"
    return part("FaultCode", f"{told}<CodeSeverity>HIGH</CodeSeverity><CodeSource>J1939</CodeSource>", at)


def test_a_series_of_a_machine_has_its_header_beside_its_parts(tmp_path: Path):
    header = "<EquipmentHeader><EquipmentID>T1</EquipmentID></EquipmentHeader>"
    times = [f"2024-03-01T06:00:0{second}Z" for second in range(3)]
    series = "".join(fault(100 + number, at) for number, at in enumerate(times))
    content = f"<Faults {NAMESPACE} version='1'>{header}{series}{fault(100, times[0])}</Faults>"
    loads, site = brought(tmp_path, "iso15143", "a.xml", content)
    rows = site.table("events").order_by("at").to_pyarrow().to_pylist()
    assert [(row["truck"], row["kind"], row["description"]) for row in rows] == [
        ("T1", code, "Hot oil") for code in ("100", "101", "102")
    ]
    assert [(load.rows_in, load.rejected, load.duplicates) for load in loads][-1] == (4, 0, 1)


def test_a_series_in_json_is_the_same(tmp_path: Path):
    places = [
        {"datetime": f"2024-03-01T06:00:0{second}Z", "Latitude": -30, "Longitude": -70 - second}
        for second in range(3)
    ]
    content = json.dumps({"version": "1", "EquipmentHeader": {"EquipmentID": "T1"}, "Location": places})
    loads, site = brought(tmp_path, "iso15143", "a.json", content)
    assert site.positions.order_by("at").lon.to_pyarrow().to_pylist() == [-70.0, -71.0, -72.0]
    assert all(load.rejected == 0 for load in loads)
