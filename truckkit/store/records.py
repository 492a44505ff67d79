"""Records that people keep: work orders and remarks, made, changed and closed one at a time.

A change is a load of one row: it stands in the ledger with who made it, and readers see the generation of
before or after. Who changes a record names the version that was read, so that nobody undoes what another has
written meanwhile. Who asks again with the same request, for an answer that was lost, changes nothing.

States that were derived from work orders follow with the next ``truckkit detect``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from truckkit import schema, times
from truckkit.errors import AlreadyThere, BadRequest, BadTime, Outdated, unknown
from truckkit.store.draft import Draft
from truckkit.store.pending import Pending
from truckkit.store.publish import publish

KEPT = (schema.MAINTENANCE, schema.ANNOTATIONS)
"""The tables of records that people keep."""

_OURS = ("version", "load_id", "author")
"""Columns that a change does not set."""


def settable(table: schema.Table) -> list[schema.Column]:
    """The columns that whoever keeps a record may say; a remark gets its name from us."""
    ours = (*_OURS, *(table.key if table is schema.ANNOTATIONS else ()))
    return [column for column in table if column.name not in ours]


@dataclass(frozen=True)
class Change:
    """What somebody wants to be written."""

    table: schema.Table
    """``MAINTENANCE`` or ``ANNOTATIONS``."""
    values: Mapping[str, Any]
    """Columns and what they are to be; those of a record that are not named stay as they are."""
    by: str
    """Who asks."""
    request: str
    """Tells the request from others of the same person; the same again changes nothing."""
    key: str | None = None
    """The record that is changed; none: a new one, with its key among the values or a made one."""
    version: int | None = None
    """The version of the record that the change goes out from."""


@dataclass(frozen=True)
class Recorded:
    """What became of a change."""

    key: str
    """The record."""
    repeated: bool
    """True where the request was carried out before, so that nothing changed now."""


def record(folder: str | Path, change: Change, wait_s: float = 5.0) -> Recorded:
    """Write one record, as a generation of its own.

    Parameters
    ----------
    folder
        The store.
    change
        What to write.
    wait_s
        How long to wait for another process that publishes.

    Raises
    ------
    UnknownName
        No such record, or no such truck.
    AlreadyThere
        A new record with the key of another.
    Outdated
        Somebody else has changed the record since that version.
    BadRequest, BadTime
        Values that cannot be meant, or the same request with another content.
    StoreBusy, CannotWrite
        The store is then as it was.

    Examples
    --------
    >>> import shutil, tempfile
    >>> import truckkit as tk
    >>> mine = Path(tempfile.mkdtemp()) / "mine"
    >>> _ = shutil.copytree(tk.sample().store.folder, mine)
    >>> noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    >>> remark = {"start": noon, "remark": "blast in the north pit"}
    >>> made = record(mine, Change(schema.ANNOTATIONS, remark, by="dispatch", request="r1"))
    >>> again = record(mine, Change(schema.ANNOTATIONS, remark, by="dispatch", request="r1"))
    >>> again == Recorded(made.key, repeated=True)
    True
    """
    values = _checked(change)
    asked = _hash(change.by, change.request)
    key = change.key or values.get(change.table.key[0]) or f"{change.table.name[0]}-{asked[:12]}"
    content = _hash(change.table.name, change.key, change.version, sorted(values.items()))

    def written(pending: Pending) -> None:
        _refuse_another_content(pending, asked)
        before = _row(pending, change.table, key)
        row = dict.fromkeys(change.table.names) | (before or {}) | values | {change.table.key[0]: key}
        if change.key is None and before:
            raise AlreadyThere(
                f'{change.table.name} has a record "{key}" already; change that one, or give another name.'
            )
        if change.key is not None:
            _refuse_outdated(pending, change, before)
        row |= {"version": (before or {"version": 0})["version"] + 1, "load_id": load.number}
        if "author" in change.table and not before:
            row["author"] = change.by
        _refuse_impossible(pending, change.table, row)
        load.corrected = int(bool(before))
        pending.replace(
            change.table.name, pa.Table.from_pylist([row], schema=change.table.schema.to_pyarrow())
        )

    with Draft("200MB") as draft:
        load = draft.load(f"REST: {change.by}", f"record {asked} {content}", "records", change.table.name)
        load.rows_in = 1
        publish(Path(folder), draft, written, wait_s)
    return Recorded(key, load.known)


def _checked(change: Change) -> dict[str, Any]:
    """The values as the table holds them."""
    known = [column.name for column in settable(change.table)]
    values: dict[str, Any] = {}
    for name, value in change.values.items():
        if name not in known:
            raise unknown("column", name, known, change.table.name)
        instant = change.table[name].type == schema.INSTANT and value is not None
        values[name] = times.stored(times.instant(value, None)) if instant else value
    if change.key is not None and values.get(change.table.key[0], change.key) != change.key:
        raise BadRequest(f'the {change.table.key[0]} of "{change.key}" stays as it is; leave it out.')
    return values


def _refuse_another_content(pending: Pending, asked: str) -> None:
    loads = pending.before("loads")
    if loads.filter(loads.identity.startswith(f"record {asked} ")).count().execute():
        raise BadRequest(
            "this request was made before with another content, and that was carried out; "
            "give each request an idempotency key of its own."
        )


def _row(pending: Pending, table: schema.Table, key: str) -> dict[str, Any] | None:
    rows = pending.before(table.name)
    found: list[dict[str, Any]] = (
        rows.filter(rows[table.key[0]] == ibis.literal(key)).to_pyarrow().to_pylist()
    )
    return found[0] if found else None


def _refuse_outdated(pending: Pending, change: Change, before: dict[str, Any] | None) -> None:
    if before is None:
        rows = pending.before(change.table.name)
        known = rows[change.table.key[0]].to_pyarrow().to_pylist()
        raise unknown("record", change.key, known, change.table.name)
    if change.version != before["version"]:
        raise Outdated(
            f'"{change.key}" is at version {before["version"]}, not {change.version}: somebody has changed '
            "it since; read it again, and change what it says now."
        )


def _refuse_impossible(pending: Pending, table: schema.Table, row: Mapping[str, Any]) -> None:
    for column in table:
        if column.required and row[column.name] in (None, ""):
            raise BadRequest(f"a record of {table.name} has no {column.name}; give one.")
    if row["stop"] is not None and row["stop"] <= row["start"]:
        raise BadTime(
            f"stop ({_said(row['stop'])}) does not come after start ({_said(row['start'])}); "
            "give a later one, or leave it out while the record is open."
        )
    if row["truck"] is not None:
        trucks = pending.before("trucks").truck.to_pyarrow().to_pylist()
        if row["truck"] not in trucks:
            raise unknown("truck", row["truck"], trucks, "this store")


def _said(instant: datetime) -> str:
    return f"{instant.replace(tzinfo=UTC):%Y-%m-%dT%H:%M:%SZ}"


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, default=str, ensure_ascii=True).encode()).hexdigest()
