"""Questions asked beside the event loop of a server, and their answers handed to the page in turn.

In a served page a question that takes a second would hold up every other page, so it runs in a thread;
DuckDB gives each thread a cursor of its own. In a notebook or a test there is nobody to hold up, and the
answer is there when the call returns.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import panel as pn

from truckkit.errors import TruckkitError

NOT_ANSWERED = "This could not be answered; the server's log says why."

_AT_ONCE = 2
"""Most of a question's time is Python, which two threads share one core for."""

_pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="truckkit-page")


def ask(questions: Sequence[tuple[str, Callable[[], Any]]], told: Callable[[str, Any], None]) -> None:
    """Asks each question and tells its answer, by name.

    Parameters
    ----------
    questions
        Names and what gives their answers; none of them raises.
    told
        Takes a name and its answer; in a served page it runs on the event loop, so it may change views.
    """
    document = pn.state.curdoc
    if document is None or document.session_context is None:
        for name, question in questions:
            told(name, question())
        return

    def answer(name: str, question: Callable[[], Any]) -> None:
        found = question()
        # What changes between the page's first answer and its standing in the browser is lost on the way.
        document.add_next_tick_callback(lambda: pn.state.onload(lambda: told(name, found)))

    for name, question in questions:
        _pool.submit(answer, name, question)


def calm(question: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """A question whose answer says in ``why``, in a sentence, what is wrong."""

    def asked() -> dict[str, Any]:
        try:
            return question()
        except TruckkitError as error:
            return {"why": f"{error}"}
        except Exception:
            logging.getLogger(__name__).exception("a question of a page could not be answered")
            return {"why": NOT_ANSWERED}

    return asked
