"""Short questions are read from the few files that hold them, and jumps read the others ahead."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ibis
import pytest
from stores import write

import truckkit as tk
from truckkit import align, schema, times
from truckkit.store import Facts, ahead, read_ahead, samples, whole
from truckkit.views import jumps
from truckkit.views.chunks import columns
from truckkit.views.scene import scene, window
from truckkit.views.stretches import of_stretch, overlapping

MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
NIGHT = (MIDNIGHT - 2 * HOUR, MIDNIGHT + 2 * HOUR)


@pytest.fixture
def site(tmp_path: Path) -> tk.Site:
    """A truck at each hour of four days from noon on, and a state that lasts over each midnight."""
    hours = [MIDNIGHT + (hour - 12) * HOUR for hour in range(24 * 4)]
    rows = [{"truck": "T01", "at": at, "x_m": float(k), "y_m": 1.0} for k, at in enumerate(hours)]
    states = [
        {"truck": "T01", "source": "fms", "start": start, "stop": start + 7 * HOUR, "state": "haul"}
        for start in hours[6::12]
    ]
    facts = Facts("mine", "UTC", None, False)
    return tk.open(write(tmp_path / "mine", facts, positions=rows, states=states))


def files(sql: str, table: str) -> set[str]:
    return {*re.findall(rf'"?(\w+)"?\."?main"?\."{table}"', sql)}


def test_samples_over_midnight_are_those_of_the_view(site):
    bounds = tuple(times.stored(bound) for bound in NIGHT)
    read = samples(site.opened, schema.POSITIONS, ["truck", "at", "x_m"], window=bounds)
    assert files(read.sql, "positions") == {"file0", "file1"}
    assert whole(read)["x_m"].to_pylist() == [10.0, 11.0, 12.0, 13.0]


def test_a_state_that_began_the_day_before_is_in_its_stretch(site):
    def states(of: tk.Site, start: ibis.Value, stop: ibis.Value) -> ibis.Table:
        return overlapping(of.states, start, stop).select("start", "stop").order_by("start")

    for hour in range(-3, 30, 3):
        start, stop = MIDNIGHT + hour * HOUR, MIDNIGHT + (hour + 1) * HOUR
        told = states(site, align.instant(start), align.instant(stop)).to_pyarrow()
        assert of_stretch(site, states, start, stop).equals(told)
    assert of_stretch(site, states, MIDNIGHT, MIDNIGHT + HOUR).num_rows == 1


def held(site: tk.Site) -> int:
    """Bytes of files that DuckDB holds."""
    found = site.opened.backend.con.execute(
        "SELECT memory_usage_bytes FROM duckdb_memory() WHERE tag = 'BASE_TABLE'"
    ).fetchall()
    return found[0][0]


def test_what_is_read_ahead_is_not_read_again(site):
    shown = scene(site, window(site))
    bounds = times.stored(shown.start), times.stored(shown.stop)
    fresh = tk.open(site.store.folder)
    before = held(fresh)
    for _step in read_ahead(fresh.opened, schema.POSITIONS, columns(shown), bounds, bounds[0]):
        pass
    after = held(fresh)
    assert after > before
    whole(samples(fresh.opened, schema.POSITIONS, columns(shown), window=bounds))
    assert held(fresh) == after


def test_nothing_is_read_ahead_where_the_share_of_memory_is_full(site, monkeypatch):
    monkeypatch.setattr(ahead, "SHARE", 2**60)
    bounds = times.stored(NIGHT[0]), times.stored(NIGHT[1])
    assert [*read_ahead(site.opened, schema.POSITIONS, ["at"], bounds, bounds[0])] == []


def test_who_jumps_has_the_window_read_ahead_once_and_who_plays_on_has_not(site, monkeypatch):
    read = []
    monkeypatch.setattr(jumps, "read_ahead", lambda *asked: iter(read.append(asked[-1]) or ()))
    whole_mine = site.between(MIDNIGHT - 12 * HOUR, MIDNIGHT + 84 * HOUR)
    replay = tk.Replay(whole_mine)
    monkeypatch.setattr(replay, "_served", True)

    def ask(*numbers: int) -> list[datetime]:
        for number in numbers:
            replay._answer_positions({"number": number})
        for thread in threading.enumerate():
            if thread.name == jumps.NAME:
                thread.join()
        return read

    assert ask(0, 1, 2) == []
    assert ask(60) == [times.stored(MIDNIGHT + 48 * HOUR)]
    assert len(ask(5, 70)) == 1
