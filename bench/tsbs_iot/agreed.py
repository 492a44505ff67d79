"""Whether two systems give the same answer: the same rows, by their texts and days, with the same numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "last-loc": ("name", "driver", "longitude", "latitude"),
    "single-last-loc": ("name", "driver", "longitude", "latitude"),
    "low-fuel": ("name", "driver", "fuel_state"),
    "high-load": ("name", "driver", "current_load"),
    "stationary-trucks": ("name", "driver"),
    "long-driving-sessions": ("name", "driver"),
    "long-daily-sessions": ("name", "driver"),
    "avg-vs-projected-fuel-consumption": ("fleet", "mean", "mean_1"),
    "avg-daily-driving-duration": ("fleet", "name", "driver", "time", "count"),
    "avg-daily-driving-session": ("name", "time", "mean"),
    "avg-load": ("fleet", "model", "mean"),
    "daily-activity": ("fleet", "model", "time", "count"),
    "breakdown-frequency": ("model", "count"),
}
"""What InfluxDB calls the columns of its answers, in the order of everybody else's."""

TOLERANCE = 1e-5
"""Of a number; loads and fuel levels are kept in sensor precision, and sums come in any order."""

Answer = dict[tuple[str, ...], tuple[float, ...]]


def answer(name: str, rows: Iterable[Sequence[object] | Mapping[str, object]]) -> Answer:
    """An answer's numbers by its texts and days, without days of which InfluxDB counts nothing."""
    found: Answer = {}
    for row in rows:
        of_influx = isinstance(row, Mapping)
        values = [row[column] for column in _COLUMNS[name]] if isinstance(row, Mapping) else list(row)
        if of_influx and "time" in _COLUMNS[name]:
            at = _COLUMNS[name].index("time")
            values[at] = datetime.fromtimestamp(int(str(values[at])) / 1000, UTC)
        keys = tuple(_text(value) for value in values if isinstance(value, str | date))
        numbers = tuple(
            math.nan if value is None else float(value)  # type: ignore[arg-type]
            for value in values
            if not isinstance(value, str | date)
        )
        if of_influx and "time" in _COLUMNS[name] and (math.isnan(numbers[0]) or not numbers[0]):
            continue
        found[keys] = numbers
    return found


def differ(ours: Answer, theirs: Answer) -> str:
    """What two answers do not agree about; empty where they agree."""
    if ours.keys() != theirs.keys():
        only, missing = sorted(ours.keys() - theirs.keys())[:3], sorted(theirs.keys() - ours.keys())[:3]
        return f"{len(ours)} rows and {len(theirs)}; only here: {only}; only there: {missing}"
    for keys, numbers in ours.items():
        for one, other in zip(numbers, theirs[keys], strict=True):
            if not (math.isclose(one, other, rel_tol=TOLERANCE) or (math.isnan(one) and math.isnan(other))):
                return f"{keys}: {numbers} and {theirs[keys]}"
    return ""


def _text(value: str | date) -> str:
    return value if isinstance(value, str) else value.strftime("%Y-%m-%d")
