"""Questions that are stopped in time, and cursors that are given back."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial

import duckdb
import ibis
import pyarrow as pa
import pytest

import truckkit as tk
from truckkit import schema
from truckkit.errors import DamagedStore, TooSlow
from truckkit.store import Generation, Reading, Statement, apart, asking, hub, samples, stated, whole
from truckkit.store.deadlines import Deadlines

LONG = "SELECT max(a.x_m * b.x_m) AS most FROM positions a, positions b"


def long_question(site: tk.Site) -> Statement:
    return Statement(site.opened.backend, LONG, (), pa.schema([("most", pa.float64())]))


def test_a_question_that_takes_too_long_is_stopped_and_the_next_is_answered() -> None:
    site = tk.sample()
    with pytest.raises(TooSlow, match=r"longer than 0\.05 s"):
        whole(long_question(site), 0.05)
    assert len(whole(stated(site.trucks), 30)) == len(site.truck_names)


def test_a_reading_that_takes_too_long_is_stopped_and_gives_its_cursor_back() -> None:
    site = tk.sample()
    question = long_question(site)
    with Reading([question], question.schema, 0.05) as reading, pytest.raises(TooSlow):
        next(reading)
    assert site.opened.backend.own_cursors == 0


def test_a_question_that_was_told_to_stop_before_it_began_is_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Unheard(Deadlines):
        """Deadlines whose first word comes too soon: DuckDB forgets it."""

        def within(self, seconds: float | None, stop: Callable[[], None]) -> AbstractContextManager[None]:
            told: list[bool] = []

            def heard() -> None:
                if told:
                    stop()
                told.append(True)

            return super().within(seconds, heard)

    monkeypatch.setattr(asking, "_DEADLINES", Unheard())
    site = tk.sample()
    with pytest.raises(TooSlow):
        whole(long_question(site), 0.01)
    question = long_question(site)
    with Reading([question], question.schema, 0.01) as reading, pytest.raises(TooSlow):
        next(reading)


def test_an_answer_that_comes_too_late_is_refused_though_nobody_could_stop_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Asleep(Deadlines):
        """Deadlines on a machine so busy that their thread never runs."""

        def within(self, seconds: float | None, stop: Callable[[], None]) -> AbstractContextManager[None]:
            return nullcontext()

    monkeypatch.setattr(asking, "_DEADLINES", Asleep())
    trucks = stated(tk.sample().trucks)
    with pytest.raises(TooSlow, match="longer than 1e-06 s"):
        whole(trucks, 1e-6)
    assert whole(trucks, 60).num_rows


def test_another_thread_stops_a_reading() -> None:
    site = tk.sample()
    question = long_question(site)
    reading = Reading([question], question.schema)
    faults: list[BaseException] = []

    def read() -> None:
        try:
            next(reading)
        except BaseException as fault:
            faults.append(fault)

    thread = threading.Thread(target=read)
    thread.start()
    while site.opened.backend.own_cursors == 0:
        time.sleep(0.001)
    until = time.monotonic() + 20
    # An interrupt of a cursor that is not yet at work is forgotten.
    while thread.is_alive() and time.monotonic() < until:
        reading.stop()
        thread.join(0.05)
    reading.close()
    assert (len(faults), site.opened.backend.own_cursors) == (1, 0)


def test_the_time_that_a_reader_takes_does_not_count() -> None:
    positions = tk.sample().positions
    with Reading([stated(positions)], positions.schema().to_pyarrow(), 0.5) as reading:
        rows = len(next(reading))
        threading.Event().wait(0.7)
        rows += sum(len(batch) for batch in reading)
    assert rows == positions.count().execute()


def test_what_does_not_stop_is_told_again_until_it_is_over() -> None:
    deadlines, told, enough = Deadlines(), itertools.count(1), threading.Event()
    with deadlines.within(0.001, lambda: enough.set() if next(told) == 3 else None):
        assert enough.wait(10)
    after = next(told)
    threading.Event().wait(0.2)
    assert next(told) == after + 1


def test_what_is_over_in_time_is_not_stopped() -> None:
    deadlines, stopped = Deadlines(), threading.Event()
    for _ in range(100):
        with deadlines.within(0.01, stopped.set):
            pass
    threading.Event().wait(0.05)
    assert not stopped.is_set()


def test_a_later_deadline_that_is_sooner_is_kept() -> None:
    deadlines, first, second = Deadlines(), threading.Event(), threading.Event()
    with deadlines.within(60, first.set), deadlines.within(0.01, second.set):
        assert second.wait(10)
    assert not first.is_set()


def test_a_connection_without_a_store_is_read_too() -> None:
    rows = ibis.memtable({"truck": ["T01", "T02"]})
    assert whole(stated(rows))["truck"].to_pylist() == ["T01", "T02"]
    with Reading([stated(rows)], rows.schema().to_pyarrow()) as reading:
        assert sum(len(batch) for batch in reading) == 2


def long_answer(generation: Generation) -> Statement:
    names = schema.POSITIONS.names
    return samples(
        generation, schema.POSITIONS, names, apart=partial(hub, generation, schema.POSITIONS, None)
    )


def read(question: Statement) -> pa.Table:
    with Reading([question], question.schema) as reading:
        return pa.Table.from_batches(reading, question.schema)


def test_a_long_answer_is_read_apart_and_leaves_nothing_in_the_hub_of_all() -> None:
    generation = tk.sample().store.newest()
    held = "SELECT sum(memory_usage_bytes) FROM duckdb_memory() WHERE tag = 'BASE_TABLE'"
    backend = generation.backend
    before = backend.con.execute(held).fetchone()
    question = long_answer(generation)
    found = read(question)
    assert backend.con.execute(held).fetchone() == before
    assert backend.own_cursors == 0
    assert found == read(replace(question, apart=None))


def test_what_a_hub_apart_cannot_hold_is_read_from_the_hub_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "MEMORY", "1MB")
    generation = tk.sample().store.newest()
    question = long_answer(generation)
    assert read(question) == read(replace(question, apart=None))


def test_rows_that_were_given_before_the_memory_was_full_come_once() -> None:
    generation = tk.sample().store.newest()
    question = long_answer(generation)
    every = read(question)
    with Reading([question], question.schema) as reading:
        first = next(reading)
        rest = reading._with_more_memory()
        found = pa.Table.from_batches([first, *([rest.cast(question.schema)] if rest else []), *reading])
    assert found == every


def test_a_long_answer_of_a_replaced_generation_is_read_from_the_files_that_are_open() -> None:
    generation = tk.sample().store.newest()

    def gone() -> None:
        raise DamagedStore("a newer generation took its place.")

    question = long_answer(generation)
    assert read(replace(question, apart=gone)) == read(question)


def test_a_hub_apart_is_shut_in() -> None:
    with hub(tk.sample().store.newest(), schema.POSITIONS, None) as opened:
        for said in ("SELECT * FROM read_text('/etc/hostname')", "SET memory_limit = '1GB'", "ATTACH 'x.db'"):
            with pytest.raises(duckdb.Error):
                opened.execute(said)
