"""What answers rest on, on one page: how much was observed, what is wrong, what came late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

import param
import pyarrow as pa

from truckkit.errors import unknown
from truckkit.views import palette, quality_answers, telling
from truckkit.views import quantities as say
from truckkit.views.assets import assets
from truckkit.views.plain import PlainComponent
from truckkit.views.sheet import Question, Sheet
from truckkit.views.told import rows

if TYPE_CHECKING:
    from truckkit.site import Site

PANES = ("coverage", "kinds", "arrivals", "loads")

WHOLE = "everything"
_LONGEST = timedelta(days=2)
_MOST_DAYS = 400


class QualityPanes(PlainComponent):
    """The browser half: it draws what it is told, as text and lengths."""

    heading = param.String("")
    subheading = param.String("")
    message = param.String("", doc="Why there is nothing to show.")
    times = param.List([], doc="What one can look at: groups of words and names.")
    when = param.String("", doc="The shift or day shown.")
    choices = param.List([], doc="The sources between which one can choose.")
    source = param.String("")
    mark = param.String("", doc="The kind of findings chosen; empty where none is.")
    behind = param.Dict({}, doc="The findings of that kind.")
    addressed = param.Boolean(False)
    links = param.Boolean(False)

    coverage = param.Dict({})
    kinds = param.Dict({})
    arrivals = param.Dict({})
    loads = param.Dict({})

    _esm = "\n".join(
        [
            palette.javascript(),
            assets(
                "surface.js",
                "telling.js",
                "elements.js",
                "printing.js",
                "shift_behind.js",
                "sheet.js",
                "quality.js",
            ),
        ]
    )
    _stylesheets = [assets("sheet.css", "quality.css")]  # noqa: RUF012 - Panel reads a list


class QualitySheet(Sheet):
    """What answers rest on: coverage per truck and hour, findings by kind, late loads, the ledger of loads.

    All samples of the time shown are looked at, so of more than two days the newest shift is shown first
    (the newest day where the calendar has none), and one can choose another.

    Parameters
    ----------
    site
        What to show: its trucks, in its window, told by its source.
    when
        Name of a shift, a day of the site's clock such as ``"2026-11-22"``, or ``"everything"``; empty: as
        above.
    mark
        The kind of findings chosen at first, such as ``"gap/cycles.start"``.
    links
        True where a replay is served beside the page: findings lead to it.
    addressed
        True where the page's address follows what is chosen.
    **layout
        Panel's own, such as ``height`` or ``sizing_mode``.

    Examples
    --------
    >>> import truckkit as tk
    >>> QualitySheet(tk.sample()).when
    'everything'
    """

    when = param.String(default="", doc="The shift or day shown, or everything.")

    def __init__(
        self,
        site: Site,
        when: str = "",
        *,
        mark: str = "",
        links: bool = False,
        addressed: bool = False,
        **layout: Any,
    ) -> None:
        super().__init__(site)
        self._shifts = [row["shift"] for row in rows(site.shifts.select("shift", "start").order_by("start"))]
        self._days = _days(site)
        self._found: Callable[[], pa.Table] = lambda: quality_answers.findings(site)
        chosen = when or self._first()
        self._window(chosen)
        self._charts = QualityPanes(
            times=[
                ["Whole", [WHOLE]],
                ["Shifts", self._shifts[::-1]],
                ["Days", self._days[::-1]],
            ],
            choices=telling.choices(site),
            source=site.told_by or "",
            addressed=addressed,
            links=links,
            **{"sizing_mode": "stretch_width", **layout},
        )
        self.param.update(when=chosen, mark=mark)
        self._show()
        self._follow("when")

    def _first(self) -> str:
        site = self.site
        if site.start is None or site.stop is None or site.stop - site.start <= _LONGEST:
            return WHOLE
        stop = site.stop.replace(tzinfo=None)
        begun = [row["shift"] for row in rows(site.shifts.filter(site.shifts.start < stop).order_by("start"))]
        return str(begun[-1]) if begun else self._days[-1]

    def _window(self, when: str) -> Site:
        """The site in the time that is chosen."""
        if when == WHOLE:
            return self.site
        if when in self._shifts:
            return self.site.shift(when)
        if when not in self._days:
            raise unknown("shift or day", when, [*self._shifts, *self._days, WHOLE], self.site.name)
        day = datetime.fromisoformat(when)
        return self.site.between(f"{day:%Y-%m-%d}", f"{day + timedelta(days=1):%Y-%m-%d}")

    def _show(self) -> None:
        site = self._window(self.when)
        self._asked += 1
        self._found = _remembered(lambda: quality_answers.findings(site))
        self._charts.param.update(
            heading="Data quality" if self.when == WHOLE else f"Data quality, {self.when}",
            subheading=_subheading(site),
            message=_why_nothing(site),
            when=self.when,
            mark=self.mark,
            behind={},
            **{pane: {} for pane in PANES},
        )
        if self._charts.message:
            return
        found = self._found
        self._ask(
            {
                "coverage": lambda: quality_answers.coverage(site),
                "kinds": lambda: quality_answers.kinds(site, found()),
                "arrivals": lambda: quality_answers.arrivals(site),
                "loads": lambda: quality_answers.loads(site),
            }
        )
        self._marked()

    def _moved(self, *_changes: param.parameterized.Event) -> None:
        self._window(self.when)
        self._show()

    def _behind_mark(self) -> Question:
        site, found, mark = self._window(self.when), self._found, self.mark
        return lambda: quality_answers.listed(site, found(), mark)


def _remembered(ask: Callable[[], pa.Table]) -> Callable[[], pa.Table]:
    """Asks once, whichever thread wants it first."""
    lock, answers = Lock(), list[pa.Table]()

    def asked() -> pa.Table:
        with lock:
            if not answers:
                answers.append(ask())
            return answers[0]

    return asked


def _days(site: Site) -> list[str]:
    """The days of the site's clock that its window touches; the newest of many."""
    if site.start is None or site.stop is None:
        return []
    day = site.start.astimezone(site.zone).date()
    last = (site.stop - timedelta(microseconds=1)).astimezone(site.zone).date()
    day = max(day, last - timedelta(days=_MOST_DAYS))
    return [f"{day + timedelta(days=k)}" for k in range((last - day).days + 1)]


def _subheading(site: Site) -> str:
    if site.start is None or site.stop is None:
        return ""
    start, stop = (at.astimezone(site.zone) for at in (site.start, site.stop))
    return (
        f"{site.name} · {start:%Y-%m-%d %H:%M} – {stop:%Y-%m-%d %H:%M}, site time ({site.zone.key}) · "
        f"{say.counted(len(site.truck_names), 'truck')}"
    )


def _why_nothing(site: Site) -> str:
    if site.truck_names and site.start is not None:
        return ""
    return f"No trucks in {site.name}: nothing was ingested yet; truckkit ingest STORE PATH brings data in."
