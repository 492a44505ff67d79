"""What pages of charts share: answers that come one by one, and the list behind the mark that was chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import param
from panel.viewable import Viewable, Viewer

from truckkit.views import background, telling

if TYPE_CHECKING:
    from truckkit.site import Site

Question = Callable[[], dict[str, Any]]


class Sheet(Viewer):
    """A page of charts; its browser half has a ``mark``, a ``source`` and what is ``behind`` the mark."""

    mark = param.String(default="", doc="The mark chosen; empty where none is.")

    _charts: Any

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.site = site
        self._asked = 0

    def __panel__(self) -> Viewable:
        half: Viewable = self._charts
        return half

    def _follow(self, *chosen: str) -> None:
        """Has page and browser say the same of what is chosen."""
        self._charts.param.watch(self._from_browser, [*chosen, "mark"])
        self._charts.param.watch(self._told_by_another, "source")
        self.param.watch(self._moved, list(chosen))
        self.param.watch(self._marked, "mark")

    def _show(self) -> None:
        """Asks all questions anew."""
        raise NotImplementedError

    def _moved(self, *changes: param.parameterized.Event) -> None:
        """Something else was chosen than a mark."""
        raise NotImplementedError

    def _behind_mark(self) -> Question:
        """What lists the intervals behind the mark."""
        raise NotImplementedError

    def _ask(self, questions: dict[str, Question]) -> None:
        number = self._asked

        def told(chart: str, answer: dict[str, Any]) -> None:
            # Whoever moved on meanwhile does not want the answers of what was there before.
            if number == self._asked:
                self._charts.param.update(**{chart: answer})

        background.ask([(name, background.calm(question)) for name, question in questions.items()], told)

    def _from_browser(self, *changes: param.parameterized.Event) -> None:
        self.param.update(**{change.name: change.new for change in changes})

    def _marked(self, *_changes: param.parameterized.Event) -> None:
        """Another mark: what is behind it."""
        self._charts.mark = self.mark
        if not self.mark:
            self._charts.behind = {}
            return
        self._ask({"behind": self._behind_mark()})

    def _told_by_another(self, _change: param.parameterized.Event) -> None:
        self.site = self.site.using(telling.source(self._charts.source))
        self._show()
