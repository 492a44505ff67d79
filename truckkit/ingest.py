"""Ingest: source → mapping → store, and what follows from the new rows, in one publish."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa

from truckkit import convert, cycles, derive, mapping, schema
from truckkit.errors import BadInput, listed
from truckkit.mapping import FileKind, Mapping, Rows
from truckkit.sources import files, simulator
from truckkit.store import Draft, Facts, Load, publish

Progress = Callable[[str], None]
"""Told what is being done, in a few words."""


@dataclass(frozen=True)
class _Chosen:
    """A file, and the kind of file that the mapping takes it for."""

    path: Path
    kind: FileKind


def ingest(
    store: str | Path, paths: Sequence[str | Path], mapping_name: str, progress: Progress = lambda _: None
) -> list[Load]:
    """Bring files into a store.

    Files that the ledger knows add nothing; the others are published together, or none of them.

    Parameters
    ----------
    store
        The folder; made where it is missing.
    paths
        Files and folders: CSV (plain, .gz, .zst) and Parquet.
    mapping_name
        A shipped mapping, or the path of a TOML file.
    progress
        Told what is being done.

    Returns
    -------
    list of Load
        One per file: rows in = kept + rejected + duplicates.

    Raises
    ------
    BadMapping, BadInput, StoreBusy, CannotWrite
        The store is then as it was.
    """
    using = mapping.read(mapping_name)
    chosen = _chosen(files.found([Path(path) for path in paths]), using)
    with Draft() as draft:
        draft.site = Facts(using.site_name or "mine", using.time_zone, using.crs, using.simulated)
        for each in chosen:
            progress(f"reading {each.path.name}")
            _bring(draft, each, using)
        progress("publishing")
        return publish(Path(store), draft, lambda pending: derive.everything(pending, using))


def simulate(
    store: str | Path, plan: simulator.Plan | None = None, progress: Progress = lambda _: None
) -> list[Load]:
    """Simulate a mine into a store; its states and cycles stand there as source ``fms``.

    Parameters
    ----------
    store
        The folder; made where it is missing.
    plan
        How many trucks, hours and so on; see ``sources.simulator.Plan``.

    Returns
    -------
    list of Load
        One per table.
    """
    plan = plan or simulator.Plan()
    progress(f"simulating {plan.trucks} trucks over {plan.hours:g} h")
    made = simulator.simulate(plan)
    loads: list[Load] = []
    draft = _simulated_draft(plan)
    for part, names in ((made.observed, made.observed.names), (made.truth, ("states", "cycles"))):
        for name in names:
            load, number = _simulated_load(draft, plan, name, 1), 1
            for batch in part.batches(name):
                if load.rows_in > _MOST_STAGED:
                    progress(f"publishing {name}, part {number}")
                    loads += _published(store, draft)
                    draft, number = _simulated_draft(plan), number + 1
                    load = _simulated_load(draft, plan, name, number)
                _stage_simulated(draft, batch, load)
    progress("publishing")
    return loads + _published(store, draft)


_MOST_STAGED = 4_000_000
"""Simulated rows of one table that are published at once, so that memory stays bounded."""


def _simulated_draft(plan: simulator.Plan) -> Draft:
    draft = Draft()
    draft.site = Facts(plan.name, plan.zone, None, simulated=True)
    return draft


def _simulated_load(draft: Draft, plan: simulator.Plan, name: str, part: int) -> Load:
    return draft.load(f"simulated {name}, part {part}", _hash(repr(plan), name, str(part)), "simulator", name)


def _stage_simulated(draft: Draft, batch: pa.RecordBatch, load: Load) -> None:
    first = load.rows_in + 1
    load.rows_in += batch.num_rows
    numbered = pa.Table.from_batches([batch]).append_column(
        "_line", pa.array(np.arange(first, first + batch.num_rows))
    )
    rows = draft.read("simulated", numbered, once=True)
    if load.into == "states":
        rows = rows.mutate(evidence=ibis.literal("interval"))
    draft.stage(schema.TABLES[load.into], rows, load)


def _published(store: str | Path, draft: Draft) -> list[Load]:
    with draft:
        return publish(Path(store), draft)


def _chosen(paths: Iterable[Path], using: Mapping) -> list[_Chosen]:
    chosen, strange = [], []
    for path in paths:
        kind = using.kind_of(path)
        if kind is None:
            strange.append(path.name)
        else:
            chosen.append(_Chosen(path, kind))
    if not chosen:
        wanted = listed(kind.match for kind in using.files)
        raise BadInput(
            f'the mapping "{using.name}" fits none of the files {listed(strange)}; it reads {wanted}.'
        )
    # Tables that others refer to come first, whatever the files are called.
    return sorted(chosen, key=lambda each: (using.files.index(each.kind), each.path.name))


def _bring(draft: Draft, chosen: _Chosen, using: Mapping) -> None:
    path, kind = chosen.path, chosen.kind
    rows = files.rows(path)
    _hold_to_mapping(path, rows, kind, using)
    into = kind.tables[0].into
    load = draft.load(str(path), _hash(files.identity(path), using.text), using.name, into.name)
    raw = draft.read(f"rows_{load.number}", rows.stream)
    for wanted in kind.tables:
        answers = {name: _answers(draft, path, wanted, name, load) for name in _looked_up(wanted)}
        converted = convert.rows(raw, wanted, using.time_zone, answers)
        if wanted.into is not into:
            converted = _secondary(converted, wanted.into)
        elif into is schema.CYCLES:
            converted = cycles.completed(converted)
        elif into is schema.STATE_INTERVALS:
            converted = converted.mutate(evidence=ibis.literal("interval"))
        draft.stage(wanted.into, _filled(converted, wanted.into), load)
    _refuse_broken(draft, rows, into, load)
    load.rows_in = int(raw.count().execute()) + len(rows.broken)
    draft.forget(f"rows_{load.number}")


def _hold_to_mapping(path: Path, rows: files.Rows, kind: FileKind, using: Mapping) -> None:
    """Name every column that is missing, and what the file has instead."""
    missing = [name for name in kind.columns if name not in rows.names]
    if missing:
        raise BadInput(
            f'"{path}" does not fit the mapping "{using.name}": it has no column {listed(missing)} '
            f"(found {listed(rows.names)})."
        )


def _looked_up(wanted: Rows) -> list[str]:
    return [name for name, spec in wanted.columns.items() if spec.lookup]


def _answers(draft: Draft, path: Path, wanted: Rows, name: str, load: Load) -> ibis.Table:
    lookup = wanted.columns[name].lookup
    assert lookup is not None
    beside = sorted(path.parent.glob(lookup.file))
    if not beside:
        raise BadInput(
            f'"{path}" needs a file "{lookup.file}" beside it, to look up {wanted.into.name}.{name}.'
        )
    found = files.columns(beside[0], [lookup.key, lookup.answer])
    renamed = found.rename_columns([f"_key_{name}", f"_answer_{name}"])
    return draft.read(f"lookup_{load.number}_{wanted.into.name}_{name}", renamed).distinct(
        on=f"_key_{name}", keep="first"
    )


def _secondary(rows: ibis.Table, table: schema.Table) -> ibis.Table:
    """What the rows of a file say of another table, once for each key."""
    key = list(table.key)
    named = rows.filter(*(rows[each].notnull() for each in key)).distinct(on=key, keep="first")
    return named.mutate(_reason=ibis.null("string"), _line=ibis.null("int64"))


def _filled(rows: ibis.Table, table: schema.Table) -> ibis.Table:
    """Rows with what every row of the table must say and few sources do."""
    defaults = {"given": True, "version": 1, "complete": False, "samples": 1, "description": ""}
    missing = {
        name: ibis.literal(value)
        for name, value in defaults.items()
        if name in table and table[name].required and name not in rows.columns
    }
    return rows.mutate(**missing) if missing else rows


def _refuse_broken(draft: Draft, rows: files.Rows, into: schema.Table, load: Load) -> None:
    if rows.broken:
        lines, reasons, texts = zip(*rows.broken, strict=True)
        refused = pa.table(
            {"_line": pa.array(lines, pa.int64()), "_reason": list(reasons), "_content": list(texts)}
        )
        draft.stage(into, draft.read("broken_rows", refused), load)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
