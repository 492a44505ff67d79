"""Writes docs/rest.md from the service's own documents, its limits and docs/rest_examples.py.

A test holds the page to them, and others run every example.

python docs/make_rest.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from truckkit import errors
from truckkit.api.app import create_app
from truckkit.api.formats import FORMATS, OF_ROWS, OF_TRACKS
from truckkit.api.settings import Settings

sys.path.insert(0, str(Path(__file__).parent))

from rest_examples import ADDRESS, EXAMPLES, Example

PAGE = Path(__file__).with_name("rest.md")

OPENING = f"""\
# REST: examples and reference

Written from the service's own documents by `make docs`; change it there.

`truckkit serve mine` answers under `/api`; here it stands at `{ADDRESS}`. The service's own pages,
`/api/docs` and `/api/openapi.json`, say the same in full. Instants are UTC, in RFC 3339; windows are
`[start, stop)`. Where the store has keys (`truckkit keys add mine planner`), each request shows one:

    export TRUCKKIT_KEY=…

Every answer that comes from a store names its generation in the header `Truckkit-Generation`. A generation
never changes what it says, so an answer's `ETag` holds until there is a newer one.
"""

FENCES = {"curl": "sh", "python": "python", "r": "r"}
TITLES = {"curl": "curl", "python": "Python", "r": "R"}


def cell(text: str) -> str:
    """Text that may stand in a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def example(each: Example) -> Iterator[str]:
    """One example, in every language that it is given in."""
    yield from (f"### {each.title}", "", each.meaning, "")
    for language, fence in FENCES.items():
        code = getattr(each, language)
        if code:
            yield from (f"{TITLES[language]}:", "", f"```{fence}", code.strip(), "```", "")


def formats() -> Iterator[str]:
    """The formats, and which answers have them."""
    yield from ("## Formats", "", "By `Accept`, or by name with `?format=`, which comes first.", "")
    yield from ("| format | media type | answers |", "|---|---|---|")
    for name in OF_TRACKS:
        where = "rows and tracks" if name in OF_ROWS else "tracks"
        yield f"| `{name}` | `{FORMATS[name].media}` | {where} |"
    yield ""
    yield (
        "`json` and `columns` are pages, with the address of the next one in `next` and in the header "
        "`Link`; all others hold all rows, unless `limit` asks for a page. A stream that fails breaks off: "
        "without its end it is never whole."
    )
    yield ""


def resources(document: dict[str, Any]) -> Iterator[str]:
    """Every path with its parameters and statuses."""
    meanings: dict[str, str] = {}
    statuses: dict[str, str] = {}
    common = set.intersection(
        *(set(asked["responses"]) for methods in document["paths"].values() for asked in methods.values())
    )
    yield from (
        "## Resources",
        "",
        "| method and path | what it is | parameters | statuses |",
        "|---|---|---|---|",
    )
    for path, methods in document["paths"].items():
        for method, asked in methods.items():
            names = []
            for parameter in asked.get("parameters", []):
                names.append(parameter["name"])
                meanings.setdefault(parameter["name"], parameter.get("description", ""))
            for status, said in asked["responses"].items():
                statuses.setdefault(status, said["description"])
            own = sorted(set(asked["responses"]) - common)
            what = asked.get("description") or asked.get("summary", "")
            yield (
                f"| `{method.upper()} {path}` | {cell(what)} | {' '.join(f'`{name}`' for name in names)} | "
                f"{' '.join(own)} |"
            )
    yield from ("", f"Each may answer {', '.join(sorted(common))} too.", "")
    yield from ("### Parameters", "", "Others are refused, with the nearest name.", "")
    yield from ("| parameter | meaning |", "|---|---|")
    yield from (f"| `{name}` | {cell(meaning)} |" for name, meaning in sorted(meanings.items()))
    yield from (
        "",
        "### Statuses",
        "",
        "Errors are `application/problem+json`, with one sentence in `detail`.",
        "",
    )
    yield from ("| status | meaning |", "|---|---|")
    yield from (f"| {status} | {cell(meaning)} |" for status, meaning in sorted(statuses.items()))
    yield ""


def limits() -> Iterator[str]:
    """The settings, each with its variable and default."""
    yield from ("## Limits", "", "Set by environment variables where the service runs.", "")
    yield from ("| variable | default | meaning |", "|---|---|---|")
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, []) else f"{field.default}"
        yield f"| `TRUCKKIT_REST_{name.upper()}` | {default} | {cell(field.description or '')} |"
    yield ""


def nobody() -> NoReturn:
    """The page needs no store."""
    raise errors.NoStore("the page is written without a store.")


def page() -> str:
    """The whole page."""
    lines = [OPENING, "## Examples", ""]
    for each in EXAMPLES:
        lines += example(each)
    lines += [
        *formats(),
        *resources(create_app(nobody, settings=Settings.model_construct()).openapi()),
        *limits(),
    ]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}: {len(EXAMPLES)} examples")
