"""What was measured, as figures with their goals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from asking import Times, quantile
from iot import Kind, Question, Variant
from measuring import Entry, entry

_GOALS: Mapping[Kind, Mapping[Variant, str]] = {
    "last point": {"sql": "≤ 3 ms, ≤ PostgreSQL", "influx": "≤ InfluxDB"},
    "short window": {"sql": "≤ PostgreSQL", "influx": "≤ 0.5 × InfluxDB"},
    "full history": {"sql": "≤ 0.1 × PostgreSQL", "influx": "≤ 0.1 × InfluxDB"},
}
_OURS = ("truckkit", "DuckDB SQL")
_BRIEF_MS = 20.0
"""Of a question that takes longer, truckkit's part is held to a share, of others to a time."""
_DETAILS = ("asked", "CPU", "min", "p95", "p99")


def entries(variant: Variant, question: Question, found: Mapping[str, Times]) -> list[Entry]:
    """What one question took, and what truckkit adds to SQL written by hand."""
    name = f"{question.name}, {variant}"
    medians = {system: quantile(times.alone, 0.5) for system, times in found.items()}
    best = min((took for system, took in medians.items() if system not in _OURS), default=None)
    told = []
    for system, times in found.items():
        ours = system == "truckkit"
        goal = _GOALS[question.kind][variant] if ours else ""
        told.append(entry(f"{name}, {system}", medians[system], "ms", goal, best if ours else None))
        told += _details(f"{name}, {system}", times)
    ours, by_hand = (medians[system] for system in _OURS)
    added = f"{name}, truckkit over SQL by hand"
    if by_hand > _BRIEF_MS:
        told.append(entry(added, ours / by_hand, "", "≤ 1.1"))
    else:
        told.append(entry(added, ours - by_hand, "ms", "≤ 2"))
    return told


def _details(name: str, times: Times) -> list[Entry]:
    told = [
        entry(f"{name}, asked", 0 if times.gave_up else len(times.alone), ""),
        entry(f"{name}, CPU", times.cpu, "ms"),
        entry(f"{name}, min", min(times.alone), "ms"),
        entry(f"{name}, p95", quantile(times.alone, 0.95), "ms"),
        entry(f"{name}, p99", quantile(times.alone, 0.99), "ms"),
    ]
    if times.together:
        several = f"{name}, several clients"
        told.append(entry(several, quantile(times.together, 0.5), "ms"))
        told.append(entry(f"{several}, asked", len(times.together), ""))
        told += [
            entry(f"{several}, p{share}", quantile(times.together, share / 100), "ms") for share in (95, 99)
        ]
    return told


def without_details(found: Sequence[Entry]) -> list[Entry]:
    """The figures that fit a table; how often was asked among them where that is hardly a median."""

    def is_shown(each: Entry) -> bool:
        detail = str(each["name"]).rpartition(", ")[2]
        return (detail == "asked" and each["value"] in (0, 1)) or detail not in (*_DETAILS, "several clients")

    return [each for each in found if is_shown(each)]
