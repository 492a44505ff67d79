"""The newest known of each truck is the same in whatever order, pieces and repetition its rows came."""

from __future__ import annotations

import random
from datetime import datetime
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


def day(at: datetime | None) -> str | None:
    return at and f"{at:%d %H:%M:%S}"


def latest(store: Path) -> list[tuple[object, ...]]:
    """Each truck, with its newest place, payload and fuel, and when each was so."""
    shown = (("at", "x_m"), ("payload_at", "payload_t"), ("fuel_at", "fuel_pct"))
    rows = open_site(store).latest.order_by("truck").to_pyarrow().to_pylist()
    return [
        (row["truck"], *(each for at, what in shown for each in (day(row[at]), row[what]))) for row in rows
    ]


@pytest.mark.parametrize("seed", range(6))
def test_the_newest_known_of_a_truck_does_not_depend_on_how_its_rows_came(tmp_path, seed):
    chance = random.Random(seed)
    rows = [*ROWS, *chance.sample(ROWS, 4)]
    chance.shuffle(rows)
    cuts = sorted(chance.sample(range(1, len(rows)), 4))
    bring(tmp_path / "store", [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)])
    assert latest(tmp_path / "store") == [
        ("T1", "03 00:00:05", 3.0, "02 00:00:00", 140.0, "03 00:00:05", 40.0),
        ("T2", "02 00:00:00", 7.0, None, None, "01 00:00:00", 80.0),
    ]


def test_a_value_that_is_corrected_at_its_instant_is_the_newest_known(tmp_path):
    told = [("p", "T1,2026-11-01T00:00:00Z,1"), ("t", "T1,2026-11-01T00:00:00Z,50,91")]
    bring(tmp_path / "store", [told, [("t", "T1,2026-11-01T00:00:00Z,55,")]])
    assert latest(tmp_path / "store") == [
        ("T1", "01 00:00:00", 1.0, "01 00:00:00", 55.0, "01 00:00:00", 91.0)
    ]
