"""Any order, chopping and repetition of the same points gives the same tables.

A store and a plain dictionary are told the same; the later load wins field by field, and each row that was
told is kept, rejected or a duplicate.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st
from promises import breaking

from truckkit.store import Load

Point = tuple[str, int, float, float | None]
Field = float | None

POINTS = st.lists(
    st.tuples(
        st.sampled_from(["T1", "T2", "", "T'; --"]),
        st.integers(0, 5) | st.integers(86_395, 86_405) | st.just(-1),
        st.sampled_from([1.0, 2.0]),
        st.sampled_from([None, 5.0, 6.0]),
    ),
    min_size=1,
    max_size=8,
)
"""Points of one file: some without a truck or a time, few enough to meet again; over two days."""


class Model:
    """What a store should hold, and what the ledger should say."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], tuple[float, Field]] = {}
        self.known: set[tuple[Point, ...]] = set()

    def load(self, points: list[Point]) -> tuple[bool, int, int, int, int]:
        """Known, rows in, rejected, duplicates, corrected."""
        if tuple(points) in self.known:
            return True, 0, 0, 0, 0
        self.known.add(tuple(points))
        good = [point for point in points if point[0] and point[1] >= 0]
        last = {(truck, at): (x, v) for truck, at, x, v in good}
        duplicates, corrected = len(good) - len(last), 0
        for key, (x, v) in last.items():
            if key not in self.rows:
                self.rows[key] = (x, v)
                continue
            merged = (x, self.rows[key][1] if v is None else v)
            if merged == self.rows[key]:
                duplicates += 1
            else:
                corrected += 1
                self.rows[key] = merged
        return False, len(points), len(points) - len(good), duplicates, corrected


def _said(load: Load) -> tuple[bool, int, int, int, int]:
    if load.known:
        return True, 0, 0, 0, 0
    return False, load.rows_in, load.rejected, load.duplicates, load.corrected


def _line(point: Point) -> str:
    truck, at, x, v = point
    day, second = divmod(at, 86_400)
    when = f"2026-11-{22 + day}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"
    quoted = f'"{truck}"' if truck else ""
    return f"{quoted},{when if at >= 0 else 'never'},{x},{'' if v is None else v}"


class Loads(stateful.RuleBasedStateMachine):
    """Loads, one after the other or several in one publish, and again."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = self.folder / "store"
        self.model = Model()
        self.told: list[list[Point]] = []
        self.names = itertools.count()

    def _file(self, points: list[Point]) -> Path:
        path = self.folder / f"{next(self.names):04d}.csv"
        path.write_text("truck,at,x,v\n" + "".join(_line(point) + "\n" for point in points))
        return path

    def _bring(self, *several: list[Point]) -> None:
        loads = breaking.bring(self.store, [self._file(points) for points in several])
        self.told += several
        assert [_said(load) for load in loads] == [self.model.load(points) for points in several]
        for load, points in zip(loads, several, strict=True):
            assert load.known or len(points) == load.kept + load.rejected + load.duplicates

    @stateful.rule(points=POINTS)
    def load(self, points: list[Point]) -> None:
        self._bring(points)

    @stateful.rule(first=POINTS, second=POINTS)
    def load_two_at_once(self, first: list[Point], second: list[Point]) -> None:
        hypothesis.assume(first != second)
        self._bring(first, second)

    @stateful.precondition(lambda self: self.told)
    @stateful.rule(data=st.data())
    def load_again(self, data: Any) -> None:
        self._bring(data.draw(st.sampled_from(self.told)))

    @stateful.precondition(lambda self: self.told)
    @stateful.rule(data=st.data())
    def load_again_in_another_order(self, data: Any) -> None:
        points = data.draw(st.sampled_from(self.told))
        self._bring(data.draw(st.permutations(points)))

    @stateful.invariant()
    def the_store_holds_what_the_model_does(self) -> None:
        if not self.told:
            return
        held = {(truck, at): (x, v) for truck, at, x, v in breaking.told(self.store)}
        assert held == {
            (truck, _line((truck, at, 0, 0)).split(",")[1].rstrip("Z")): fields
            for (truck, at), fields in self.model.rows.items()
        }

    def teardown(self) -> None:
        shutil.rmtree(self.folder)


def test_any_order_chopping_and_repetition_gives_the_same_tables(
    seed: int, count: Callable[[int, int], int]
) -> None:
    tried = hypothesis.settings(
        max_examples=count(3, 5000),
        stateful_step_count=5,
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    stateful.run_state_machine_as_test(hypothesis.seed(seed)(Loads), settings=tried)
