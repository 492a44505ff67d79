"""Loaded or empty, as strips of letters; one letter is a minute."""

from __future__ import annotations

from datetime import timedelta

import ibis
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import LETTERS, MIDNIGHT, intervals, table_of

import truckkit as tk
from truckkit import schema
from truckkit.metrics.loads import EMPTY, LOADED, with_load


def told(strip: str) -> str:
    """For each minute: 1 loaded, 0 empty, ? unknown."""
    at = [
        {"truck": "T01", "at": MIDNIGHT.replace(tzinfo=None) + timedelta(minutes=n)}
        for n in range(len(strip))
    ]
    rows = ibis.memtable(at, schema={"truck": "string", "at": "timestamp(6)"})
    found = with_load(rows, table_of(schema.STATE_INTERVALS, intervals({"T01": strip}))).order_by("at")
    return "".join({True: "1", False: "0", None: "?"}[each] for each in found.loaded.to_pyarrow().to_pylist())


def test_a_truck_that_stands_has_what_it_had_before():
    assert told("RQSLHwqsDpR") == "00001111110"


def test_after_time_that_nobody_observed_and_before_any_state_nobody_knows():
    assert told("wwH..wR") == "??1???0"


@examples(10)
@given(some.text("".join(LETTERS), min_size=1, max_size=20))
def test_each_minute_is_as_the_last_letter_that_tells(strip):
    known, walked = "?", ""
    for letter in strip:
        state = LETTERS[letter]
        known = "1" if state in LOADED else "0" if state in EMPTY else "?" if state == "no_data" else known
        walked += known
    assert told(strip) == walked


def test_payloads_of_the_sample_agree():
    site = tk.sample()
    t = with_load(site.telemetry.select("truck", "at", "payload_t"), site.states).to_pandas()
    assert (t.payload_t[t.loaded == True] > 20).mean() > 0.95  # noqa: E712
    assert (t.payload_t[t.loaded == False] < 350).all()  # noqa: E712
