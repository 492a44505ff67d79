"""Questions that a component's browser half asks, and Python's answers to them.

A question is ``{"ask": its name, "id": …, …}``; its answer bears the same id, with a ``body`` or the
sentence why it ``failed``.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

from truckkit.errors import BadRequest, TruckkitError
from truckkit.views.answers import QUICK, SLOW
from truckkit.views.plain import PlainComponent

Question = dict[str, Any]

_log = logging.getLogger(__name__)


class Asking(PlainComponent):
    """A component whose browser half asks."""

    __abstract = True

    def _server_event(self, doc: Any, event: Any) -> None:
        # A question changes no model. On Panel's own way it would run changes of other components out of
        # turn, which loses what follows from them, and would mark every page of every session busy.
        self._process_event(event)


def answer_questions(
    component: Asking, answerers: Mapping[str, Callable[[Question], Any]], slow: Collection[str] = ()
) -> tuple[Callable[[Any], None], Callable[[Question, asyncio.AbstractEventLoop | None], None]]:
    """Answers a component's questions in worker threads, so that the event loop goes on.

    Gives what takes a message, and what answers one question at once.

    Parameters
    ----------
    answerers
        Who answers, by the name of the question. A ``TruckkitError`` tells the browser its sentence.
    slow
        The questions that take long, and must not keep the others waiting.
    """

    def asked(event: Any) -> None:
        question = event.data
        name = question.get("ask") if isinstance(question, dict) else None
        if not isinstance(name, str) or name not in answerers:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        (SLOW if name in slow else QUICK).submit(answer, question, loop)

    def answer(question: Question, loop: asyncio.AbstractEventLoop | None) -> None:
        told: dict[str, Any] = {"id": question.get("id")}
        try:
            told["body"] = answerers[question["ask"]](question)
        except TruckkitError as error:
            told["failed"] = str(error)
        except Exception:
            _log.exception("%s could not answer %r", type(component).__name__, question.get("ask"))
            told["failed"] = "The server could not answer; its log says why."
        if loop is None:
            component._send_msg(told)
        elif not loop.is_closed():
            # A notebook's channel may be written to by its own thread alone.
            loop.call_soon_threadsafe(component._send_msg, told)

    component.on_msg(asked)
    return asked, answer


def real(question: Question, name: str) -> float:
    """The number that a question bears."""
    told = question.get(name)
    if isinstance(told, bool) or not isinstance(told, int | float) or not math.isfinite(told):
        raise BadRequest(f'"{name}" is a number, not {told!r}.')
    return float(told)


def whole(question: Question, name: str) -> int:
    """The whole number that a question bears."""
    told = real(question, name)
    if told != int(told):
        raise BadRequest(f'"{name}" is a whole number, not {told!r}.')
    return int(told)
