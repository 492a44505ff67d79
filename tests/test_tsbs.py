"""The trucks of the TSBS IoT benchmark load with all their faults accounted for."""

from __future__ import annotations

import json
from pathlib import Path

from truckkit.ingest import ingest
from truckkit.site import open_site


def test_its_trucks_load_with_their_faults_accounted_for(tmp_path: Path, shared_data: Path):
    told = json.loads((shared_data / "expected.json").read_text(encoding="utf-8"))["tsbs_trucks"]
    loads = ingest(tmp_path / "mine", shared_data / "tsbs_trucks", "tsbs", detection=False)
    by_name = {load.source.rpartition(" ")[2].strip("()"): load for load in loads}
    assert {name: load.rows_in for name, load in by_name.items()} == {
        name: told[name] for name in ("readings", "diagnostics")
    }
    assert {name: load.lacking for name, load in by_name.items()} == told["rows_missing_a_field"]
    assert sum(load.late or 0 for load in loads) == told["out_of_order_rows"]
    assert sum(load.rejected for load in loads) == told["rows_without_name_tag"]
    site = open_site(tmp_path / "mine")
    assert set(site.rejects.reason.to_pyarrow().to_pylist()) == {"name is empty"}
    kept = site.positions.count().execute() + site.table("telemetry").count().execute()
    assert kept + sum(load.rejected + load.duplicates for load in loads) == told["points"]
    assert site.trucks.count().execute() == told["trucks"]


def test_the_same_file_again_adds_nothing(tmp_path: Path, shared_data: Path):
    for _ in range(2):
        loads = ingest(tmp_path / "mine", shared_data / "tsbs_trucks", "tsbs", detection=False)
    assert all(load.known for load in loads)
    assert open_site(tmp_path / "mine").loads.count().execute() == 2
