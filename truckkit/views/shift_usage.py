"""Time usage as the page of a shift draws it: a row a truck, closed at the calendar, and the ratios."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from truckkit.metrics.usage_models import UsageModel, shipped
from truckkit.views import quantities as say
from truckkit.views.shift_marks import named
from truckkit.views.told import Rows, rows

if TYPE_CHECKING:
    from truckkit.site import Site


def usage(site: Site, model: str) -> dict[str, Any]:
    """Where every minute of each truck went, and the ratios with what they were divided by."""
    asked = site.usage_model(model)
    spent = rows(site.time_usage(model))
    looks = _categories(asked)
    at = {category: number for number, category in enumerate(looks)}
    trucks: dict[str, Rows] = {}
    total: dict[str, float] = dict.fromkeys(looks, 0.0)
    for row in sorted(spent, key=lambda row: at[row["category"]]):
        total[row["category"]] += row["spent_min"]
        trucks.setdefault(row["truck"], []).append(
            {
                "mark": named("usage", row["truck"], row["category"]),
                "part": at[row["category"]],
                "share": row["share"],
                "spent": say.duration(row["spent_min"]),
                "percent": say.percent(row["share"], 1),
            }
        )
    calendar_min = sum(total.values())
    start, stop = site.asked
    ratios = [
        {
            "name": row["ratio"],
            "share": say.percent(row["share"], 1),
            "told": f"{say.duration(row['numerator_min'])} {row['numerator']} of "
            f"{say.duration(row['denominator_min'])} {row['denominator']}",
        }
        for row in rows(site.kpis(model, by=""))
    ]
    order = list(asked.ratios)
    ratios.sort(key=lambda row: order.index(row["name"]))
    each = say.duration((stop - start) / timedelta(minutes=1))
    return {
        "told": f"Each row closes at the calendar: {each}. {asked.title}.",
        "parts": [
            {
                "name": category,
                **look,
                "spent": say.duration(total[category]),
                "percent": say.percent(total[category] / calendar_min if calendar_min else None, 1),
            }
            for category, look in looks.items()
        ],
        "trucks": [{"truck": truck, "parts": trucks[truck]} for truck in sorted(trucks)],
        "ratios": ratios,
        "source": asked.source,
        "why": "" if trucks else "No truck is known, so no time was spent.",
    }


def _categories(model: UsageModel) -> dict[str, dict[str, Any]]:
    """The categories of a model, the most productive first, each with the look of a state in it."""
    parts = [(part, state) for state, part in model.states.items()]
    special = [*model.by_place.items(), *model.by_work_order.items()]
    parts += [(part, state) for (state, _kind), part in special]
    telling = {"haul": 0, "return": 1}  # of many states the drive says best what the category is
    parts.sort(key=lambda told: (-model.depth(told[0].level), telling.get(told[1], 2)))
    looks: dict[str, dict[str, Any]] = {}
    worn: dict[str, int] = {}
    for part, state in parts:
        if part.category not in looks:
            looks[part.category] = {"state": state, "variant": worn.get(state, 0), "level": part.level}
            worn[state] = worn.get(state, 0) + 1
    return looks


def models(site: Site) -> list[str]:
    """Names of the time usage models: those that come with truckkit, then the site's own."""
    own = [row["model"] for row in rows(site.usage_models.select("model"))]
    first = sorted(shipped(), key=lambda name: (name != "gmg", name == "calendar", name))
    return [*first, *sorted(set(own) - set(first))]
