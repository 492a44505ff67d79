"""Time usage models as data: levels that nest, where each state belongs, and ratios of levels."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from truckkit import errors, schema

_WORDS = ("name", "title", "source", "levels", "states", "ratios")
_DETAILS = {"by_place": "place", "by_work_order": "work order"}


@dataclass(frozen=True)
class Part:
    """Where time belongs: the deepest level that holds it, and what the model calls it."""

    level: str
    category: str


@dataclass(frozen=True)
class Ratio:
    """A share of two levels."""

    numerator: str
    denominator: str


@dataclass(frozen=True)
class UsageModel:
    """A time usage model.

    ``levels`` go from all time to the least of it; each holds those after it. ``states`` says of each
    state where it belongs. ``by_place`` and ``by_work_order`` say so of a state and the kind of place
    it was at, or of the work order that covers it, where that differs from the state's own.
    """

    name: str
    title: str
    source: str
    levels: tuple[str, ...]
    states: Mapping[str, Part]
    by_place: Mapping[tuple[str, str], Part]
    by_work_order: Mapping[tuple[str, str], Part]
    ratios: Mapping[str, Ratio]

    def depth(self, level: str) -> int:
        """How deep a level lies: 0 for all time."""
        return self.levels.index(level)


def shipped() -> tuple[str, ...]:
    """Names of the models that come with truckkit.

    >>> shipped()
    ('calendar', 'caterpillar', 'gmg')
    """
    files = resources.files("truckkit").joinpath("usage_models").iterdir()
    return tuple(sorted(each.name.removesuffix(".toml") for each in files if each.name.endswith(".toml")))


def of_truckkit(name: str) -> UsageModel:
    """A model that comes with truckkit.

    >>> of_truckkit("gmg").ratios["physical availability"]
    Ratio(numerator='available', denominator='scheduled')
    """
    if name not in shipped():
        raise errors.unknown("time usage model", name, shipped(), "truckkit")
    text = resources.files("truckkit").joinpath("usage_models", f"{name}.toml").read_text("utf-8")
    return read(text, name)


def text_of(file: Path) -> str:
    """The definition in a file, read to see whether it holds; the model is called as the file is.

    Raises ``BadInput``, which names the file.
    """
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise errors.BadInput(
            f'"{file}" is not in UTF-8: byte {fault.start} is 0x{fault.object[fault.start]:02x}; '
            "save it as UTF-8."
        ) from None
    try:
        read(text, file.stem)
    except errors.BadInput as fault:
        raise errors.BadInput(f'"{file}" cannot be used: {fault}') from None
    return text


def read(text: str, name: str) -> UsageModel:
    """A model from its definition.

    Parameters
    ----------
    text
        The definition, as TOML: ``levels``, ``states`` and ``ratios``, see ``truckkit/usage_models``.
    name
        What it is called.

    Raises
    ------
    BadInput
        The definition has faults; the error names all of them.

    Examples
    --------
    >>> read('levels = ["calendar"]', "ours")
    Traceback (most recent call last):
    ...
    truckkit.errors.BadInput: time usage model "ours": no [states]; ...
    """
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise errors.BadInput(f'time usage model "{name}" is no TOML: {fault}; mend it there.') from None
    faults: list[str] = []
    if not name.strip():
        faults.append("its name is empty")
    if extra := [word for word in told if word not in _WORDS]:
        faults.append(f"{errors.listed(extra)} mean nothing here; it takes {errors.listed(_WORDS)}")
    levels = _levels(told.get("levels"), faults)
    states, by_place, by_work_order = _states(told.get("states"), levels, faults)
    ratios = _ratios(told.get("ratios"), levels, faults)
    if faults:
        raise errors.BadInput(f'time usage model "{name}": {"; ".join(faults)}.')
    return UsageModel(
        name,
        str(told.get("title", name)),
        str(told.get("source", "the site's own")),
        levels,
        states,
        by_place,
        by_work_order,
        ratios,
    )


def _levels(told: Any, faults: list[str]) -> tuple[str, ...]:
    if not isinstance(told, list) or not told:
        faults.append('no levels; name them from all time to the least, as in levels = ["calendar", …]')
        return ()
    if not all(isinstance(level, str) and level.strip() for level in told):
        faults.append("a level has an empty name, or one that is no text")
        return tuple(level for level in told if isinstance(level, str) and level.strip())
    if twice := sorted({level for level in told if told.count(level) > 1}):
        faults.append(f"levels {errors.listed(twice)} stand twice")
    return tuple(told)


Parts = dict[tuple[str, str], Part]


def _states(told: Any, levels: tuple[str, ...], faults: list[str]) -> tuple[dict[str, Part], Parts, Parts]:
    parts: dict[str, Part] = {}
    details: dict[str, Parts] = {word: {} for word in _DETAILS}
    if not isinstance(told, dict):
        faults.append("no [states]; say of each state where it belongs")
        told = {}
    elif lacks := [state for state in schema.STATES if state not in told]:
        faults.append(f"states {errors.listed(lacks, 12)} belong nowhere; every minute must land somewhere")
    if strange := [state for state in told if state not in schema.STATES]:
        faults.append(f"no states {errors.listed(strange)}; there are {errors.listed(schema.STATES, 12)}")
    for state, what in told.items():
        if state not in schema.STATES:
            continue
        part = _part(f'state "{state}"', what, levels, faults, tuple(_DETAILS))
        if part:
            parts[state] = part
        for word, meaning in _DETAILS.items():
            kinds = what.get(word, {}) if isinstance(what, dict) else {}
            if not isinstance(kinds, dict):
                faults.append(f'state "{state}": {word} is no table of kinds of {meaning}s')
                continue
            if word == "by_place" and (
                strange := [kind for kind in kinds if kind not in schema.PLACES_KINDS]
            ):
                faults.append(f'state "{state}": no kinds of places {errors.listed(strange)}')
            if word == "by_work_order" and kinds and state != "down":
                faults.append(f'state "{state}": only "down" goes by_work_order')
            for kind, part_told in kinds.items():
                about = f'state "{state}" by {meaning} "{kind}"'
                if part := _part(about, part_told, levels, faults):
                    details[word][state, kind] = part
    return parts, details["by_place"], details["by_work_order"]


def _part(
    about: str, told: Any, levels: tuple[str, ...], faults: list[str], more: tuple[str, ...] = ()
) -> Part | None:
    if not isinstance(told, dict):
        faults.append(f'{about} needs a level and a category, as in {{ level = "…", category = "…" }}')
        return None
    if extra := [word for word in told if word not in ("level", "category", *more)]:
        faults.append(f"{about} has {errors.listed(extra)}, which mean nothing")
    level, category = told.get("level"), told.get("category")
    sound = True
    if level not in levels:
        faults.append(f'{about} has level "{level}", which is none of {errors.listed(levels)}')
        sound = False
    if not isinstance(category, str) or not category.strip():
        faults.append(f"{about} has no category")
        sound = False
    return Part(str(level), str(category)) if sound else None


def _ratios(told: Any, levels: tuple[str, ...], faults: list[str]) -> dict[str, Ratio]:
    if told is None:
        return {}
    if not isinstance(told, dict):
        faults.append("ratios is no table")
        return {}
    ratios = {}
    for name, what in told.items():
        if not name.strip():
            faults.append("a ratio has an empty name")
        what = what if isinstance(what, dict) else {}
        ends = [what.get("numerator"), what.get("denominator")]
        for end, level in zip(("numerator", "denominator"), ends, strict=True):
            if level not in levels:
                faults.append(f'ratio "{name}" has {end} "{level}", which is none of {errors.listed(levels)}')
        if all(level in levels for level in ends):
            if levels.index(ends[0]) < levels.index(ends[1]):
                faults.append(f'ratio "{name}" divides "{ends[0]}" by "{ends[1]}", which is a part of it')
            ratios[name] = Ratio(*map(str, ends))
    return ratios
