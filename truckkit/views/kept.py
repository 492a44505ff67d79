"""Answers that were asked once and are kept: a generation of a store does not change."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from truckkit.site import Site

_MOST = 400
_kept: OrderedDict[tuple[Any, ...], dict[str, Any]] = OrderedDict()
_lock = Lock()


def once(site: Site, question: tuple[str, ...], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """An answer of a site; of a store it is asked once, and the newest are kept.

    Parameters
    ----------
    site
        What is asked; its window, trucks, source and generation tell one answer from another.
    question
        What tells the question from others.
    ask
        Gives the answer, plain rows that nobody changes.
    """
    if site.store is None:
        return ask()
    key = (site.store.address, site.generation, site.asked, site.truck_names, site.told_by, *question)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    answer = ask()
    with _lock:
        _kept[key] = answer
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
    return answer
