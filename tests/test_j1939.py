"""Logs of a CAN bus become telemetry by the DBC that a mapping names, and every frame is accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest
from stores_of_sections import brought

from truckkit import mapping
from truckkit.errors import BadInput, BadMapping
from truckkit.ingest import ingest
from truckkit.site import open_site

LOG = """(1709272800.000100) can0 0CF00400#FF7D7DE02EFFFFFF
(1709272800.000200) can0 18F00331#FFC864FFFFFFFFFF
(1709272801.000000) can0 18FEF100#FF0010FFFFFFFFFF
(1709272801.000000) can0 18FEE500#10270000
(1709272802.000000) can0 0CF00400#FF7D7D00FEFFFFFF
(1709272802.000000) can0 123#10
(1709272802.000000) can0 18FF0000#10
(1709272802.000000) can0 18FF0021#10
garbage
"""
ASC = """date Fri Mar 1 06:00:00.000 am 2024
base hex  timestamps absolute
   0.000100 1  CF00400x       Rx   d 8 FF 7D 7D E0 2E FF FF FF
"""
OURS = """VERSION ""
BU_: T
BO_ 2566852350 PAYLOAD: 8 T
 SG_ Payload : 0|16@1+ (0.1,0) [0|0] "t" T
"""
MAPPING = """dbc = "ours.dbc"
[[measurement]]
name = "PAYLOAD"
ignore = ["source_address"]
[[measurement.table]]
into = "telemetry"
[measurement.table.columns]
truck = "file"
at = "time"
payload_t = "Payload"
"""


def test_frames_are_telemetry_of_the_truck_that_the_file_is_named_after(tmp_path: Path):
    loads, site = brought(tmp_path, "j1939", "T1.log", LOG)
    rows = site.table("telemetry").order_by("at").to_pyarrow().to_pylist()
    told = [(row["truck"], row["engine_rpm"], row["engine_load_pct"], row["engine_h"]) for row in rows]
    assert told == [("T1", 1500.0, 100.0, None), ("T1", None, None, 500.0), ("T1", None, None, None)]
    (speed,) = site.table("channels").to_pyarrow().to_pylist()
    assert (speed["channel"], speed["number"]) == ("wheel_speed_kmh", 16.0)
    assert sum(load.rows_in for load in loads) == 5 + 3
    assert all(load.known for load in brought(tmp_path, "j1939", "T1.log", LOG)[0])


def test_what_is_in_no_message_is_said_once_with_how_often_it_came(tmp_path: Path):
    _, site = brought(tmp_path, "j1939", "T1.log", LOG)
    rejects = site.rejects.order_by("line").to_pyarrow().to_pylist()
    assert [(row["line"], row["reason"]) for row in rejects] == [
        (6, "a frame that has 11 bits of identifier, where J1939 has 29"),
        (7, "the first of 2 frames, each of which is of PGN 65280, which the DBC does not have"),
        (9, "the line is no frame of candump"),
    ]


def test_an_asc_log_says_the_same(tmp_path: Path):
    _, site = brought(tmp_path, "j1939", "T1.asc", ASC)
    (row,) = site.table("telemetry").to_pyarrow().to_pylist()
    assert (row["truck"], row["engine_rpm"], row["at"].isoformat()) == ("T1", 1500.0, "2024-03-01T06:00:00")


def test_a_mapping_names_a_dbc_beside_it_which_is_a_part_of_it(tmp_path: Path):
    (tmp_path / "ours.dbc").write_text(OURS)
    (tmp_path / "ours.toml").write_text(MAPPING)
    (tmp_path / "T1.log").write_text("(1709272800.0) can0 18FF0E00#D007\n(1709272801.0) can0 18FF0E00#FFFF\n")
    log, ours = tmp_path / "T1.log", str(tmp_path / "ours.toml")
    assert not ingest(tmp_path / "mine", log, ours, detection=False)[0].known
    rows = open_site(tmp_path / "mine").table("telemetry").order_by("at").to_pyarrow().to_pylist()
    assert [row["payload_t"] for row in rows] == [200.0, None]
    assert ingest(tmp_path / "mine", log, ours, detection=False)[0].known
    (tmp_path / "ours.dbc").write_text(OURS.replace("0.1", "0.2"))
    assert not ingest(tmp_path / "mine", log, ours, detection=False)[0].known
    rows = open_site(tmp_path / "mine").table("telemetry").order_by("at").to_pyarrow().to_pylist()
    assert [row["payload_t"] for row in rows] == [400.0, None]


@pytest.mark.parametrize("said", ['dbc = "none.dbc"', "dbc = 7"])
def test_a_dbc_that_is_not_there_is_told_of(tmp_path: Path, said: str):
    (tmp_path / "ours.toml").write_text(MAPPING.replace('dbc = "ours.dbc"', said))
    with pytest.raises(BadMapping, match=r"dbc|DBC"):
        mapping.read(str(tmp_path / "ours.toml"))


def test_a_mapping_without_a_dbc_reads_no_log_of_a_bus(tmp_path: Path):
    with pytest.raises(BadInput, match=r'"gpx" does not read "T1\.log"'):
        brought(tmp_path, "gpx", "T1.log", LOG)


def test_a_hostile_name_of_a_file_is_a_name(tmp_path: Path):
    name = '<b>T\'1; "drop" 😀'
    _, site = brought(tmp_path, "j1939", f"{name}.log", LOG)
    assert site.trucks.truck.to_pyarrow().to_pylist() == [name]
