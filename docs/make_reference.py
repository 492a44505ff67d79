"""Writes docs/schema.md from truckkit/schema.py; a test holds the two together.

python docs/make_reference.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from truckkit import schema

PAGE = Path(__file__).with_name("schema.md")

KINDS = {
    "catalog": "What is few. These tables lie in the catalog and have real keys.",
    "day": "What happened. These tables lie in day files, sorted by truck and time; an interval lies in the "
    "day of its start.",
    "rejects": "What a load refused. This table lies in a file of its own.",
}

OPENING = """\
# Tables and columns

Written from `truckkit/schema.py` by `make docs`; change it there.

Instants are UTC, to the microsecond. Intervals are `[start, stop)`. A column that is not required may be
empty, which means that nobody knows.
"""


def cell(text: str) -> str:
    """Text that may stand in a cell of a Markdown table."""
    return text.replace("|", "\\|")


def word_table(heading: str, opening: str, words: dict[str, str]) -> Iterator[str]:
    """A heading, a sentence and a table of words with their meanings."""
    yield from (f"## {heading}", "", opening, "", "| word | meaning |", "|---|---|")
    yield from (f"| `{word}` | {cell(meaning)} |" for word, meaning in words.items())
    yield ""


def column_row(table: schema.Table, column: schema.Column) -> str:
    """One column as a row: name, type, unit, whether it is required, meaning."""
    name = f"**`{column.name}`**" if column.name in table.key else f"`{column.name}`"
    required = "yes" if column.required else ""
    meaning = column.meaning
    if column.can_be:
        low, high = column.can_be
        meaning += f" Can be {low:,g} to {high:,g}."
    if column.references:
        meaning += f" Names a row of [`{column.references}`](#{column.references})."
    return f"| {name} | {column.type} | {column.unit or ''} | {required} | {cell(meaning)} |"


def table_section(table: schema.Table) -> Iterator[str]:
    """One table: what a row is, its key and its columns."""
    yield from (
        f"### {table.name}",
        "",
        f"One row is {table.row}. Key: " + ", ".join(f"`{k}`" for k in table.key) + ".",
    )
    if table.kind == "day":
        until = f" until `{table.stop}`" if table.stop else ""
        yield f"It happened at `{table.at}`{until}."
    yield from ("", "| column | type | unit | required | meaning |", "|---|---|---|---|---|")
    yield from (column_row(table, column) for column in table)
    yield ""


def page() -> str:
    """The whole page."""
    lines = [OPENING]
    lines += word_table("Words for states", "What a truck does. They tile all of time.", dict(schema.STATES))
    lines += word_table("Words for sources", "Who tells of a state or a cycle.", dict(schema.SOURCES))
    lines += word_table("Words for places", "What a place is.", dict(schema.PLACES_KINDS))
    for kind, opening in KINDS.items():
        lines += [f"## {kind.capitalize()}", "", opening, ""]
        for table in schema.TABLES.values():
            if table.kind == kind:
                lines += table_section(table)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}: {len(schema.TABLES)} tables")
