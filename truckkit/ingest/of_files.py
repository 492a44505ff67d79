"""Files: which of them a mapping reads, and how each becomes loads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from truckkit.errors import BadInput, listed
from truckkit.ingest.pace import Pace
from truckkit.ingest.staging import Progress, Staging, hashed
from truckkit.mapping import Kind, Mapping
from truckkit.sources import files
from truckkit.sources.spool import Section


def chosen(paths: Iterable[Path], named: Sequence[Path], using: Mapping, remark: Progress) -> list[Path]:
    """The files that a mapping reads, those first that others refer to, whatever they are called."""
    fits = {path: _order(path, using) for path in paths}
    strange = [path for path, order in fits.items() if order is None]
    read = {path: order for path, order in fits.items() if order is not None}
    unfit = [path.name for path in strange if path in named or not read]
    if unfit:
        wanted = listed(kind.name for kind in using.kinds)
        raise BadInput(f'the mapping "{using.name}" does not read {listed(unfit)}; it reads {wanted}.')
    for path in strange:
        remark(f'passed over "{path}": the mapping "{using.name}" does not read it')
    return sorted(read, key=lambda path: (read[path], path.name))


def _order(path: Path, using: Mapping) -> int | None:
    """The place of the first kind that a file can be of, among those of the mapping."""
    has_sections = files.has_sections(path)
    if has_sections and files.has_frames(path) != bool(using.dbc):
        return None
    for number, kind in enumerate(using.kinds):
        if kind.may_be(path, sections=has_sections):
            return number
    return None


def bring(
    staging: Staging, path: Path, known: Callable[[str], list[str]], remark: Progress, pace: Pace
) -> None:
    """Stage what a file holds, a load for it, or for each of its sections that the mapping reads."""
    pace.begin(path)
    whole = hashed(files.identity(path), staging.using.text)
    if not files.has_sections(path):
        kind = staging.using.kind_of(path)
        assert kind is not None
        load = staging.load(str(path), kind, whole)
        if known(whole):
            pace.known(path)
            return
        rows = files.rows(path)
        pace.follow(path, rows)
        staging.stream(rows, kind, load)
        pace.end(path)
        return
    if before := known(f"{whole} "):
        for identity in before:
            name = identity.removeprefix(f"{whole} ")
            staging.load(f"{path} ({name})", staging.using.kind_of(path, name) or _unknown(name), identity)
        pace.known(path)
        return
    using = staging.using
    for section in files.sections(path, staging.draft.scratch, using.trucks, using.dbc, using.time_zone):
        _bring_section(staging, path, section, f"{whole} {section.name}", remark)
    pace.end(path)


def _bring_section(staging: Staging, path: Path, section: Section, identity: str, remark: Progress) -> None:
    kind = staging.using.kind_of(path, section.name)
    if kind and kind.passed_over:
        remark(f'passed over "{section.name}" of "{path}", as the mapping says')
        return
    load = staging.load(f"{path} ({section.name})", kind or _unknown(section.name), identity)
    if kind:
        staging.stream(section.rows, kind, load)
    else:
        staging.refuse_all(section.rows, f'the mapping "{staging.using.name}" does not read it', load)


def _unknown(section: str) -> Kind:
    return Kind("*", (), section)
