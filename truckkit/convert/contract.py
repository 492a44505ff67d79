"""The contract of a section: what its fields may be that the mapping does not know, or that change type.

Under ``quarantine``, a row is refused in which a field that has numbers elsewhere is none, and a field
that the mapping does not know is set aside. Under ``evolve``, text is read as a number where it is one,
and unknown fields are kept as channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import ibis

from truckkit.mapping import Kind, Rows
from truckkit.sources.spool import OTHER

REFUSED = "_refused"
"""The column that says why a row is refused before anything is read from it."""

_SHOWN = 60
_WORDS = {"string": "text", "float": "a number", "integer": "a number", "boolean": "true or false"}


def held(raw: ibis.Table, kind: Kind, *, evolves: bool) -> ibis.Table:
    """Rows with every column that the mapping asks for, and what the contract says of changed types.

    Returns
    -------
    ibis.Table
        One row per row of the section, with ``_refused`` where the contract refuses rows.
    """
    missing = {name: ibis.null("string") for name in kind.columns if name not in raw.columns}
    held = raw.mutate(**missing) if missing else raw
    refusals: list[ibis.Value] = []
    for other in _others(raw):
        name, _, word = other.partition(OTHER)
        if name not in kind.columns:
            continue
        if evolves:
            held = held.mutate(**{name: _evolved(held, name, other)})
        else:
            said = ibis.literal(_clash(raw, name, _WORDS.get(word, word)) + ': "')
            shown = said + raw[other].cast("string").substr(0, _SHOWN) + '"'
            refusals.append(ibis.ifelse(raw[other].notnull(), shown, ibis.null("string")))
    if refusals:
        held = held.mutate(**{REFUSED: ibis.coalesce(*refusals)})
    return held


def _evolved(rows: ibis.Table, name: str, other: str) -> ibis.Value:
    """A field's values, those of another type among them where they can be read."""
    value = rows[name]
    if value.type().is_numeric() and rows[other].type().is_boolean():
        return value.cast("float64").fill_null(rows[other].cast("int8").cast("float64"))
    if value.type().is_numeric() and rows[other].type().is_numeric():
        return value.cast("float64").fill_null(rows[other].cast("float64"))
    # As text, so that what is no number can be told as such.
    return value.cast("string").fill_null(rows[other].cast("string"))


def _others(raw: ibis.Table) -> list[str]:
    return [name for name in raw.columns if OTHER in name and name.partition(OTHER)[0] in raw.columns]


def _clash(raw: ibis.Table, name: str, here: str) -> str:
    """Why a field's value is refused: it is of another type than elsewhere, or a tag has the field's name."""
    elsewhere = _word(raw, name)
    if elsewhere == "text":  # a field has its numbers first, so what is text and not all is a tag
        return f'the tag "{name}" and the field "{name}" have one name, and the field is {here}'
    return f"{name} is {here} here, and {elsewhere} elsewhere"


def _word(raw: ibis.Table, name: str) -> str:
    kind = raw[name].type()
    return "true or false" if kind.is_boolean() else "a number" if kind.is_numeric() else "text"


def fresh(raw: ibis.Table, kind: Kind) -> list[str]:
    """The fields that the mapping neither asks for nor ignores."""
    known = {*kind.columns, *kind.ignored}
    return [
        name
        for name in raw.columns
        if not name.startswith("_") and name != "time" and name.partition(OTHER)[0] not in known
    ]


def counted(raw: ibis.Table, names: Sequence[str]) -> list[tuple[str, int, int, str]]:
    """For each field that has values: their number, the first row with one, and what it says there."""
    asked: dict[str, ibis.Value] = {}
    for number, name in enumerate(names):
        told = raw[name].notnull()
        asked[f"values_{number}"] = raw[name].count()
        asked[f"line_{number}"] = raw["_line"].min(where=told)
        asked[f"said_{number}"] = raw[name].cast("string").argmin(raw["_line"])
    row = raw.aggregate(**asked).to_pyarrow().to_pylist()[0]
    return [
        (name, row[f"values_{number}"], row[f"line_{number}"], (row[f"said_{number}"] or "")[:_SHOWN])
        for number, name in enumerate(names)
        if row[f"values_{number}"]
    ]


def keyed(wanted: Rows) -> Rows:
    """What says of which truck and when a row is, alone."""
    return replace(
        wanted, columns={name: wanted.columns[name] for name in ("truck", "at")}, prefer_equal=None
    )


def readings(keys: ibis.Table, raw: ibis.Table, names: Sequence[str]) -> ibis.Table:
    """Fields as channels: one row per value that is there.

    Returns
    -------
    ibis.Table
        ``truck``, ``at``, ``channel``, ``number``, ``said`` and what drafts want beside them.
    """
    both = keys.join(raw.select("_line", *names), "_line")
    told = []
    for name in names:
        value = both[name]
        is_text = value.type().is_string()
        number = ibis.null("float64") if is_text else _number(value)
        told.append(
            both.filter(value.notnull()).select(
                "truck",
                "at",
                "_line",
                "_reason",
                "_content",
                channel=ibis.literal(name.partition(OTHER)[0]),
                number=number,
                said=value.cast("string") if is_text else ibis.null("string"),
            )
        )
    return ibis.union(*told) if len(told) > 1 else told[0]


def _number(value: ibis.Value) -> ibis.Value:
    return (value.cast("int8") if value.type().is_boolean() else value).cast("float64")
