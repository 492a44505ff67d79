"""GPX tracks are positions; points without a time, and files that are none, are refused."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stores_of_sections import brought

from truckkit.errors import BadInput
from truckkit.sources import gpx
from truckkit.sources.spool import Spool

HOSTILE = '<b>T\'1</b>; "drop" 😀'


def track(
    *points: str, namespace: str = 'xmlns="http://www.topografix.com/GPX/1/1"', name: str = "T1"
) -> str:
    segment = f"<trkseg>{''.join(points)}</trkseg>"
    return f"<gpx {namespace}><wpt lat='1' lon='1'/><trk><name>{name}</name>{segment}</trk></gpx>"


def point(second: int, lat: object = -30.5, lon: object = -70.25, more: str = "") -> str:
    time = f"<time>2024-03-01T06:00:{second:02}Z</time>"
    return f'<trkpt lat="{lat}" lon="{lon}"><ele>120</ele>{time}{more}</trkpt>'


@pytest.mark.parametrize("namespace", ["", 'xmlns="http://www.topografix.com/GPX/1/1"'])
def test_a_track_is_positions_of_a_truck_in_the_grid_of_its_zone(tmp_path: Path, namespace: str):
    speed = "<extensions><e:x xmlns:e='urn:e'><e:speed>10</e:speed></e:x></extensions>"
    content = track(point(1, more=speed), point(2, more="<course>90</course>"), namespace=namespace)
    loads, site = brought(tmp_path, "gpx", "a.gpx", content)
    rows = site.positions.order_by("at").to_pyarrow().to_pylist()
    assert [(row["truck"], row["lon"], row["lat"], row["speed_kmh"], row["heading_deg"]) for row in rows] == [
        ("T1", -70.25, -30.5, 36.0, None), ("T1", -70.25, -30.5, None, 90.0),
    ]  # fmt: skip
    assert rows[0]["x_m"] is not None
    assert [load.rows_in for load in loads] == [2]
    assert all(load.known for load in brought(tmp_path, "gpx", "a.gpx", content)[0])


def test_points_without_a_time_or_in_no_place_are_told(tmp_path: Path):
    content = track('<trkpt lat="1" lon="2"/>', point(1), point(2, lat="north"), point(1))
    (load,), site = brought(tmp_path, "gpx", "a.gpx", content)
    assert (load.rows_in, load.rejected, load.duplicates) == (4, 1, 1)
    assert "the point has no time" in site.rejects.reason.to_pyarrow().to_pylist()
    assert site.positions.count().execute() == 2


def test_a_hostile_name_is_a_name(tmp_path: Path):
    content = track(point(1), name=HOSTILE.replace("<", "&lt;"))
    _, site = brought(tmp_path, "gpx", "a.gpx", content)
    assert site.positions.truck.to_pyarrow().to_pylist() == [HOSTILE]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no whole XML"),
        (track(point(1))[:-9], "no whole XML"),
        ("<html><p/></html>", "is no GPX"),
        ('<!DOCTYPE g [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><gpx>&b;</gpx>', "document type or entities"),
        ("<gpx>" + "<a>" * 100 + "</a>" * 100 + "</gpx>", "nests more than"),
        (f"<gpx><trk><name>{'x' * (17 << 20)}</name></trk></gpx>", "an element of more than"),
        ("<?xml version='1.0' encoding='nonsense'?><gpx/>", "no whole XML"),
    ],
)
def test_what_is_no_track_is_refused_in_a_sentence(tmp_path: Path, content: str, words: str):
    with pytest.raises(BadInput, match=words):
        brought(tmp_path, "gpx", "a.gpx", content)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)
POINTS = st.tuples(
    st.floats(-90, 90), st.floats(-180, 180), st.datetimes(), st.none() | st.floats(-500, 9000)
)


@given(tracks=st.lists(st.tuples(WORDS, st.lists(st.lists(POINTS, max_size=3), max_size=3)), max_size=3))
def test_what_was_written_is_read_back_point_by_point(tmp_path_factory, tracks):
    root, wanted = ElementTree.Element("gpx"), []
    for name, segments in tracks:
        trk = ElementTree.SubElement(root, "trk")
        ElementTree.SubElement(trk, "name").text = name
        for number, points in enumerate(segments, 1):
            segment = ElementTree.SubElement(trk, "trkseg")
            for lat, lon, at, ele in points:
                trkpt = ElementTree.SubElement(segment, "trkpt", lat=repr(lat), lon=repr(lon))
                ElementTree.SubElement(trkpt, "time").text = at.isoformat()
                if ele is not None:
                    ElementTree.SubElement(trkpt, "ele").text = repr(ele)
                wanted.append((name, str(number), at.isoformat(), lat, lon, ele))
    path = tmp_path_factory.mktemp("gpx") / "a.gpx"
    ElementTree.ElementTree(root).write(path, encoding="utf-8")
    spool = Spool(path, path.parent)
    gpx.read(path, spool)
    got = []
    for section in spool.sections():
        with section.rows.reading() as stream:
            for row in stream.read_all().to_pylist():
                ele = float(row["ele"]) if row.get("ele") else None
                place = (float(row["lat"]), float(row["lon"]), ele)
                got.append((row["track"], row["segment"], row["time"], *place))
        assert not section.rows.broken
    assert got == wanted
