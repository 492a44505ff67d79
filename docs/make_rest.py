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
`/api/docs` and `/api/openapi.json`, say the same in full, and want no key: they say nothing of the mine.
Instants are UTC, in RFC 3339; windows are `[start, stop)`. A name in a path is percent-encoded whole, `/` as
`%2F`; no path names what is called `.` or `..` for every client, so such a truck is asked for with
`?truck=..`. Where the store has keys (`truckkit keys add mine planner`), each request shows one:

    export TRUCKKIT_KEY=…

Every answer that comes from a store names its generation in the header `Truckkit-Generation`. A generation
never changes what it says, so an answer's `ETag` holds until there is a newer one.
"""

STATUSES = {
    "200": ("The answer.", "Keeps the `ETag`, and asks with it in `If-None-Match` the next time."),
    "201": (
        "The record is made, or was made before by this very request (`Idempotency-Replayed: true`).",
        "Keeps `Location`, where the record is, and `ETag`, from which a change goes out.",
    ),
    "303": ("The replay was asked for by a browser.", "Goes on to `Location`, the dashboard."),
    "304": ("The `ETag` in `If-None-Match` is still that of the answer.", "Uses the answer that it has."),
    "401": (
        "No key was shown where one is wanted, or one that is unknown, was revoked or has expired.",
        "Sends `Authorization: Bearer …` with a key that holds; the same again is refused again.",
    ),
    "403": (
        "A key of the role `read` cannot write; a service without keys answers its own machine alone.",
        "Asks for a key of the role `write`, or for any key.",
    ),
    "404": (
        "The path, or a truck, place, record, metric or page that it names, is not there.",
        "Takes the nearest name, which `detail` tells. Names in a path are percent-encoded, `/` as `%2F`.",
    ),
    "405": (
        "The path is there and the method is not: all but records is read-only.",
        "Uses a method of the header `Allow`.",
    ),
    "406": (
        "No media type in `Accept` is one that this answer has, or each has `q=0`.",
        "Takes one that `detail` lists, leaves `Accept` out, or names a format with `?format=`.",
    ),
    "409": (
        "A new record has the name of one that is there.",
        "Reads that record and changes it, or chooses another name and a new `Idempotency-Key`.",
    ),
    "410": (
        "The cursor belongs to a generation that has been replaced, as with each load of new data.",
        "Starts anew without `cursor`. Who needs one picture of many pages asks for a stream.",
    ),
    "412": (
        "The record has changed since the version that `If-Match` names; nothing was written.",
        "Reads the record again, decides whether the change still holds, and sends it with the new `ETag`.",
    ),
    "413": (
        "The body is longer than `TRUCKKIT_REST_BODY_BYTES`; it was not read to its end.",
        "Sends less; the same again is refused again.",
    ),
    "415": (
        "The body is not said to be JSON.",
        "Sends `Content-Type: application/json`, with the same `Idempotency-Key`.",
    ),
    "422": (
        "A parameter, a header or the body cannot be meant, or an `Idempotency-Key` came with another body.",
        "Mends what `errors` names, one by one; the same again is refused again.",
    ),
    "428": (
        "A change or a closing came without `If-Match`.",
        "Reads the record, and sends its `ETag` in `If-Match`.",
    ),
    "429": ("This key, or address, has asked too often.", "Waits for the seconds in `Retry-After`."),
    "500": (
        "The server failed in a way that nobody foresaw.",
        "Tells whoever runs it the `request_id`, which is in its log.",
    ),
    "503": (
        "Too many ask at once, a query took too long, somebody else writes, or the store does not open now.",
        "Waits for the seconds in `Retry-After`; a new record keeps its `Idempotency-Key`.",
    ),
}
"""When each status is answered, and what a client does then."""

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
    meanings: dict[tuple[str, str], list[str]] = {}
    statuses: set[str] = set()
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
                said = (parameter["name"], parameter.get("description", ""))
                meanings.setdefault(said, []).append(path)
            statuses |= asked["responses"].keys()
            own = sorted(set(asked["responses"]) - common)
            what = asked.get("description") or asked.get("summary", "")
            yield (
                f"| `{method.upper()} {path}` | {cell(what)} | {' '.join(f'`{name}`' for name in names)} | "
                f"{' '.join(own)} |"
            )
    yield from ("", f"Each may answer {', '.join(sorted(common))} too.", "")
    yield from ("### Parameters", "", "Others are refused, with the nearest name.", "")
    yield from ("| parameter | meaning |", "|---|---|")
    for (name, meaning), paths in sorted(meanings.items()):
        # One word may be asked for differently: where that is rarer, it is said where.
        rarer = any(other == name and len(more) > len(paths) for (other, _), more in meanings.items())
        yield f"| `{name}`{where(name, paths) if rarer else ''} | {cell(meaning)} |"
    yield from (
        "",
        "### Statuses",
        "",
        "Errors are `application/problem+json`, with one sentence in `detail`.",
        "",
    )
    yield from ("| status | when | what a client does next |", "|---|---|---|")
    # A method that a path does not have belongs to no operation of the document.
    for status in sorted(statuses | {"405"}):
        when, then = STATUSES[status]
        yield f"| {status} | {cell(when)} | {cell(then)} |"
    yield ""


def where(name: str, paths: list[str]) -> str:
    """In which addresses a parameter has its rarer meaning."""
    if all(f"{{{name}}}" in path for path in paths):
        return " in a path"
    for room in ("aemp", "ogc"):
        if all(path.startswith(f"/api/v1/{room}/") for path in paths):
            return f" under `/api/v1/{room}`"
    return " of " + ", ".join(f"`{path}`" for path in paths)


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
