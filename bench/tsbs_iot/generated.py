"""Trucks as TSBS's IoT use case has them, from a seed: readings and diagnostics every ten seconds.

What the public generator does by design is done here too: a row may lack a field, a line a tag, and some
lines come late. A truck drives and rests in turn, so that questions about both have answers.

The peers are given the lines with the tags that are missing put in again, and without those that name no
truck, as their administrators would have it: InfluxDB would take each such line for a series of its own. What
truckkit is given is left as it was generated, and all three hold the same facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

STEP = timedelta(seconds=10)
DAY = timedelta(days=1)
START = datetime(2024, 3, 1, tzinfo=UTC)
FLEETS = ("East", "West", "North", "South")
DRIVERS = ("Derek", "Rodney", "Albert", "Andy", "Seth", "Trish")
VERSIONS = ("v1.0", "v1.5", "v2.0", "v2.3")
MODELS = {"F-150": (2000, 200, 15), "G-2000": (5000, 300, 19), "H-2": (1500, 150, 12)}
"""Models of trucks, each with the load that it may carry [kg], its tank and its nominal consumption."""

TAGS = ("name", "fleet", "driver", "model", "device_version")
NUMBERS = ("load_capacity", "fuel_capacity", "nominal_fuel_consumption")
"""What a truck is, in numbers: of TSBS's tags those that InfluxDB is given as fields."""
FIELDS = {
    "readings": (
        "latitude", "longitude", "elevation", "velocity", "heading", "grade", "fuel_consumption",
    ),
    "diagnostics": ("fuel_state", "current_load", "status"),
}  # fmt: skip

_LACKS_TAG, _LACKS_FIELD = 0.001, {"readings": 0.013, "diagnostics": 0.03}
"""How often a line lacks one of its tags, and a row one of its fields: each of them."""
_LATE = 0.009
"""Share of lines that come minutes after their time."""


@dataclass(frozen=True)
class Fleet:
    """What is generated.

    Parameters
    ----------
    trucks, days
        How many.
    seed
        The same seed gives the same lines.
    """

    trucks: int
    days: int
    seed: int = 3

    @property
    def stop(self) -> datetime:
        return START + self.days * DAY

    @property
    def rows(self) -> int:
        """Rows of each measurement, lines that name no truck among them."""
        return self.trucks * self.days * int(DAY / STEP)

    @property
    def tags(self) -> pa.Table:
        """One row is one truck: its number, tags and numbers."""
        chance = np.random.default_rng(self.seed)
        models = [list(MODELS)[each] for each in chance.integers(0, len(MODELS), self.trucks)]
        return pa.table(
            {
                "id": range(self.trucks),
                "name": [f"truck_{number}" for number in range(self.trucks)],
                "fleet": [FLEETS[each] for each in chance.integers(0, len(FLEETS), self.trucks)],
                "driver": [DRIVERS[each] for each in chance.integers(0, len(DRIVERS), self.trucks)],
                "model": models,
                "device_version": [VERSIONS[each] for each in chance.integers(0, len(VERSIONS), self.trucks)],
                **{name: [MODELS[model][number] for model in models] for number, name in enumerate(NUMBERS)},
            }
        )


