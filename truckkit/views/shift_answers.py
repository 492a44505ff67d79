"""What stands on the page of a shift: the answers of a site as plain rows, in words and lengths.

Every chart is a dictionary: ``title``, ``told`` (what it is a share of, what it leaves out), ``why``
(in its place, where there is nothing to draw) and what its half in the browser draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import ibis

from truckkit.errors import TruckkitError
from truckkit.metrics.ledger import CLOSING, LINES
from truckkit.metrics.phases import PHASES
from truckkit.views import quantities as say
from truckkit.views.palette import state_words
from truckkit.views.shift_marks import named
from truckkit.views.told import Rows, rows

if TYPE_CHECKING:
    from truckkit.site import Site

Chart = dict[str, Any]

LINE_STATES = {
    "refuelling": "delay",
    "shift_change": "delay",
    "down_scheduled": "down",
    "down_breakdown": "down",
    "down_other": "down",
    "slow_loading": "load",
    "slow_driving": "haul",
    "slow_dumping": "dump",
    "faster": "return",
    "underload": "load",
    "overload": "load",
    CLOSING: "",
}
"""The state whose colour a line of the ledger has, where that is not its own name."""

MOST_ROUTES = 12


def headline(site: Site, trucks: int) -> Chart:
    """Tonnes, loads and cycles against the plan, and how far to trust them."""
    total = (rows(site.summary(by="")) or [_nothing_moved(site)])[0]
    planned_t, loads = total["planned_t"], total["loads"]
    figures = [{"name": "moved", "figure": say.tonnes(total["moved_t"] or 0.0), "told": "no plan"}]
    if planned_t is not None:
        gap_t = total["difference_t"] or 0.0
        beside = f"{say.tonnes(abs(gap_t))} {'short' if gap_t < 0 else 'over'}"
        figures[0]["told"] = (
            f"{say.percent(total['share_of_plan'], 1)} of {say.tonnes(planned_t)} planned, {beside}"
        )
    planned = total["planned_loads"]
    of_plan = f"of {planned:,.0f} planned" if planned is not None else "no plan"
    unweighed = f", {say.counted(total['unweighed'], 'load')} of unknown tonnes" if total["unweighed"] else ""
    figures.append({"name": "loads dumped", "figure": f"{loads:,}", "told": of_plan + unweighed})
    figures.append(
        {
            "name": "complete cycles",
            "figure": f"{loads - total['incomplete']:,}",
            "told": f"{total['incomplete']:,} of {loads:,} not complete",
        }
    )
    start, stop = site.asked
    asked_min = (stop - start) / timedelta(minutes=1) * trucks
    figures.append(
        {
            "name": "observed",
            "figure": say.percent(total["coverage"]),
            "told": f"of {say.duration(asked_min)} of {say.counted(trucks, 'truck')}",
        }
    )
    return {"figures": figures, "doubt": total["doubt"] or ""}


def _nothing_moved(site: Site) -> dict[str, Any]:
    """The summary of a shift that was neither planned nor worked."""
    nothing = {"moved_t": 0.0, "loads": 0, "unweighed": 0, "incomplete": 0}
    unknown = dict.fromkeys(("planned_t", "planned_loads", "difference_t", "share_of_plan"))
    trusted = rows(site.answered(ibis.memtable({"only": [1]})))[0]
    return {**nothing, **unknown, "coverage": trusted["coverage"], "doubt": trusted["doubt"]}


def waterfall(site: Site, priced: ibis.Table) -> Chart:
    """The ledger from plan to actual; where there is no plan, what was lost."""
    try:
        lines, why = rows(site.ledger(priced=priced)), ""
    except TruckkitError as error:
        lines, why = rows(site.losses(priced=priced)), f"{error}"
        if site.of_trucks is not None:
            why = "A plan is for all trucks, and the page is narrowed to some; open it without them."
    order = list(LINES)
    lines.sort(key=lambda row: order.index(row["line"]))
    drawn = [row for row in lines if row["line"] == CLOSING or row["intervals"]]
    bars = [
        {
            "mark": named("ledger", row["line"]),
            "name": state_words(row["line"]),
            "state": LINE_STATES.get(row["line"], row["line"]),
            "lost_t": row["lost_t"],
            "tonnes": say.tonnes(-row["lost_t"]),
            "spent": say.duration(row["lost_min"]) if row["lost_min"] else "",
            "why": row["counterfactual"],
        }
        for row in drawn
    ]
    planned = not why
    chart: Chart = {"bars": bars, "why": why, "loads": named("loads")}
    if planned:
        plan_t, actual_t = lines[0]["plan_t"], lines[0]["actual_t"]
        chart |= {"plan_t": plan_t, "actual_t": actual_t}
        chart |= {"plan": say.tonnes(plan_t), "actual": say.tonnes(actual_t)}
        chart["told"] = "Every lost minute in tonnes; plan less all lines is what was dumped."
    else:
        chart["told"] = "What was lost, in tonnes; without a plan nothing closes the sum."
    return chart


def phases(site: Site) -> Chart:
    """How long the phases of a cycle took on each route, and before."""
    split = [row for row in rows(site.cycle_split(by="route")) if row["cycles"]]
    routes: dict[str | None, Rows] = {}
    for row in split:
        routes.setdefault(row["route"], []).append(row)
    drawn = [_route(route, each) for route, each in routes.items()]
    drawn.sort(key=lambda route: (-route["cycles"], route["route"]))
    left = drawn[MOST_ROUTES:]
    told = "Mean minutes of complete cycles, so that phases add up; "
    before = any(route["before"] for route in drawn)
    told += "below each bar the 14 days before." if before else "nothing is known of the 14 days before."
    if left:
        cycles = say.counted(sum(route["cycles"] for route in left), "cycle")
        told += f" {say.counted(len(left), 'more route')} with {cycles} not shown."
    return {
        "told": told,
        "routes": drawn[:MOST_ROUTES],
        "why": "" if drawn else "No complete cycle dumped in this shift.",
    }


def _route(route: str | None, told: Rows) -> dict[str, Any]:
    name = route or "route not told"
    each = {row["phase"]: row for row in told}
    now_min = sum(row["mean_min"] or 0.0 for row in told)
    before = [row for row in told if row["mean_before_min"] is not None]
    before_min = sum(row["mean_before_min"] for row in before)
    earlier = each["haul"]["cycles_before"] if "haul" in each else 0
    compared = f"; {say.duration(before_min)} before ({earlier:,})" if before else ""
    return {
        "route": name,
        "cycles": told[0]["cycles"],
        "minutes": now_min,
        "before": before_min,
        "told": f"{say.duration(now_min)}, {say.counted(told[0]['cycles'], 'cycle')}{compared}",
        "phases": [
            {
                "mark": named("phase", route or "", phase),
                "state": phase,
                "minutes": each[phase]["mean_min"] or 0.0,
                "before": each[phase]["mean_before_min"] or 0.0,
                "words": f"{state_words(phase)} {say.duration(each[phase]['mean_min'])}"
                + (f", before {say.duration(each[phase]['mean_before_min'])}" if before else ""),
            }
            for phase in PHASES
            if phase in each
        ],
    }


def loaders(site: Site) -> Chart:
    """How long trucks queued at each loader and how long it hung, hour by hour."""
    hung = {(row["loader"], row["hour"]): row for row in rows(site.hang(by="loader,hour"))}
    waited = {(row["loader"], row["hour"]): row for row in rows(site.queued())}
    hours = sorted({hour for _, hour in [*hung, *waited]})
    drawn = []
    for loader in sorted({loader for loader, _ in [*hung, *waited]}):
        cells: Rows = []
        for hour in hours:
            hang, queue = hung.get((loader, hour)), waited.get((loader, hour))
            cells.append(
                {
                    "queue": named("queue", loader, say.iso(hour)),
                    "hang": named("hang", loader, say.iso(hour)),
                    "queue_min": queue["queue_min"] if queue else 0.0,
                    "hang_min": hang["hang_min"] if hang else 0.0,
                    "away_min": hang["away_min"] if hang else 0.0,
                    "queue_words": say.duration(queue["queue_min"] if queue else 0.0),
                    "hang_words": say.duration(hang["hang_min"] if hang else 0.0),
                    "loads": hang["loads"] if hang else 0,
                }
            )
        drawn.append(
            {
                "loader": loader,
                "cells": cells,
                "told": f"{say.counted(sum(cell['loads'] for cell in cells), 'load')}, "
                f"queued {say.duration(sum(cell['queue_min'] for cell in cells))}, "
                f"hung {say.duration(sum(cell['hang_min'] for cell in cells))}",
            }
        )
    zone = site.zone
    return {
        "told": "Up: minutes that trucks queued, all of them together. Down: minutes that the loader "
        "hung without a truck, of 60.",
        "hours": [f"{say.aware(hour).astimezone(zone):%H:%M}" for hour in hours],
        "loaders": drawn,
        "why": "" if drawn else "No loading unit is told of in this shift, so nobody queued at one.",
    }


def payload(site: Site) -> Chart:
    """Payloads as shares of the target, and the four clauses of the 10/10/20 policy."""
    total = rows(site.payload_policy(by=""))
    policy = total[0] if total else {"loads": 0}
    bins = sorted(rows(site.payload_histogram()), key=lambda row: row["from_share"])
    if not policy["loads"]:
        return {"why": _why_no_payload(policy), "bins": [], "clauses": []}
    clauses = [
        ("mean at most the target", policy["mean_share"], "keeps_mean"),
        ("over the target, at most 50 %", policy["above_target_share"], "keeps_half"),
        ("over 110 %, at most 10 %", policy["above_110_share"], "keeps_110"),
        ("over 120 %, none", policy["above_120_share"], "keeps_120"),
    ]
    aside = [
        say.counted(policy[name], "load") + words
        for name, words in (("unmeasured", " not weighed"), ("untargeted", " of trucks without a target"))
        if policy[name]
    ]
    return {
        "told": f"{say.counted(policy['loads'], 'load')}, as a share of the truck's target "
        f"({say.tonnes(policy['target_t'])}; mean {say.tonnes(policy['mean_t'])})."
        + (f" Left out: {', '.join(aside)}." if aside else ""),
        "bins": [
            {
                "mark": named("payload", str(round(row["to_share"] * 50))),
                "from": row["from_share"],
                "to": row["to_share"],
                "loads": row["loads"],
                "words": f"{say.percent(row['from_share'])} to {say.percent(row['to_share'])} of target: "
                f"{say.counted(row['loads'], 'load')}, {say.tonnes(row['carried_t'])}",
            }
            for row in bins
        ],
        "mean": policy["mean_share"],
        "clauses": [
            {"name": name, "share": say.percent(share, 1), "kept": bool(policy[kept])}
            for name, share, kept in clauses
        ],
        "why": "",
    }


def _why_no_payload(policy: Mapping[str, Any]) -> str:
    if policy.get("untargeted"):
        return "No truck of this shift has a target payload, so no load can be judged by it."
    if policy.get("unmeasured"):
        return "No load of this shift was weighed."
    return "No load was dumped in this shift."


def pareto(site: Site) -> Chart:
    """What trucks were down for, the most first."""
    told = rows(site.maintenance_pareto())
    return {
        "told": "Hours of work orders within the shift; Σ is the share so far."
        if told
        else "Hours of work orders within the shift.",
        "bars": [
            {
                "mark": named("pareto", row["component"] or ""),
                "name": row["component"] or "component not told",
                "hours": row["down_h"],
                "spent": say.duration(row["down_h"] * 60),
                "told": f"{say.counted(row['orders'], 'order')}, {say.percent(row['share'])}, "
                f"so far {say.percent(row['cumulative_share'])}",
                "cumulative": row["cumulative_share"],
            }
            for row in told
        ],
        "why": "" if told else "No work order overlaps this shift.",
    }


def worst(site: Site) -> Chart:
    """The ten cycles that took the longest beyond the usual."""
    start, _stop = site.asked
    return {
        "told": "By how much longer they took than is usual on their route.",
        "columns": ["Truck", "From", "To", "Cycle", "Beyond usual", "Why", ""],
        "rows": [
            {
                "cells": [
                    row["truck"],
                    say.clock(row["start"], site.zone, start),
                    say.clock(row["stop"], site.zone, start),
                    say.duration(row["cycle_min"]),
                    say.duration(row["excess_min"]),
                    f"{state_words(row['phase'])} {say.duration(row['phase_excess_min'])} beyond usual"
                    f"{_longest_stand(row)}; {row['route'] or 'route not told'}",
                ],
                "replay": say.replay(row["truck"], row["start"], row["stop"], site.told_by),
            }
            for row in rows(site.worst_cycles())
        ],
    }


def _longest_stand(row: Mapping[str, Any]) -> str:
    """What the longest of a delay was, and where."""
    if row["stood"] is None:
        return ""
    where = f" at {row['stood_at']}" if row["stood_at"] else ""
    return f", {say.duration(row['stood_min'])} of it {state_words(row['stood'])}{where}"


def shift_list(site: Site) -> Sequence[dict[str, Any]]:
    """The shifts of the calendar, in time."""
    return rows(site.shifts.select("shift", "start", "stop", "crew").order_by("start"))
