"""The detector's accuracy does not fall: a small part of what bench/accuracy.py measures, held to bounds.

The bounds lie a little below what was measured when they were written; raise them with the detector.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
SEEDS = (31, 32)
WORK = ("load", "haul", "dump", "return")


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    script = ROOT / "bench" / "accuracy.py"
    spec = importlib.util.spec_from_file_location("accuracy", script)
    module = importlib.util.module_from_spec(spec)
    sys.modules["accuracy"] = module  # where its dataclasses look for their own module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("noise", "channels", "period_s", "least"),
    [
        ("none", "full", 1.0, {"macro": 0.985, "work": 0.998, "cycles": 1.0, "tonnes": 0.001, "p95": 1.0}),
        ("typical", "full", 1.0, {"macro": 0.98, "work": 0.99, "cycles": 1.0, "tonnes": 0.03, "p95": 2.5}),
        ("harsh", "full", 1.0, {"macro": 0.965, "work": 0.97, "cycles": 0.97, "tonnes": 0.05, "p95": 60}),
        ("none", "gps", 1.0, {"macro": 0.84, "work": 0.98, "cycles": 1.0, "p95": 8.0}),
        ("typical", "gps", 1.0, {"macro": 0.84, "work": 0.97, "cycles": 0.96, "p95": 60}),
        ("harsh", "gps", 1.0, {"macro": 0.84, "work": 0.97, "cycles": 0.96, "p95": 20}),
        ("typical", "full", 30.0, {"macro": 0.82, "work": 0.9, "cycles": 0.9, "p95": 90}),
    ],
)
def test_accuracy_does_not_fall(bench: ModuleType, noise: str, channels: str, period_s: float, least: dict):
    assert not set(SEEDS) & set(bench.SEEDS)
    told = [
        bench.measured(bench.Case(seed, noise, period_s, channels, trucks=6, hours=4.0)) for seed in SEEDS
    ]
    found = {
        "macro": np.mean([one["macro_f1"] for one in told]),
        "work": min(np.mean([one["f1"][state] for one in told]) for state in WORK),
        "cycles": min(np.mean([one["cycles"][name] for one in told]) for name in ("recall", "precision")),
        "p95": max(one["boundary_s"]["p95"] for one in told),
        "centre": max(one["places"]["centre_m"] for one in told),
        "places": np.mean([one["places"]["recall"] for one in told]),
    }
    assert found["macro"] >= least["macro"]
    assert found["work"] >= least["work"]
    assert found["cycles"] >= least["cycles"]
    assert found["p95"] <= least["p95"]
    assert found["places"] >= 0.9
    assert found["centre"] <= 10
    if "tonnes" in least:
        assert max(one["tonnes_error"] for one in told) <= least["tonnes"]
