"""Rows of a source become rows of tables, staged in a draft with their doubts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import ibis
import pyarrow as pa

from truckkit import convert, cycles, mapping, schema
from truckkit.convert import contract, projection
from truckkit.errors import BadInput, listed
from truckkit.mapping import Kind
from truckkit.sources import files
from truckkit.sources.streams import LINE, Broken, Rows
from truckkit.store import Draft, Facts, Load

Progress = Callable[[str], None]
"""Told what is being done, in a few words."""

PIECE = 600_000
"""Rows of a section are staged so many at a time; for few, statements take longer to write than to run."""

Stream: TypeAlias = pa.RecordBatchReader | pa.Table


class Staging:
    """A draft that is filled by one mapping."""

    def __init__(self, draft: Draft, using: mapping.Mapping, crs: str | None) -> None:
        """``crs`` is that of the store's grid, where it has one; else the mapping's own word holds."""
        self.draft = draft
        self.using = using
        self._grid = projection.Grid(crs or using.crs)
        draft.teach(projection.NAME, self._grid.arrow, projection.TAKES, projection.GIVES)

    def load(self, source: str, kind: Kind, identity: str) -> Load:
        """Begin one source of rows of a kind."""
        into = kind.tables[0].into if kind.tables else schema.CHANNELS
        load = self.draft.load(source, identity, self.using.name, into.name)
        load.adds_trucks = self.using.add_unknown_trucks
        return load

    def stream(self, rows: Rows, kind: Kind, load: Load) -> None:
        """Stage all rows of a stream, and those that are no rows at all."""
        hold_to_mapping(rows, kind, self.using)
        with rows.reading() as stream:
            for piece in _pieces(stream) if kind.section else [stream]:
                self.rows(piece, kind, load, beside=rows.path.parent)
        pa.default_memory_pool().release_unused()  # a row group of Parquet is hundreds of megabytes
        self.broken(rows.broken, load)
        load.rows_in += rows.whole
        load.late, load.lacking = rows.counts.late, rows.counts.lacking

    def rows(self, stream: Stream, kind: Kind, load: Load, beside: Path | None = None) -> None:
        """Stage rows of a kind; a load may come in several pieces."""
        # A stream is read once; where more than one table asks for its rows, they are kept.
        once = isinstance(stream, pa.Table) or len(kind.tables) == 1
        name = f"rows_{load.number}"
        raw = self.draft.read(name, stream, once=once)
        if kind.section:
            raw = contract.held(raw, kind, evolves=self.using.evolves)
        for wanted in kind.tables:
            self._table(raw, beside, wanted, kind, load)
        if kind.section:
            self._new_fields(raw, kind, load)
        self.draft.forget(name)
        if self.draft.site and not self.draft.site.crs:
            self.draft.site.crs = self._grid.crs

    def broken(self, broken: list[Broken], load: Load) -> None:
        """Refuse rows that are no rows at all."""
        self.refuse([(row.line, row.reason, row.text) for row in broken], load)

    def refuse(self, rows: list[tuple[int, str, str]], load: Load) -> None:
        """Refuse rows that never came so far as to be read: line, reason and content of each."""
        if not rows:
            return
        lines, reasons, contents = zip(*rows, strict=True)
        refused = pa.table(
            {"_line": pa.array(lines, pa.int64()), "_reason": list(reasons), "_content": list(contents)}
        )
        self.draft.stage(schema.TABLES[load.into], self.draft.read("broken_rows", refused), load)
        load.rows_in += len(rows)

    def refuse_all(self, rows: Rows, reason: str, load: Load) -> None:
        """Refuse every row of a stream, for one reason."""
        with rows.reading() as stream:
            raw = self.draft.read(f"rows_{load.number}", stream, once=True)
            refused = raw.select(
                LINE, _reason=ibis.literal(reason), _content=convert.content(raw, raw.columns)
            )
            self.draft.stage(schema.TABLES[load.into], refused, load)
        self.draft.forget(f"rows_{load.number}")
        self.broken(rows.broken, load)
        load.rows_in += rows.whole

    def _table(
        self, raw: ibis.Table, beside: Path | None, wanted: mapping.Rows, kind: Kind, load: Load
    ) -> None:
        """Stage what rows say of one table."""
        counted = kind.tables[0].into
        if kind.section and wanted.into.kind == "catalog" and wanted.into is not counted:
            raw = self._said_once(raw, wanted, counted, load)
        answers = {name: self._answers(beside, wanted, name, load) for name in _looked_up(wanted)}
        converted = convert.rows(raw, wanted, self.using.time_zone, answers)
        if self._grid.named and wanted.into in (schema.POSITIONS, schema.PLACES):
            converted = projection.projected(converted)
        if wanted.into is not counted:
            self._more(_filled(converted, wanted.into), wanted.into, counted, load)
            return
        if counted is schema.CYCLES:
            converted = cycles.completed(converted)
        elif counted is schema.STATE_INTERVALS:
            converted = converted.mutate(evidence=ibis.literal("interval"))
        self.draft.stage(counted, _filled(converted, counted), load)

    def _said_once(
        self, raw: ibis.Table, wanted: mapping.Rows, counted: schema.Table, load: Load
    ) -> ibis.Table:
        """The rows that say something of their own: samples say by the million which truck they are of."""
        refused = self.draft.refused(counted, load)
        told = raw.anti_join(refused, LINE) if refused is not None else raw
        columns = list(dict.fromkeys(spec.source for spec in wanted.columns.values() if spec.source))
        if not columns:
            return told
        # They are few, and asked for twice: what they say, and which of them are refused.
        once = told.group_by(columns).aggregate(**{LINE: told[LINE].max()}).to_pyarrow()
        return self.draft.read(f"said_{load.number}_{wanted.into.name}", once)

    def _more(self, rows: ibis.Table, table: schema.Table, counted: schema.Table, load: Load) -> None:
        """Stage what rows say of another table than the one that counts them.

        A row that was refused there says nothing here; nor does one without this table's key.
        """
        telling = rows.filter(*(rows[each].notnull() for each in table.key))
        refused = self.draft.refused(counted, load)
        if refused is not None:
            telling = telling.anti_join(refused, "_line")
        if table.kind != "catalog":
            self.draft.stage(table, telling, load)
            return
        # Many rows tell of one truck or place: the last word on each column holds.
        good = telling.filter(telling["_reason"].isnull())
        rest = [name for name in good.columns if name in table and name not in table.key]
        good = good.group_by(list(table.key)).aggregate(
            **{name: good[name].argmax(good["_line"]) for name in rest}
        )
        self.draft.stage(table, good, load)
        self.draft.stage(table, telling.filter(telling["_reason"].notnull()), load)

    def _new_fields(self, raw: ibis.Table, kind: Kind, load: Load) -> None:
        """Keep fields that the mapping does not know as channels, or say that they were set aside."""
        fresh = contract.fresh(raw, kind)
        if not fresh or not kind.tables:
            return
        wanted = kind.tables[0]
        if self.using.evolves and {"truck", "at"} <= set(wanted.columns):
            converted = convert.rows(raw, contract.keyed(wanted), self.using.time_zone, {})
            readings = contract.readings(converted, raw, fresh)
            self._more(readings, schema.CHANNELS, wanted.into, load)
            return
        for name, values, line, first in contract.counted(raw, fresh):
            self.draft.set_aside(load, name, values, line, first)

    def _answers(self, beside: Path | None, wanted: mapping.Rows, name: str, load: Load) -> ibis.Table:
        lookup = wanted.columns[name].lookup
        assert lookup is not None
        found = sorted(beside.glob(lookup.file)) if beside else []
        if not found:
            raise BadInput(
                f'"{load.source}" needs a file "{lookup.file}" beside it, '
                f"to look up {wanted.into.name}.{name}."
            )
        answers = files.columns(found[0], [lookup.key, lookup.answer])
        renamed = answers.rename_columns([f"_key_{name}", f"_answer_{name}"])
        return self.draft.read(f"lookup_{load.number}_{wanted.into.name}_{name}", renamed).distinct(
            on=f"_key_{name}", keep="first"
        )


def facts(using: mapping.Mapping) -> Facts:
    """What a mapping says of the site; its grid may yet be that of the first points."""
    return Facts(using.site_name or "mine", using.time_zone, None, using.simulated)


def _pieces(stream: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """A stream in tables of some size, which can be read more than once."""
    batches: list[pa.RecordBatch] = []
    rows = 0
    for batch in stream:
        batches.append(batch)
        rows += batch.num_rows
        if rows >= PIECE:
            yield pa.Table.from_batches(batches)
            batches, rows = [], 0
    if batches:
        yield pa.Table.from_batches(batches)


def _looked_up(wanted: mapping.Rows) -> list[str]:
    return [name for name, spec in wanted.columns.items() if spec.lookup]


def _filled(rows: ibis.Table, table: schema.Table) -> ibis.Table:
    """Rows with what every row of the table must say and few sources do."""
    defaults = {"given": True, "version": 1, "complete": False, "samples": 1, "description": ""}
    missing = {
        name: ibis.literal(value)
        for name, value in defaults.items()
        if name in table and table[name].required and name not in rows.columns
    }
    return rows.mutate(**missing) if missing else rows


def hold_to_mapping(rows: Rows, kind: Kind, using: mapping.Mapping) -> None:
    """Name every column that is missing, or that letter case alone tells apart, and what is there instead.

    A section may lack a column, for a field comes when it comes; but not have it in other letters.
    """
    faults = []
    missing = [name for name in kind.columns if name not in rows.names]
    if missing and not kind.section:
        faults.append(f"it has no column {listed(missing, most=30)} (found {listed(rows.names, most=30)})")
    if twice := rows.ambiguous(kind.columns):
        faults.append(f"it has {listed(twice)} more than once, letter case aside")
    if kind.section:
        other = {name.lower(): name for name in rows.names if name not in kind.columns}
        faults += [
            f'it has "{other[name.lower()]}" where the mapping says "{name}"'
            for name in missing
            if name.lower() in other
        ]
    if faults:
        what = f'"{kind.name}" of "{rows.path}"' if kind.section else f'"{rows.path}"'
        raise BadInput(f'{what} does not fit the mapping "{using.name}": {"; ".join(faults)}.')


def hashed(*parts: str) -> str:
    """The identity of what consists of these parts."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
