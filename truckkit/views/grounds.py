"""Questions of a map about its ground: the picture of a period, and what trucks carry.

A question for a backdrop bears ``west``, ``south``, ``east``, ``north`` [m], ``width`` and ``height``
[pixels], ``backdrop``, ``period`` and ``source``; the last three may be left out.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from truckkit.errors import BadRequest
from truckkit.views import backdrop, loads, periods, squares, telling
from truckkit.views.answers import SHARED
from truckkit.views.chunks import stretch
from truckkit.views.clock import milliseconds
from truckkit.views.questions import Question, real, whole
from truckkit.views.scene import PAGE_LENGTH, Scene

if TYPE_CHECKING:
    from truckkit.site import Site

NOBODY = "No positions in this period; choose another one."


def ground(site: Site, scene: Scene, key: tuple[Hashable, ...], question: Question) -> dict[str, Any]:
    """The picture of a box, as ``backdrop.picture`` gives it, with the ``period`` that it tells of."""
    west, south, east, north = (real(question, side) for side in ("west", "south", "east", "north"))
    frame = backdrop.Frame(west, south, east, north, whole(question, "width"), whole(question, "height"))
    kind = squares.kind_of(question.get("backdrop"))
    site = site.using(telling.source(question.get("source")))
    said = _text(question, "period")
    meant = _period(site, scene, said)
    told = {"start": milliseconds(meant.start), "stop": milliseconds(meant.stop), "words": meant.words}
    if meant.why:
        return {"kind": kind, "picture": None, "period": told, "why": meant.why}
    # The rows are named by all but the window, for periods of several windows share days.
    store = (*key[:2], site.told_by, site.truck_names)
    rows = _rows(site, scene, meant, store)
    if not rows:
        return {"kind": kind, "picture": None, "period": told, "why": NOBODY}
    shown = replace(scene, start=meant.start, stop=meant.stop)
    made = SHARED.get(
        ("backdrop", *store, scene.plane, meant.start, meant.stop, kind, frame),
        lambda: backdrop.picture(site, shown, frame, kind, rows, store),
        lambda answer: len(answer["picture"]) + 512,
    )
    return {**made, "period": told}


def loads_of(site: Site, scene: Scene, key: tuple[Hashable, ...], number: int) -> dict[str, Any]:
    """The loads of one page of the window, see ``loads.page``; pages are those of states."""
    start, stop = stretch(scene, number, PAGE_LENGTH)
    zero = milliseconds(scene.start)
    return SHARED.get(
        ("loads", *key, site.told_by, number),
        lambda: loads.page(site, scene.trucks, start, stop, zero),
        lambda answer: 64 + 128 * len(answer["truck"]),
    )


def warm_up() -> None:
    """Compile what the first picture needs; it takes seconds."""
    backdrop.warm_up()


def _text(question: Question, name: str) -> str:
    told = question.get(name) or ""
    if not isinstance(told, str):
        raise BadRequest(f'"{name}" is text, not {told!r}.')
    return told


def _period(site: Site, scene: Scene, said: str) -> periods.Period:
    return periods.period(site, (scene.start, scene.stop, scene.newest), said)


def _rows(site: Site, scene: Scene, meant: periods.Period, store: tuple[Hashable, ...]) -> int:
    """How many positions a period holds."""
    if (meant.start, meant.stop) == (scene.start, scene.stop):
        return sum(heard.positions for heard in scene.heard)
    return SHARED.get(
        ("positions in", *store, scene.plane, meant.start, meant.stop),
        lambda: int(
            scene.plane.drawn(site.between(meant.start, meant.stop).positions).count().to_pyarrow().as_py()
        ),
        lambda _: 64,
    )
