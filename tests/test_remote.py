"""A site over a service answers as the site over the store does, and fetches what it needs."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest
from ibis import _
from serving import Counting, serving

import truckkit as tk
from truckkit import schema
from truckkit.api.app import create_app
from truckkit.errors import BadRequest, SourceFailed, TruckkitError, UnknownName
from truckkit.store import Draft, Facts, Remote, keys, publish

MIDNIGHT = dt.datetime(2026, 11, 22)  # noqa: DTZ001 - rows as a store holds them
SHIFT = "2026-11-22 day"
HOUR = ("2026-11-22 10:00", "2026-11-22 11:00")

NARROWINGS: dict[str, Callable[[tk.Site], tk.Site]] = {
    "whole": lambda site: site,
    "shift": lambda site: site.shift(SHIFT),
    "trucks of an hour": lambda site: site.truck("T01", "T03").between(*HOUR),
    "detected": lambda site: site.using("detected").between("2026-11-22 09:00", "2026-11-22 12:00"),
    "nothing happened": lambda site: site.between("2020-01-01", "2020-01-02"),
}

ASKED_WITH: dict[str, dict[str, Any]] = {
    "samples": {"": "payload_t", "during": "haul"},
    "before_after": {"": "WO-1001", "window": "5h"},
    "slower_segments": {"vs": "2h"},
    "ledger": {"vs": "2h"},
    "losses": {"vs": "2h"},
    "ledger_intervals": {"vs": "2h"},
    "cycle_split": {"vs": "2h"},
    "worst_cycles": {"vs": "2h"},
}
NO_QUESTION = {
    *("about", "against", "answered", "around", "before", "between", "event", "exact", "explain", "instant"),
    "tracks",  # of samples that are as far out, it may keep either
    *("one_shift", "prepared", "rows", "session", "shift", "split", "table"),
    *("truck", "usage_model", "using"),
}
"""What narrows, or wants an answer to ask about."""
QUESTIONS = sorted(
    name
    for name in dir(tk.Site)
    if not name.startswith("_")
    and name not in NO_QUESTION
    and callable(getattr(tk.Site, name))
    and not isinstance(getattr(tk.Site, name), property)
    and hasattr(getattr(tk.Site, name), "__code__")
)


@pytest.fixture(scope="module")
def counting() -> Counting:
    return Counting(create_app(tk.sample()))


@pytest.fixture(scope="module")
def address(counting: Counting) -> Iterator[str]:
    with serving(counting) as origin:
        yield f"{origin}/api"


@pytest.fixture(scope="module")
def remote(address: str) -> tk.Site:
    return tk.open(address)


def told(rows: ibis.Table) -> tuple[list[str], list[str]]:
    """The columns, and the rows in an order of their own; sums may differ in their last bits."""

    def cell(value: object) -> str:
        return f"{value:.9g}" if isinstance(value, float) else repr(value)

    found = rows.to_pyarrow()
    return [f"{field.name} {field.type}" for field in found.schema], sorted(
        " ".join(map(cell, row.values())) for row in found.to_pylist()
    )


def outcome(site: tk.Site, name: str) -> object:
    given = dict(ASKED_WITH.get(name, {}))
    first = [given.pop("")] if "" in given else []
    try:
        return told(getattr(site, name)(*first, **given))
    except TruckkitError as fault:
        return type(fault), str(fault)


@pytest.mark.parametrize("narrowing", ["shift", "trucks of an hour"])
@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_has_the_answer_of_the_store(remote: tk.Site, name: str, narrowing: str) -> None:
    narrowed = NARROWINGS[narrowing]
    assert outcome(narrowed(remote), name) == outcome(narrowed(tk.sample()), name)


@pytest.mark.parametrize("narrowing", NARROWINGS)
@pytest.mark.parametrize("name", schema.ASKED)
def test_every_table_holds_the_rows_of_the_store(remote: tk.Site, name: str, narrowing: str) -> None:
    narrowed = NARROWINGS[narrowing]
    assert told(narrowed(remote).table(name)) == told(narrowed(tk.sample()).table(name))


@pytest.mark.parametrize("name", schema.ABOUT)
def test_a_service_says_of_itself_what_the_store_says(remote: tk.Site, name: str) -> None:
    assert told(remote.about(name)) == told(tk.sample().about(name))


@pytest.mark.parametrize("narrowing", NARROWINGS)
def test_what_a_site_is_is_the_same(remote: tk.Site, narrowing: str) -> None:
    here, there = (NARROWINGS[narrowing](site) for site in (tk.sample(), remote))
    assert repr(there) == repr(here)
    assert there._repr_html_() == here._repr_html_()
    for name in ("name", "crs", "simulated", "least_coverage", "zone", "period", "start", "stop", "asked"):
        assert getattr(there, name) == getattr(here, name)
    for name in ("truck_names", "loader_names", "sources", "generation", "narrowed_to", "of_trucks"):
        assert getattr(there, name) == getattr(here, name)
    assert there.rows() == here.rows()


def test_what_a_name_is_near_to_is_said_as_the_store_says_it(remote: tk.Site) -> None:
    with pytest.raises(UnknownName, match='did you mean "T01"'):
        remote.truck("T011")


def test_tracks_keep_the_extremes_that_the_store_keeps(remote: tk.Site) -> None:
    found = []
    for site in (tk.sample(), remote):
        tracks = site.truck("T01").between(*HOUR).tracks(200)
        ends = {
            f"{end}_{name}": getattr(tracks[name], end)()
            for end in ("min", "max")
            for name in ("x_m", "y_m", "at")
        }
        found.append(told(tracks.group_by("truck").agg(**ends)))
    assert found[0] == found[1]


def test_an_answer_explains_what_is_behind_it(remote: tk.Site) -> None:
    here, there = (site.shift(SHIFT).truck("T01") for site in (tk.sample(), remote))
    mine, theirs = (site.explain(site.time_in_state()) for site in (here, there))
    assert theirs.tables == mine.tables
    assert told(theirs.intervals) == told(mine.intervals)
    assert told(theirs.samples) == told(mine.samples)


# What is fetched ---------------------------------------------------------------------------------


def test_an_hour_of_one_truck_fetches_an_hour_of_one_truck(address: str, counting: Counting) -> None:
    site = tk.open(address).truck("T01").between(*HOUR)
    counting.paths()
    before = counting.sent
    positions = site.positions
    assert counting.paths() == []
    assert positions.count().execute() == 3600
    (asked,) = counting.asked
    assert asked.startswith("/api/v1/positions?truck=T01&start=2026-11-22T13%3A00%3A00")
    # A row is some 80 bytes before it is packed; all six trucks of twelve hours are 72 times as many.
    assert counting.sent - before < 3600 * 80


def test_what_came_is_not_fetched_again_and_holds_what_lies_within(address: str, counting: Counting) -> None:
    site = tk.open(address).truck("T01")
    hour = site.between(*HOUR)
    assert hour.positions.count().execute() == 3600
    counting.paths()
    assert hour.positions.filter(_.speed_kmh > 40).count().execute() > 0
    assert site.between(HOUR[0], "2026-11-22 10:30").positions.count().execute() == 1800
    assert counting.paths() == []
    assert site.between(HOUR[0], "2026-11-22 11:30").positions.count().execute() == 5400
    assert counting.paths() == ["/v1/positions"]


def test_to_show_a_site_fetches_no_samples(address: str, counting: Counting) -> None:
    site = tk.open(address)
    counting.paths()
    repr(site)
    assert set(counting.paths()) == {"/v1/site", "/v1/files", "/v1/trucks", "/v1/rows"}


def test_what_was_used_longest_ago_goes_first_and_comes_again(address: str, counting: Counting) -> None:
    site = tk.Site(store=Remote(address, most_bytes=400_000))
    hours = [site.truck(name).between(*HOUR).positions for name in ("T01", "T02", "T03")]
    assert [hour.count().execute() for hour in hours] == [3600] * 3
    counting.paths()
    assert hours[2].count().execute() == 3600
    assert counting.paths() == []
    assert hours[0].count().execute() == 3600
    assert counting.paths() == ["/v1/positions"]


def test_threads_ask_at_once(address: str) -> None:
    site = tk.Site(store=Remote(address, most_bytes=300_000))
    found: dict[str, int] = {}

    def ask(name: str) -> None:
        found[name] = site.truck(name).between(*HOUR).positions.count().execute()

    threads = [threading.Thread(target=ask, args=(name,)) for name in site.truck_names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == dict.fromkeys(site.truck_names, 3600)


def test_rows_come_as_batches_too(remote: tk.Site) -> None:
    batches = remote.truck("T01").between(*HOUR).positions.to_pyarrow_batches(chunk_size=1000)
    assert sum(len(batch) for batch in batches) == 3600


def test_an_answer_can_be_kept_as_a_table(remote: tk.Site) -> None:
    kept = remote.truck("T02").between(*HOUR).states.cache()
    assert kept.count().execute() == tk.sample().truck("T02").between(*HOUR).states.count().execute()


# Generations -------------------------------------------------------------------------------------


def bring_positions(folder: Path, *seconds: int) -> None:
    at = [MIDNIGHT + dt.timedelta(seconds=each) for each in seconds]
    with Draft() as draft:
        draft.site = Facts(name="Pit")
        load = draft.load("test", str(seconds), "rows", "positions")
        trucks = pa.table({"truck": ["T1"], "given": [True]})
        draft.stage(schema.TRUCKS, draft.read("trucks_given", trucks), load)
        rows = pa.table({"truck": ["T1"] * len(at), "at": at, "x_m": [1.0] * len(at)})
        draft.stage(schema.POSITIONS, draft.read("given", rows), load)
        publish(folder, draft)


def test_a_question_after_a_publish_is_answered_of_one_generation(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    bring_positions(folder, 1, 2)
    app = Counting(create_app(tk.open(folder)))
    with serving(app) as origin:
        site = tk.open(f"{origin}/api")
        assert site.positions.count().execute() == 2
        bring_positions(folder, 3)
        # What is here is of the generation that the site is of.
        assert site.positions.count().execute() == 2
        joined = site.positions.count().as_table().cross_join(site.latest.count().name("known").as_table())
        assert joined.execute().iloc[0, 0] == 3
        assert site.generation == 1
        assert site.session().generation == 2
        assert site.session().positions.count().execute() == 3
        assert site.session().session().generation == 2


# Keys --------------------------------------------------------------------------------------------


def test_a_key_is_given_or_stands_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mine"
    bring_positions(folder, 1)
    key = keys.add(folder, "planner", "read")
    with serving(create_app(tk.open(folder))) as origin:
        address = f"{origin}/api"
        with pytest.raises(SourceFailed, match=r"no key, and none was given.*TRUCKKIT_KEY"):
            tk.open(address)
        with pytest.raises(SourceFailed, match="the key given") as refused:
            tk.open(address, key="tk_nobody_canary")
        assert "canary" not in str(refused.value)
        site = tk.open(address, key=key)
        assert site.positions.count().execute() == 1
        monkeypatch.setenv("TRUCKKIT_KEY", key)
        assert tk.open(address).name == "Pit"
        for shown in (repr(site.store), repr(site), repr(vars(site)), repr(site.positions.get_backend())):
            assert key not in shown


def test_a_folder_wants_no_key(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="wants no key"):
        tk.open(tmp_path, key="x")
