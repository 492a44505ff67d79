"""Ingest: source → mapping → store, and what follows from the new rows, in one publish."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis
import pyarrow as pa

from truckkit import convert, cycles, derive, describing, detecting, mapping, revising, schema
from truckkit.errors import BadInput, BadRequest, NoStore, listed
from truckkit.mapping import FileKind, Mapping
from truckkit.sources import files
from truckkit.sources.streams import Rows
from truckkit.store import Draft, Facts, Load, Pending, Store, publish

Progress = Callable[[str], None]
"""Told what is being done, in a few words."""


@dataclass(frozen=True)
class _Chosen:
    """A file, and the kind of file that the mapping takes it for."""

    path: Path
    kind: FileKind


def ingest(
    store: str | Path,
    paths: str | Path | Sequence[str | Path],
    mapping_name: str | None = None,
    progress: Progress = lambda _: None,
    remark: Progress = lambda _: None,
    *,
    detection: bool = True,
) -> list[Load]:
    """Bring files into a store, and detect what trucks did where the files tell of something new.

    Files that the ledger knows add nothing; the others are published together, or none of them.

    Parameters
    ----------
    store
        The folder; made where it is missing.
    paths
        Files and folders: CSV (plain, .gz, .zst) and Parquet; and a ``site.toml``, in which the mine says
        what it is itself, see ``truckkit.description``.
    mapping_name
        A shipped mapping, or the path of a TOML file; a ``site.toml`` needs none.
    progress
        Told what is being done.
    remark
        Told which files of a folder the mapping does not read.
    detection
        False to leave it for ``detect``.

    Returns
    -------
    list of Load
        One per file: rows in = kept + rejected + duplicates.

    Raises
    ------
    BadMapping, BadInput, StoreBusy, CannotWrite
        The store is then as it was.
    """
    named = [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]
    own = [path for path in named if path.suffix == ".toml"]
    named = [path for path in named if path not in own]
    using = _using(mapping_name, named, own)
    chosen = _chosen(files.found(named), named, using, remark) if using else []
    ledger = _ledger(Path(store))
    known = frozenset(identity for _mapping, identity in ledger)
    with Draft() as draft:
        if using:
            draft.site = Facts(using.site_name or "mine", using.time_zone, using.crs, using.simulated)
        described = [describing.bring(draft, path, dict(ledger)) for path in own]
        for each in chosen:
            assert using is not None
            progress(f"reading {each.path.name}")
            _bring(draft, each, using, known)
        progress("publishing")

        def follows(pending: Pending) -> None:
            derive.everything(pending, using.shifts if using else ())
            for each_own in described:
                describing.follow(pending, each_own)
            if detection and using:
                detecting.changed(pending, progress)
            revising.note(pending)

        return publish(Path(store), draft, follows)


def _using(name: str | None, named: Sequence[Path], own: Sequence[Path]) -> Mapping | None:
    """The mapping for files; none where there is nothing but what a site says of itself."""
    if name is None:
        if named:
            raise BadRequest(
                f"{listed(str(path) for path in named)} cannot be read without a mapping; "
                "name one that says which column is what."
            )
        return None
    if own and not named:
        raise BadRequest(
            f'the mapping "{name}" has nothing to read, for {listed(str(path) for path in own)} needs none; '
            "leave it out, or name the files that it reads."
        )
    using = mapping.read(name)
    convert.check(using)
    return using


def _ledger(store: Path) -> list[tuple[str, str]]:
    """Mapping and identity of what was loaded, so that nobody reads it again; publishing asks anew."""
    try:
        loads = Store(store).newest().tables["loads"]
    except NoStore:
        return []  # publishing says what is wrong with the folder, or makes a store of it
    rows = loads.order_by("load_id").select("mapping", "identity").to_pyarrow().to_pylist()
    return [(row["mapping"], row["identity"]) for row in rows]


def _chosen(paths: Iterable[Path], named: Sequence[Path], using: Mapping, remark: Progress) -> list[_Chosen]:
    kinds = {path: using.kind_of(path) for path in paths}
    chosen = [_Chosen(path, kind) for path, kind in kinds.items() if kind]
    strange = [path for path, kind in kinds.items() if not kind]
    unfit = [path.name for path in strange if path in named or not chosen]
    if unfit:
        wanted = listed(kind.match for kind in using.files)
        raise BadInput(f'the mapping "{using.name}" does not read {listed(unfit)}; it reads {wanted}.')
    for path in strange:
        remark(f'passed over "{path}": the mapping "{using.name}" does not read it')
    # Tables that others refer to come first, whatever the files are called.
    return sorted(chosen, key=lambda each: (using.files.index(each.kind), each.path.name))


def _bring(draft: Draft, chosen: _Chosen, using: Mapping, known: Collection[str]) -> None:
    path, kind = chosen.path, chosen.kind
    into = kind.tables[0].into
    load = draft.load(str(path), _hash(files.identity(path), using.text), using.name, into.name)
    load.adds_trucks = using.add_unknown_trucks
    if load.identity in known:
        return
    rows = files.rows(path)
    hold_to_mapping(rows, kind, using)
    # Where one table alone asks for the rows, they need not be kept for another.
    once = len(kind.tables) == 1
    with rows.reading() as stream:
        raw = draft.read(f"rows_{load.number}", stream, once=once)
        if once:
            _bring_table(draft, raw, path, kind.tables[0], into, using, load)
    if not once:
        for wanted in kind.tables:
            _bring_table(draft, raw, path, wanted, into, using, load)
    pa.default_memory_pool().release_unused()  # a row group of Parquet is hundreds of megabytes
    _refuse_broken(draft, rows, into, load)
    load.rows_in = rows.whole + len(rows.broken)
    draft.forget(f"rows_{load.number}")


def _bring_table(
    draft: Draft,
    raw: ibis.Table,
    path: Path,
    wanted: mapping.Rows,
    counted: schema.Table,
    using: Mapping,
    load: Load,
) -> None:
    """Stage what the rows of a file say of one table."""
    answers = {name: _answers(draft, path, wanted, name, load) for name in _looked_up(wanted)}
    converted = convert.rows(raw, wanted, using.time_zone, answers)
    if wanted.into is not counted:
        _bring_more(draft, _filled(converted, wanted.into), wanted.into, counted, load)
        return
    if counted is schema.CYCLES:
        converted = cycles.completed(converted)
    elif counted is schema.STATE_INTERVALS:
        converted = converted.mutate(evidence=ibis.literal("interval"))
    draft.stage(counted, _filled(converted, counted), load)


def _bring_more(
    draft: Draft, rows: ibis.Table, table: schema.Table, counted: schema.Table, load: Load
) -> None:
    """Stage what the rows of a file say of another table than the one that counts them.

    A row that was refused there says nothing here; nor does one without this table's key.
    """
    telling = rows.filter(*(rows[each].notnull() for each in table.key))
    refused = draft.refused(counted, load)
    if refused is not None:
        telling = telling.anti_join(refused, "_line")
    good = telling.filter(telling["_reason"].isnull())
    if table.kind == "catalog":
        # Many rows tell of one truck or place: the last word on each column holds.
        rest = [name for name in good.columns if name in table and name not in table.key]
        good = good.group_by(list(table.key)).aggregate(
            **{name: good[name].argmax(good["_line"]) for name in rest}
        )
    draft.stage(table, good, load)
    draft.stage(table, telling.filter(telling["_reason"].notnull()), load)


def hold_to_mapping(rows: Rows, kind: FileKind, using: Mapping) -> None:
    """Name every column that is missing, and what the file has instead."""
    faults = []
    if missing := [name for name in kind.columns if name not in rows.names]:
        faults.append(f"it has no column {listed(missing, most=30)} (found {listed(rows.names, most=30)})")
    if twice := rows.ambiguous(kind.columns):
        faults.append(f"it has more than one column {listed(twice)}, letter case aside")
    if faults:
        raise BadInput(f'"{rows.path}" does not fit the mapping "{using.name}": {"; ".join(faults)}.')


def _looked_up(wanted: mapping.Rows) -> list[str]:
    return [name for name, spec in wanted.columns.items() if spec.lookup]


def _answers(draft: Draft, path: Path, wanted: mapping.Rows, name: str, load: Load) -> ibis.Table:
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


def _filled(rows: ibis.Table, table: schema.Table) -> ibis.Table:
    """Rows with what every row of the table must say and few sources do."""
    defaults = {"given": True, "version": 1, "complete": False, "samples": 1, "description": ""}
    missing = {
        name: ibis.literal(value)
        for name, value in defaults.items()
        if name in table and table[name].required and name not in rows.columns
    }
    return rows.mutate(**missing) if missing else rows


def _refuse_broken(draft: Draft, rows: Rows, into: schema.Table, load: Load) -> None:
    if rows.broken:
        refused = pa.table(
            {
                "_line": pa.array([row.line for row in rows.broken], pa.int64()),
                "_reason": [row.reason for row in rows.broken],
                "_content": [row.text for row in rows.broken],
            }
        )
        draft.stage(into, draft.read("broken_rows", refused), load)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
