"""A shift on one page: what was moved, what was lost and to what, and the intervals behind every mark."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import param
from ibis import _

from truckkit.errors import TruckkitError
from truckkit.views import kept, palette, shift_answers, shift_usage, telling
from truckkit.views import quantities as say
from truckkit.views.assets import assets
from truckkit.views.plain import PlainComponent
from truckkit.views.sheet import Question, Sheet
from truckkit.views.shift_intervals import Behind

if TYPE_CHECKING:
    from truckkit.site import Site

CHARTS = ("headline", "ledger", "usage", "phases", "loaders", "payload", "pareto", "worst")
"""The charts, in the order in which they are asked for."""

_DAY = timedelta(hours=24)


class ShiftCharts(PlainComponent):
    """The browser half: it draws what it is told, as text and lengths, and says what was clicked."""

    heading = param.String("")
    subheading = param.String("")
    note = param.String("", doc="What is not as asked: no calendar, no single shift.")
    message = param.String("", doc="Why there is nothing to show.")
    shifts = param.List([], doc="Every shift of the calendar: name and words.")
    shift = param.String("", doc="The shift shown.")
    models = param.List([])
    model = param.String("gmg", doc="The time usage model.")
    choices = param.List([], doc="The sources between which one can choose.")
    source = param.String("")
    mark = param.String("", doc="The mark chosen; empty where none is.")
    behind = param.Dict({}, doc="The intervals behind the mark.")
    addressed = param.Boolean(False, doc="True where the page's address follows what is chosen.")
    links = param.Boolean(False, doc="True where a replay is served beside this page.")

    headline = param.Dict({})
    ledger = param.Dict({})
    usage = param.Dict({})
    phases = param.Dict({})
    loaders = param.Dict({})
    payload = param.Dict({})
    pareto = param.Dict({})
    worst = param.Dict({})

    _esm = "\n".join(
        [
            palette.javascript(),
            assets(
                "surface.js",
                "telling.js",
                "elements.js",
                "printing.js",
                "shift_bars.js",
                "shift_loaders.js",
                "shift_behind.js",
                "sheet.js",
                "shift.js",
            ),
        ]
    )
    _stylesheets = [assets("sheet.css", "shift.css")]  # noqa: RUF012 - Panel reads a list


class ShiftSheet(Sheet):
    """A shift on one page: tonnes against plan, and where the time and the tonnes went.

    The ledger runs from plan to actual, time usage closes at the calendar, the phases of cycles stand
    against the 14 days before, queues and hang of each loader by the hour, payloads with the 10/10/20
    policy, and what trucks were down for. A click on any mark lists the intervals behind it.

    Parameters
    ----------
    site
        What to show: its trucks, told by its source.
    shift
        Name of a shift; empty: the one that the site is narrowed to, or the newest of which anything
        is told. A site without a calendar shows its window, or the newest 24 h of a longer one.
    model
        Name of a time usage model.
    mark
        The mark chosen at first, as it stands in an address.
    links
        True where a replay is served beside the page: intervals lead to it.
    addressed
        True where the page's address follows what is chosen.
    **layout
        Panel's own, such as ``height`` or ``sizing_mode``.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.ShiftSheet(tk.sample()).shift
    '2026-11-22 day'
    """

    shift = param.String(default="", doc="The shift shown; empty where it is a window.")
    model = param.String(default="gmg", doc="The time usage model.")

    def __init__(
        self,
        site: Site,
        shift: str = "",
        *,
        model: str = "gmg",
        mark: str = "",
        links: bool = False,
        addressed: bool = False,
        **layout: Any,
    ) -> None:
        super().__init__(site)
        if shift:
            site.shift(shift)
        site.usage_model(model)
        self._calendar = shift_answers.shift_list(site)
        self._charts = ShiftCharts(
            shifts=[self._entry(row) for row in self._calendar],
            models=shift_usage.models(site),
            choices=telling.choices(site),
            source=site.told_by or "",
            addressed=addressed,
            links=links,
            **{"sizing_mode": "stretch_width", **layout},
        )
        self._behind = Behind(site, model)
        self.param.update(shift=shift or self._first(), model=model, mark=mark)
        self._show()
        self._follow("shift", "model")

    # Which time ----------------------------------------------------------------------------------

    def _entry(self, row: dict[str, Any]) -> list[str]:
        crew = f", crew {row['crew']}" if row["crew"] else ""
        start = say.aware(row["start"]).astimezone(self.site.zone)
        stop = say.aware(row["stop"]).astimezone(self.site.zone)
        return [row["shift"], f"{start:%Y-%m-%d %H:%M} – {stop:%H:%M}{crew}"]

    def _first(self) -> str:
        """The shift that the site is narrowed to, or the newest of which anything is told."""
        if self.site.narrowed_to is not None:
            try:
                return self.site.one_shift()
            except TruckkitError:
                return ""
        newest = self.site.states.filter(_.state != "no_data").start.max().to_pyarrow().as_py()
        begun = [row for row in self._calendar if newest is not None and row["start"] <= newest]
        told = [row for row in begun if row["stop"] > newest] or begun[-1:]
        return str(told[-1]["shift"]) if told else ""

    def _narrowed(self) -> tuple[Site, str]:
        """The site in the time that is shown, and what of that is not as one would expect."""
        site = self.site
        if self.shift:
            return site.shift(self.shift), ""
        if site.start is None or site.stop is None:
            return site, ""
        start = max(site.start, site.stop - _DAY)
        whole = start == site.start
        shown = "the whole window" if whole else "the newest 24 h"
        why = (
            "the window is no single shift"
            if self._calendar
            else f"the calendar of {site.name} has no shifts"
        )
        return site.between(start, site.stop), f"This is {shown}, for {why}."

    # What is shown -------------------------------------------------------------------------------

    def _show(self) -> None:
        """Asks all questions of the shift anew."""
        site, note = self._narrowed()
        self._asked += 1
        self._behind = Behind(site, self.model)
        message = _why_nothing(site)
        self._charts.param.update(
            heading=self.shift or site.name,
            subheading=_subheading(site, self.shift, self._calendar),
            note=note,
            message=message,
            shift=self.shift,
            model=self.model,
            mark=self.mark,
            behind={},
            **{chart: {} for chart in CHARTS},
        )
        if message:
            return
        self._ask({chart: self._question(site, chart) for chart in CHARTS})
        self._marked()

    def _question(self, site: Site, chart: str) -> Question:
        behind, model = self._behind, self.model
        asked: dict[str, Question] = {
            "headline": lambda: shift_answers.headline(site, len(site.truck_names)),
            "ledger": lambda: shift_answers.waterfall(site, behind.priced()),
            "usage": lambda: shift_usage.usage(site, model),
            "phases": lambda: shift_answers.phases(site),
            "loaders": lambda: shift_answers.loaders(site),
            "payload": lambda: shift_answers.payload(site),
            "pareto": lambda: shift_answers.pareto(site),
            "worst": lambda: shift_answers.worst(site),
        }
        return lambda: kept.once(site, (chart, model if chart == "usage" else ""), asked[chart])

    # What a person chose -------------------------------------------------------------------------

    def _moved(self, *changes: param.parameterized.Event) -> None:
        """Another shift, or the same one by another model."""
        if any(change.name == "shift" for change in changes):
            if self.shift:
                self.site.shift(self.shift)
            if "mark" not in {change.name for change in changes}:
                self.param.update(mark="")
            self._show()
            return
        self.site.usage_model(self.model)
        self._charts.model = self.model
        self._behind.model = self.model
        self._behind.forget("usage")
        self._ask({"usage": self._question(self._behind.site, "usage")})
        if self.mark.startswith("usage/"):
            self.mark = ""

    def _behind_mark(self) -> Question:
        mark, behind = self.mark, self._behind
        return lambda: behind.of(mark)


def _subheading(site: Site, shift: str, calendar: Any) -> str:
    if site.start is None or site.stop is None:
        return ""
    start, stop = (at.astimezone(site.zone) for at in (site.start, site.stop))
    last = f"{stop:%H:%M}" if stop.date() == start.date() else f"{stop:%Y-%m-%d %H:%M}"
    crew = next((row["crew"] for row in calendar if row["shift"] == shift and row["crew"]), None)
    names = site.truck_names
    told = [
        site.name,
        f"{start:%A %Y-%m-%d %H:%M} – {last}, site time ({site.zone.key})",
        f"crew {crew}" if crew else "",
        names[0] if len(names) == 1 else f"{len(names)} trucks",
        telling.words(_tellers(site)),
    ]
    return " · ".join(word for word in told if word)


def _tellers(site: Site) -> dict[str, int]:
    """Of how many trucks each source tells, as the site is told."""
    told = {source: len(trucks) for source, trucks in site.sources.items()}
    if site.told_by is not None:
        return {source: trucks for source, trucks in told.items() if source == site.told_by}
    fms = set(site.sources.get("fms", ()))
    alone = len(set(site.sources.get("detected", ())) - fms)
    return {**({"fms": len(fms)} if fms else {}), **({"detected": alone} if alone else {})}


def _why_nothing(site: Site) -> str:
    """Why there is nothing to show of a shift; empty where there is something."""
    if not site.truck_names or site.start is None or site.stop is None:
        return (
            f"No trucks in {site.name}: nothing was ingested yet; truckkit ingest STORE PATH brings data in."
        )
    for table in (site.states.filter(_.state != "no_data"), site.cycles):
        if table.limit(1).count().to_pyarrow().as_py():
            return ""
    names = site.truck_names
    whose = names[0] if len(names) == 1 else f"any of the {len(names)} trucks"
    start, stop = (f"{at.astimezone(site.zone):%Y-%m-%d %H:%M}" for at in (site.start, site.stop))
    return (
        f"Nothing is known between {start} and {stop} (site time): nobody said what {whose} did then, and "
        "coverage is 0 %; choose another shift, or ingest what the fleet management system recorded."
    )
