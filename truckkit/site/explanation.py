"""What is behind an answer: the intervals, samples and SQL, who told of them, and which generation."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import ibis
import ibis.expr.operations as ops
from ibis import _

from truckkit import align, schema
from truckkit.errors import BadRequest
from truckkit.metrics import grouping

if TYPE_CHECKING:
    from truckkit.site.answered import Answered

_OF_STATES = ("truck", "state", "place", "loader", "operator", "model", "fleet", "hour", "shift", "crew")
_OF_CYCLES = ("truck", *(key for key in grouping.KEYS if key != "truck"))


@dataclass(frozen=True)
class Explanation:
    """What is behind an answer; the tables are lazy, as all are."""

    site: str
    window: tuple[datetime, datetime]
    trucks: tuple[str, ...]
    told_by: str
    """Who told of the states: fms, detected, or both where some trucks have no FMS."""
    detectors: tuple[str, ...]
    """Versions of the detector among the intervals; none where an FMS told of all."""
    generation: int | None
    """Generation of the store; nothing for tables that are no store."""
    tables: tuple[str, ...]
    """The stored tables that the answer reads."""
    sql: str
    answer: ibis.Table = field(repr=False)
    intervals: ibis.Table = field(repr=False)
    """The state intervals behind the answer: those of its window, trucks and rows."""
    cycles: ibis.Table = field(repr=False)
    """The haul cycles behind the answer."""
    samples: ibis.Table = field(repr=False)
    """The positions within those intervals, each with its ``state``."""
    loads: ibis.Table = field(repr=False)
    """The loads that brought those intervals, from the ledger."""

    def _lines(self) -> list[tuple[str, str]]:
        start, stop = self.window
        return [
            ("window", f"{start:%Y-%m-%d %H:%M:%S} to {stop:%Y-%m-%d %H:%M:%S} UTC"),
            ("trucks", ", ".join(self.trucks[:12]) + (" …" if len(self.trucks) > 12 else "")),
            ("told by", self.told_by),
            ("detector", ", ".join(self.detectors) or "none: an FMS told of all"),
            ("generation", "no store" if self.generation is None else str(self.generation)),
            ("reads", ", ".join(self.tables)),
        ]

    def __str__(self) -> str:
        lines = "\n".join(f"  {name:10} {text}" for name, text in self._lines())
        return f"Explanation of an answer of {self.site}\n{lines}\n\n{self.sql}"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
            for name, text in self._lines()
        )
        return (
            f"<table><caption style='text-align:left'><b>{html.escape(self.site)}</b></caption>{rows}</table>"
            f"<details><summary>SQL</summary><pre>{html.escape(self.sql)}</pre></details>"
        )


def explained(site: Answered, answer: ibis.Table) -> Explanation:
    """What is behind an answer of a site; see ``Site.explain``."""
    if not isinstance(answer, ibis.Table):
        raise BadRequest(f"a {type(answer).__name__} is no answer; hand over the ibis.Table of a question.")
    tables = tuple(sorted({node.name for node in answer.op().find(ops.DatabaseTable)} & set(schema.TABLES)))
    if not tables:
        raise BadRequest("that table reads nothing of a site; hand over what a question of it gave.")
    intervals = _behind(site, site.states, answer, _OF_STATES)
    cycles = _behind(site, site.cycles, answer, _OF_CYCLES)
    positions = align.in_intervals(site.positions, intervals, "state")
    told = intervals.select("source", "detector").distinct().to_pyarrow().to_pylist()
    return Explanation(
        site=site.name,
        window=site.asked,
        trucks=site.truck_names,
        told_by=" and ".join(sorted({row["source"] for row in told})) or "nobody",
        detectors=tuple(sorted({row["detector"] for row in told if row["detector"]})),
        generation=site.generation,
        tables=tables,
        sql=str(ibis.to_sql(answer)),
        answer=answer,
        intervals=intervals,
        cycles=cycles,
        samples=positions.filter(_.state.notnull()),
        loads=site.loads.semi_join(intervals, "load_id"),
    )


def _behind(site: Answered, rows: ibis.Table, answer: ibis.Table, words: tuple[str, ...]) -> ibis.Table:
    """The rows that share an answer's truck, loader, hour and so on, and overlap what it is of."""
    shared = [word for word in words if word in answer.columns]
    keyed, _words = site.split(rows, [word for word in shared if word in grouping.KEYS], at="start")
    shared = [word for word in shared if word in keyed.columns]
    # The two may be made of the same tables, and either may itself be a join.
    keyed, answer = keyed.view(), answer.view()
    tests: list[ibis.Value] = [keyed[word].identical_to(answer[word]) for word in shared]
    if "start" in answer.columns and "stop" in answer.columns:
        tests += [keyed.start < answer.stop, keyed.stop > answer.start]
    return keyed.semi_join(answer, tests).select(*rows.columns) if tests else rows
