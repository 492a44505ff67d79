"""OGC Moving Features are positions, and what was measured on the way is sections of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stores_of_sections import brought

from truckkit.errors import BadInput
from truckkit.sources import documents
from truckkit.sources.spool import Spool

TIMES = ["2024-03-01T06:00:00Z", "2024-03-01T06:00:10Z"]


def feature(**more: Any) -> dict[str, Any]:
    geometry = {"type": "MovingPoint", "datetimes": TIMES, "coordinates": [[-70, -30, 5], [-70.1, -30.1]]}
    return {"type": "Feature", "properties": {"name": "T1"}, "temporalGeometry": geometry, **more}


def sections(folder: Path, document: Any) -> dict[str, tuple[list[dict[str, Any]], list[str]]]:
    path = folder / "a.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    spool = Spool(path, folder)
    documents.read(path, spool)
    told = {}
    for section in spool.sections():
        with section.rows.reading() as stream:
            told[section.name] = (
                stream.read_all().to_pylist(),
                [each.reason for each in section.rows.broken],
            )
    return told


def test_a_feature_is_positions_of_a_truck_once(tmp_path: Path):
    content = json.dumps({"type": "FeatureCollection", "features": [feature()]})
    (load,), site = brought(tmp_path, "mf-json", "a.json", content)
    rows = site.positions.order_by("at").to_pyarrow().to_pylist()
    assert [(row["truck"], row["lon"], row["lat"], row["elevation_m"]) for row in rows] == [
        ("T1", -70.0, -30.0, 5.0), ("T1", -70.1, -30.1, None),
    ]  # fmt: skip
    assert (load.rows_in, load.rejected, load.duplicates) == (2, 0, 0)
    assert brought(tmp_path, "mf-json", "a.json", content)[0][0].known


def test_a_line_with_datetimes_and_milliseconds_is_the_same(tmp_path: Path):
    line = {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}
    document = {"type": "Feature", "geometry": line, "properties": {"name": "T", "datetimes": [0, 1500]}}
    rows, _ = sections(tmp_path, document)["positions"]
    assert [(row["time"], row["lon"]) for row in rows] == [
        ("1970-01-01T00:00:00+00:00", "1"), ("1970-01-01T00:00:01.500000+00:00", "3"),
    ]  # fmt: skip


def test_another_system_gives_metres(tmp_path: Path):
    crs = {"type": "Name", "properties": {"name": "urn:ogc:def:crs:EPSG::32719"}}
    rows, _ = sections(tmp_path, feature(crs=crs))["positions"]
    assert rows[0]["x_m"] == "-70"
    assert "lon" not in rows[0]


def test_what_was_measured_is_a_section_by_its_name(tmp_path: Path):
    measured = [{"datetimes": TIMES, "speed": {"uom": "KMH", "values": [1.5, 2], "interpolation": "Linear"}}]
    rows, _ = sections(tmp_path, feature(temporalProperties=measured))["speed"]
    assert [(row["value"], row["interpolation"], row["name"]) for row in rows] == [
        ("1.5", "Linear", "T1"), ("2", "Linear", "T1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("geometry", "kept", "reasons"),
    [
        ({"type": "MovingPoint"}, 0, ['it has no "datetimes" and no "coordinates"']),
        ({"type": "MovingPolygon"}, 0, ["the feature is no point that moves"]),
        ({"type": "MovingPoint", "datetimes": TIMES, "coordinates": [[1, 2]]}, 1,
         ["there are 1 coordinates for 2 datetimes"]),
        ({"type": "MovingPoint", "datetimes": [None], "coordinates": [[1, 2]]}, 0, ["the time is None"]),
        ({"type": "MovingPoint", "datetimes": TIMES, "coordinates": [[1, 2], "x"]}, 1,
         ['the place is "x", not a list of numbers']),
        ({"type": "MovingPoint", "datetimes": [1e30], "coordinates": [[1, 2]]}, 0, ["the time is 1e+30"]),
    ],
)  # fmt: skip
def test_what_is_no_place_in_time_is_refused(tmp_path: Path, geometry: Any, kept: int, reasons: list[str]):
    rows, broken = sections(tmp_path, feature(temporalGeometry=geometry))["positions"]
    assert (len(rows), broken) == (kept, reasons)


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 200_000, '{"type": NaN}', '{"type": "Feature"'])
def test_what_is_no_document_is_refused_in_a_sentence(tmp_path: Path, content: str):
    with pytest.raises(BadInput):
        brought(tmp_path, "mf-json", "a.json", content)


PLACES = st.tuples(st.floats(-180, 180), st.floats(-90, 90), st.datetimes())


@given(moving=st.lists(st.tuples(st.text(max_size=20), st.lists(PLACES, min_size=1, max_size=4)), min_size=1))
def test_what_was_written_is_read_back_place_by_place(tmp_path_factory, moving):
    features = [
        feature(
            id=number,
            properties={"name": name},
            temporalGeometry={
                "type": "MovingPoint",
                "datetimes": [at.isoformat() for *_, at in places],
                "coordinates": [[lon, lat] for lon, lat, _ in places],
            },
        )
        for number, (name, places) in enumerate(moving)
    ]
    document = {"type": "FeatureCollection", "features": features}
    rows, broken = sections(tmp_path_factory.mktemp("mf"), document)["positions"]
    got = [(row["feature"], row["name"], row["time"], float(row["lon"]), float(row["lat"])) for row in rows]
    assert got == [
        (str(number), name, at.isoformat(), lon, lat)
        for number, (name, places) in enumerate(moving)
        for lon, lat, at in places
    ]
    assert broken == []
