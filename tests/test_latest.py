"""The newest known of each truck is the same in whatever order, pieces and repetition its rows came."""

from __future__ import annotations

import random
from pathlib import Path

import inputs
import pytest

from truckkit.site import open_site

MAPPING = """
name = "both"
time_zone = "UTC"
[site]
name = "Both"
[[file]]
match = "p*.csv"
[[file.table]]
into = "positions"
[file.table.columns]
truck = "truck"
at = "at"
x_m = "x"
[[file]]
match = "t*.csv"
[[file.table]]
into = "telemetry"
[file.table.columns]
truck = "truck"
at = "at"
payload_t = "payload"
fuel_pct = "fuel"
"""

ROWS = [
    *(("p", f"T1,2026-11-{day:02d}T00:00:0{second}Z,{day}") for day in (1, 2, 3) for second in (1, 5)),
    ("p", "T2,2026-11-02T00:00:00Z,7"),
    ("t", "T1,2026-11-01T00:00:00Z,100,90"),
    ("t", "T1,2026-11-01T12:00:00Z,120,"),
    ("t", "T1,2026-11-03T00:00:05Z,,40"),
    ("t", "T1,2026-11-02T00:00:00Z,140,50"),
    ("t", "T2,2026-11-01T00:00:00Z,,80"),
    ("t", "T3,2026-11-01T00:00:00Z,1,1"),
]
"""A kind of file, and a line of it; truck T3 is nowhere."""


def bring(store: Path, pieces: list[list[tuple[str, str]]]) -> None:
    for number, piece in enumerate(pieces):
        for kind, header in (("p", "truck,at,x"), ("t", "truck,at,payload,fuel")):
            if lines := [line for which, line in piece if which == kind]:
                content = "\n".join([header, *lines]) + "\n"
                inputs.bring(store, MAPPING, **{f"{kind}{number}_csv": content})


def latest(store: Path) -> list[tuple[object, ...]]:
    rows = open_site(store).latest.order_by("truck").to_pyarrow().to_pylist()
    return [
        (row["truck"], f"{row['at']:%d %H:%M:%S}", row["x_m"], row["payload_t"], row["fuel_pct"])
        for row in rows
    ]


@pytest.mark.parametrize("seed", range(6))
def test_the_newest_known_of_a_truck_does_not_depend_on_how_its_rows_came(tmp_path, seed):
    chance = random.Random(seed)
    rows = [*ROWS, *chance.sample(ROWS, 4)]
    chance.shuffle(rows)
    cuts = sorted(chance.sample(range(1, len(rows)), 4))
    bring(tmp_path / "store", [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)])
    assert latest(tmp_path / "store") == [
        ("T1", "03 00:00:05", 3.0, 140.0, 40.0),
        ("T2", "02 00:00:00", 7.0, None, 80.0),
    ]
