"""The intervals behind a mark of the shift's page, each with the way to its replay.

What a mark rests on is asked once for all marks of its kind, and kept for as long as the page shows
the same shift.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import RLock
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from truckkit.errors import unknown
from truckkit.metrics.ledger import CLOSING, LINES
from truckkit.metrics.phases import PHASES
from truckkit.views import quantities as say
from truckkit.views.palette import state_words
from truckkit.views.shift_marks import parted

if TYPE_CHECKING:
    from truckkit.site import Site

Row = dict[str, Any]

MOST_LISTED = 250
"""How many intervals are listed: the longest."""


class Behind:
    """What the marks of one shift rest on.

    Parameters
    ----------
    site
        Narrowed to the shift.
    model
        Name of the time usage model.
    """

    def __init__(self, site: Site, model: str) -> None:
        self.site = site
        self.model = model
        self._asked: dict[str, pa.Table] = {}
        self._lock = RLock()

    def priced(self) -> ibis.Table:
        """The ledger's stretches, as far as its lines need them."""
        told = self._kept("ledger", lambda: self.site.ledger_intervals())
        return ibis.memtable(told.select(["line", "truck", "lost_min", "lost_t"]))

    def forget(self, name: str) -> None:
        """Asks anew where this is wanted again."""
        with self._lock:
            self._asked.pop(name, None)

    def of(self, mark: str) -> dict[str, Any]:
        """The intervals behind a mark, the longest first; what it is, and what they sum to."""
        kind, *words = parted(mark)
        found: dict[str, Callable[..., dict[str, Any]]] = {
            "ledger": self._of_line,
            "loads": self._of_loads,
            "usage": self._of_usage,
            "phase": self._of_phase,
            "queue": self._of_queue,
            "hang": self._of_hang,
            "payload": self._of_payload,
            "pareto": self._of_pareto,
        }
        return {"mark": mark, **found[kind](*words)}

    def _kept(self, name: str, ask: Callable[[], ibis.Table]) -> pa.Table:
        with self._lock:
            if name not in self._asked:
                self._asked[name] = ask().to_pyarrow()
            return self._asked[name]

    def _rows(self, name: str, ask: Callable[[], ibis.Table], **where: object) -> list[Row]:
        """The rows of an answer in which these columns say this."""
        told = self._kept(name, ask)
        for column, value in where.items():
            wanted = pa.array([value], told[column].type)
            told = told.filter(pc.is_in(told[column], value_set=wanted))
        rows: list[Row] = told.to_pylist()
        return rows

    # Each kind of mark -------------------------------------------------------------------------

    def _of_line(self, line: str) -> dict[str, Any]:
        if line not in LINES:
            raise unknown("line", line, LINES, "the ledger")
        if line == CLOSING:
            return self._listed(state_words(line), LINES[line], [], "This line closes the ledger.")
        rows = self._rows("ledger", lambda: self.site.ledger_intervals(), line=line)
        lost_t = sum(row["lost_t"] for row in rows)
        told = [(row, row["lost_min"], row["lost_t"], state_words(row["state"])) for row in rows]
        summed = f"{LINES[line]} In all {say.tonnes(lost_t)} lost."
        by_tonnes = sorted(told, key=lambda each: -abs(each[2] or 0))
        return self._listed(state_words(line), summed, by_tonnes, "No interval is in this line.", "lost")

    def _of_loads(self) -> dict[str, Any]:
        rows = self._cycles()
        told = [(row, _lasts(row), row["carried_t"], f"{row['loader'] or 'loader not told'}") for row in rows]
        told.sort(key=lambda each: each[0]["start"])
        carried_t = sum(row["carried_t"] or 0.0 for row in rows)
        summed = f"{say.counted(len(rows), 'load')}, {say.tonnes(carried_t)} in all; in the order of time."
        return self._listed(
            "Loads dumped", summed, told, "No load was dumped.", "carried", place="dump_place"
        )

    def _of_usage(self, truck: str, category: str) -> dict[str, Any]:
        rows = self._rows(
            "usage", lambda: self.site.usage_intervals(self.model), truck=truck, category=category
        )
        told = [(row, row["spent_min"], None, state_words(row["state"])) for row in rows]
        told.sort(key=lambda each: -each[1])
        summed = f"{say.duration(sum(row['spent_min'] for row in rows))} in all, model {self.model}."
        return self._listed(f"{truck}: {category}", summed, told, "The truck spent no time so.")

    def _of_phase(self, route: str, phase: str) -> dict[str, Any]:
        if phase not in PHASES:
            raise unknown("phase", phase, PHASES, "a haul cycle")
        rows = [row for row in self._cycles() if row["complete"] and (row["route"] or "") == route]
        told = [(row, row[f"{phase}_min"], row["carried_t"], "whole cycle") for row in rows]
        told = [each for each in told if each[1]]
        told.sort(key=lambda each: -each[1])
        minutes = sum(each[1] for each in told)
        name = f"{route or 'route not told'}: {state_words(phase)}"
        summed = f"{say.duration(minutes)} in all, in {say.counted(len(told), 'cycle')} of {len(rows):,}."
        return self._listed(name, summed, told, "No cycle spent time so.", "carried", place="dump_place")

    def _of_queue(self, loader: str, hour: str) -> dict[str, Any]:
        first = self._hour(hour)
        rows = self._within("queues", lambda: self.site.queues(kind="queue_load"), loader, first)
        told = [(row, row["queue_min"], row["lost_t"], "queued") for row in rows]
        name = f"{loader}: queues from {say.clock(first, self.site.zone)[:16]}"
        return self._listed(name, _whole(rows, "queue_min"), told, "Nobody queued then.", "lost")

    def _of_hang(self, loader: str, hour: str) -> dict[str, Any]:
        first = self._hour(hour)
        rows = self._within("hangs", lambda: self.site.hangs(), loader, first)
        told = [
            (
                {**row, "truck": row["next_truck"]},
                row["hang_min"],
                None,
                "may have been elsewhere" if row["away"] else "hung until this truck came",
            )
            for row in rows
        ]
        name = f"{loader}: hang from {say.clock(first, self.site.zone)[:16]}"
        return self._listed(name, _whole(rows, "hang_min"), told, "The loader did not hang then.")

    def _of_payload(self, bin_number: str) -> dict[str, Any]:
        if not bin_number.isdecimal():
            raise unknown("bin", bin_number, ["50"], "the payload histogram")
        upper = int(bin_number) / 50
        every = self._rows("payload", lambda: self.site.weighed_loads())
        rows = [row for row in every if round(row["to_share"] * 50) == int(bin_number)]
        rows.sort(key=lambda row: -row["share_of_target"])
        told = [
            (
                row,
                _lasts(row),
                row["payload_t"],
                f"{say.percent(row['share_of_target'], 1)} of {say.tonnes(row['target_t'])}, by "
                + (row["loader"] or "a loader not told"),
            )
            for row in rows
        ]
        name = f"Payload over {say.percent(upper - 0.02)} to {say.percent(upper)} of target"
        return self._listed(
            name, say.counted(len(rows), "load") + ".", told, "No load is in this bin.", "carried"
        )

    def _of_pareto(self, component: str) -> dict[str, Any]:
        every = self._rows("orders", lambda: self.site.maintenance)
        rows = [row for row in every if (row["component"] or "") == component]
        stop = self.site.asked[1]
        told = []
        for row in rows:
            until = row["stop"] or stop
            words = ", ".join(word for word in (row["kind"], row["work_order"], row["description"]) if word)
            told.append(({**row, "stop": until}, _lasts({**row, "stop": until}), None, words))
        told.sort(key=lambda each: -each[1])
        return self._listed(
            f"Down: {component or 'component not told'}",
            f"{say.counted(len(rows), 'work order')}, whole, also where the shift cuts them.",
            told,
            "No work order is of this component.",
        )

    # What they share ---------------------------------------------------------------------------

    def _cycles(self) -> list[Row]:
        def ask() -> ibis.Table:
            cycles, _words = self.site.split(self.site.dumped_cycles(), "route", at="dumped")
            minutes = [f"{phase}_min" for phase in PHASES]
            names = ("truck", "start", "stop", "route", "loader", "load_place", "dump_place", "complete")
            return cycles.select(*names, "carried_t", *minutes)

        return self._rows("cycles", ask)

    def _hour(self, hour: str) -> datetime:
        return self.site.exact(hour)

    def _within(self, name: str, ask: Callable[[], ibis.Table], loader: str, first: datetime) -> list[Row]:
        last = first + timedelta(hours=1)
        rows = [
            row
            for row in self._rows(name, ask, loader=loader)
            if say.aware(row["start"]) < last and say.aware(row["stop"]) > first
        ]
        rows.sort(key=lambda row: row["start"])
        return rows

    def _listed(
        self,
        title: str,
        summed: str,
        told: Sequence[tuple[Row, float | None, float | None, str]],
        nothing: str,
        tonnes: str = "",
        place: str = "place",
    ) -> dict[str, Any]:
        site, around = self.site, self.site.asked[0]
        left = len(told) - MOST_LISTED
        rows = [
            {
                "cells": [
                    row["truck"] or say.NOTHING,
                    say.clock(row["start"], site.zone, around),
                    say.clock(row["stop"], site.zone, around),
                    say.duration(minutes),
                    *([say.tonnes(carried)] if tonnes else []),
                    row.get(place) or row.get("load_place") or row.get("loader") or say.NOTHING,
                    words,
                ],
                "replay": say.replay(row["truck"], row["start"], row["stop"], site.told_by),
            }
            for row, minutes, carried, words in told[:MOST_LISTED]
        ]
        columns = [
            "Truck",
            "From",
            "To",
            "Time",
            *([f"Tonnes {tonnes}"] if tonnes else []),
            "Place",
            "What",
            "",
        ]
        more = f" The first {MOST_LISTED:,} of {len(told):,} are listed." if left > 0 else ""
        return {
            "title": title,
            "told": summed + more,
            "columns": columns,
            "rows": rows,
            "why": "" if told else nothing,
        }


def _lasts(row: Row) -> float:
    return float((row["stop"] - row["start"]) / timedelta(minutes=1))


def _whole(rows: list[Row], column: str) -> str:
    minutes = say.duration(sum(row[column] for row in rows))
    return f"{say.counted(len(rows), 'interval')} of {minutes}, whole, also where the hour cuts them."