class Walk:
    """All trucks on their way, from day to day."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self._chance = chance = np.random.default_rng(fleet.seed + 1)
        trucks = fleet.trucks
        self._at = chance.uniform([[0.0], [0.0]], [[89.0], [179.0]], (2, trucks))
        self._heading, self._height = chance.uniform(0, 360, trucks), chance.uniform(100, 900, trucks)
        self._velocity, self._load = chance.uniform(0, 80, trucks), chance.uniform(0, 1, trucks)
        self._fuel, self._consumption = chance.uniform(0.2, 1, trucks), chance.uniform(5, 40, trucks)
        self._grade, self._status = chance.uniform(0, 50, trucks), chance.uniform(0, 5, trucks)
        self._rests, self._left = chance.random(trucks) < 0.3, chance.integers(1, 900, trucks)

    def steps(self, count: int) -> dict[str, np.ndarray]:
        """The next steps: of each field, one row a step and one column a truck."""
        chance, trucks = self._chance, self.fleet.trucks
        made = {name: np.empty((count, trucks)) for names in FIELDS.values() for name in names}
        for step in range(count):
            self._left -= 1
            turns = self._left <= 0
            self._rests ^= turns
            # Some hours of driving, then up to an hour of rest.
            self._left[turns] = np.where(
                self._rests, *chance.integers([[60], [360]], [[360], [1800]], (2, trucks))
            )[turns]
            noise = chance.normal(0, 1, (9, trucks))
            self._velocity = np.where(self._rests, 0.0, np.clip(self._velocity + 8 * noise[0], 0, 100))
            self._heading = (self._heading + 5 * noise[1]) % 360
            ahead = np.deg2rad(self._heading)
            self._at += self._velocity * 2.5e-5 * np.stack([np.cos(ahead), np.sin(ahead)])
            self._at = np.clip(self._at, [[-89.0], [-179.0]], [[89.0], [179.0]])
            self._height = np.clip(self._height + 2 * noise[2], 0, 5000)
            self._grade = np.clip(self._grade + 4 * noise[3], 0, 100)
            self._consumption = np.clip(self._consumption + 2 * noise[4], 0, 50)
            self._fuel -= 0.00002 + self._velocity * 4e-7
            self._fuel[self._fuel < 0.02] = 1.0
            self._load = np.clip(self._load + 0.01 * noise[6], 0, 1)
            self._status = np.clip(self._status + 0.2 * noise[7], 0, 5)
            now = (*self._at, self._height, self._velocity, self._heading, self._grade, self._consumption,
                   self._fuel, self._load, self._status)  # fmt: skip
            for name, value in zip(made, now, strict=True):
                made[name][step] = value
        return made


def write(walk: Walk, start: datetime, steps: int, folder: Path, name: str) -> None:
    """Write the next steps: ``name.lp``, and as peers are given them ``name.peer.lp`` and a CSV a table."""
    fleet, made = walk.fleet, walk.steps(steps)
    chance = np.random.default_rng([fleet.seed, int(start.timestamp())])
    con = duckdb.connect()
    con.register("tags", fleet.tags)
    at = (np.int64(start.timestamp()) + np.arange(steps) * 10).repeat(fleet.trucks)
    late = np.where(chance.random(at.size) < _LATE, chance.integers(60, 900, at.size), 0)
    capacity = np.tile(fleet.tags["load_capacity"].to_numpy(), steps)
    for measurement, names in FIELDS.items():
        columns = {field: _rounded(field, made[field].ravel(), capacity) for field in names}
        lacks = chance.random(at.size) // _LACKS_FIELD[measurement]  # the number of the field that is missing
        for number, field in enumerate(names):
            columns[field] = pa.array(columns[field], mask=lacks == number)
        con.register(
            measurement,
            pa.table(
                {
                    "second": at,
                    "comes": at + late,
                    "id": np.tile(np.arange(fleet.trucks), steps),
                    "lacks": (chance.random(at.size) // _LACKS_TAG).astype(np.int64),
                    **columns,
                }
            ),
        )
    _copy(con, _lines(whole=False), folder / f"{name}.lp")
    _copy(con, _lines(whole=True), folder / f"{name}.peer.lp")
    for measurement, names in FIELDS.items():
        con.execute(
            f"COPY (SELECT to_timestamp(second) AS time, id AS tags_id, {', '.join(names)} "
            f"FROM {measurement} WHERE lacks <> 0 ORDER BY comes, id) "
            f"TO '{folder / name}.{measurement}.csv' (FORMAT csv, HEADER false)"
        )
    con.close()


def _rounded(name: str, values: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    if name in ("latitude", "longitude"):
        return values.round(5)
    if name in ("fuel_consumption", "fuel_state"):
        return values.round(1)
    return (values * capacity if name == "current_load" else values).astype(np.int32)


def _lines(*, whole: bool) -> str:
    """The query that gives the lines, in the order in which they come."""
    every = (*TAGS, *NUMBERS)
    told = [
        f"'{name}=' || {name}" if whole else f"CASE WHEN lacks <> {number} THEN '{name}=' || {name} END"
        for number, name in enumerate(every)
    ]
    parts = [
        f"SELECT comes, id, concat_ws(',', '{measurement}', {', '.join(told[: len(TAGS)])}) || ' ' || "
        f"concat_ws(',', {', '.join(told[len(TAGS) :])}, "
        + ", ".join(f"'{name}=' || {name}{_SUFFIX.get(name, '')}" for name in names)
        + f") || ' ' || second || '000000000' AS line FROM {measurement} JOIN tags USING (id)"
        + (" WHERE lacks <> 0" if whole else "")
        for measurement, names in FIELDS.items()
    ]
    return f"SELECT line FROM ({' UNION ALL '.join(parts)}) ORDER BY comes, id"


_SUFFIX = {"status": " || 'i'"}
"""A whole number in InfluxDB."""


def _copy(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    con.execute(f"COPY ({query}) TO '{path}' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '|')")
