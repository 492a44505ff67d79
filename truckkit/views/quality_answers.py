"""What stands on the page of trust: coverage, findings, what came late, and the ledger of loads, in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import ibis
import pyarrow as pa
from ibis import _

from truckkit import schema
from truckkit.views import quantities as say
from truckkit.views.told import Rows, rows

if TYPE_CHECKING:
    from truckkit.site import Site

Chart = dict[str, Any]

MOST_LISTED = 250
"""How many findings are listed: the worst."""

MOST_LOADS = 100


def coverage(site: Site) -> Chart:
    """How much of the time each truck was observed, in all and hour by hour."""
    told = sorted(rows(site.coverage()), key=lambda row: row["truck"])
    if not told:
        return {"why": "No truck is known, so there is nothing to observe."}
    hourly: dict[str, Rows] = {}
    for row in sorted(rows(site.hourly_coverage()), key=lambda row: row["hour"]):
        hourly.setdefault(row["truck"], []).append(row)
    zone = site.zone
    hours = [say.aware(row["hour"]).astimezone(zone) for row in hourly[told[0]["truck"]]]
    asked_min = sum(row["asked_min"] for row in told)
    observed_min = sum(row["observed_min"] for row in told)
    doubted = [row for row in told if row["doubt"]]
    start, stop = (say.iso(at) for at in site.asked)
    return {
        "told": f"{say.percent(observed_min / asked_min, 1)} of {say.duration(asked_min)} of "
        f"{say.counted(len(told), 'truck')} was observed; {say.counted(len(doubted), 'truck')} below "
        f"{say.percent(site.least_coverage)}. A cell is an hour, filled as far as it was observed.",
        "hours": [f"{hour:%d %b %H:%M}" for hour in hours],
        "ticks": [f"{hour:%H}" for hour in hours],
        "trucks": [
            {
                "truck": row["truck"],
                "doubt": row["doubt"] or "",
                "share": say.percent(row["coverage"], 1),
                "silent": say.duration(row["silent_min"]),
                "flagged": f"{row['flagged']:,} of {row['positions']:,}" if row["positions"] else "none",
                "hours": [round(each["coverage"], 4) for each in hourly[row["truck"]]],
                "timeline": "timeline?"
                + urlencode({"start": start, "stop": stop, "truck": row["truck"]})
                + (f"&source={site.told_by}" if site.told_by else ""),
            }
            for row in told
        ],
        "why": "",
    }


def findings(site: Site) -> pa.Table:
    """Everything that is wrong with the data of the time asked for."""
    return site.quality().to_pyarrow()


def kinds(site: Site, found: pa.Table) -> Chart:
    """The findings by kind and what they are about, the most first."""
    told = rows(site.quality_summary(ibis.memtable(found)))
    told.sort(key=lambda row: (-row["found"], row["kind"], row["about"]))
    most = told[0]["found"] if told else 0
    return {
        "told": f"{say.counted(found.num_rows, 'finding')} in the time shown. Each leads to its list."
        if told
        else "",
        "bars": [
            {
                "mark": f"{row['kind']}/{row['about']}",
                "name": f"{row['kind']}: {row['about']}",
                "share": row["found"] / most,
                "found": f"{row['found']:,}",
                "worst": measured(row["kind"], row["about"], row["worst"]),
                "words": f"{row['kind']}, {row['about']}: {say.counted(row['found'], 'finding')} of "
                f"{say.counted(row['trucks'], 'truck')}, {say.counted(row['samples'], 'row')}, "
                f"worst {measured(row['kind'], row['about'], row['worst'])}",
            }
            for row in told
        ],
        "why": ""
        if told
        else "Nothing is wrong with the data of this time: no gap, jump, wrong clock, "
        "overlap or value out of bounds was found.",
    }


def listed(site: Site, found: pa.Table, mark: str) -> Chart:
    """The findings of one kind, the worst first."""
    kind, _slash, about = mark.partition("/")
    told = [row for row in found.to_pylist() if (row["kind"], row["about"]) == (kind, about)]
    told.sort(key=lambda row: -abs(row["measured"] or 0.0))
    start = site.asked[0]
    more = f"; the worst {MOST_LISTED} are listed" if len(told) > MOST_LISTED else ""
    return {
        "mark": mark,
        "title": f"{kind}: {about}",
        "told": f"{say.counted(len(told), 'finding')}, the worst first{more}.",
        "columns": ["Truck", "From", "To", "Measured", "What", ""],
        "rows": [
            {
                "cells": [
                    row["truck"],
                    say.clock(row["start"], site.zone, start),
                    say.clock(row["stop"], site.zone, start),
                    measured(kind, about, row["measured"]),
                    row["description"] + (f" ({row['samples']:,} rows)" if row["samples"] > 1 else ""),
                ],
                "replay": say.replay(row["truck"], row["start"], row["stop"], site.told_by),
            }
            for row in told[:MOST_LISTED]
        ],
        "why": "" if told else f'No finding is of the kind "{kind}: {about}" in the time shown.',
    }


def measured(kind: str, about: str, value: float | None) -> str:
    """What a finding measured, with its unit.

    >>> measured("gap", "positions.at", 372.0), measured("jump", "positions.x_m", 412.25)
    ('6 min 12 s', '412.2 km/h')
    >>> measured("outside", "cycles.payload_t", 65527.0), measured("clock", "cycles.haul_min", -3.5)
    ('65,527 t', '−3.5 min')
    >>> measured("unit", "positions.speed_kmh", 0.2777778)
    '0.278 of what it should be'
    """
    if value is None:
        return say.NOTHING
    if kind == "jump":
        return f"{value:,.1f} km/h"
    if kind == "unit":
        return f"{value:,.3g} of what it should be"
    if kind in ("gap", "overlap", "clock") and not about.endswith("_min"):
        return say.duration(value / 60)
    table, _dot, column = about.partition(".")
    known = table in schema.TABLES and column in schema.TABLES[table]
    unit = schema.TABLES[table][column].unit if known else None
    return f"{value:,.10g} {unit or ''}".rstrip().replace("-", "−")


def arrivals(site: Site) -> Chart:
    """Loads that came late, what they changed, and rows that said again what was known."""
    late = sorted(rows(site.late()), key=lambda row: -row["late_min"])
    revisions = rows(site.revisions.order_by(ibis.desc("at")).limit(MOST_LOADS))
    repeated = sorted(rows(site.repeated()), key=lambda row: -row["rows"])
    return {
        "told": "Late is what was published more than an hour after the last instant that it tells of.",
        "tables": [
            {
                "title": "Late loads",
                "columns": ["Load", "Published", "Tells of", "Late by"],
                "rows": [
                    {
                        "cells": [
                            f"{row['load_id']}: {_last(row['source'])}",
                            say.clock(row["at"], site.zone)[:16],
                            _period(site, row["start"], row["stop"]),
                            _late(row["late_min"]),
                        ]
                    }
                    for row in late[:MOST_LOADS]
                ],
                "why": "" if late else "No load came late.",
            },
            {
                "title": "Revisions",
                "columns": ["Answer", "Window", "Trucks", "Before", "After", "When"],
                "rows": [
                    {
                        "cells": [
                            row["answer"],
                            _period(site, row["start"], row["stop"]),
                            row["trucks"] or say.NOTHING,
                            _number(row["before"]),
                            _number(row["after"]),
                            f"load {row['load_id']}, {say.clock(row['at'], site.zone)[:16]}",
                        ]
                    }
                    for row in revisions
                ],
                "why": "" if revisions else "No late data changed an answer of this time.",
            },
            {
                "title": "Repeated rows",
                "columns": ["Source", "About", "Rows"],
                "rows": [
                    {"cells": [_last(row["source"]), row["about"], f"{row['rows']:,}"]}
                    for row in repeated[:MOST_LOADS]
                ],
                "why": "" if repeated else "No row said again what was known.",
            },
        ],
        "why": "",
    }


def loads(site: Site) -> Chart:
    """The ledger of loads: what came in is kept, rejected or a duplicate."""
    told = rows(site.loads.order_by(ibis.desc("load_id")).limit(MOST_LOADS))
    if not told:
        return {"why": f"Nothing was brought into {site.name} yet; truckkit ingest STORE PATH does."}
    total = rows(site.loads.aggregate(loads=_.load_id.count(), **{name: _[name].sum() for name in _COUNTS}))[
        0
    ]
    return {
        "told": f"{say.counted(total['loads'], 'load')} of the whole store: {_sum(total)}."
        + (f" The newest {MOST_LOADS} are listed." if total["loads"] > MOST_LOADS else ""),
        "columns": ["Load", "Published", "In", "Kept", "Rejected", "Duplicates", "Corrected", "Adds up"],
        "rows": [
            {
                "cells": [
                    f"{row['load_id']}: {_last(row['source'])}",
                    say.clock(row["at"], site.zone)[:16],
                    *(f"{row[name]:,}" for name in _COUNTS),
                    f"{row['corrected']:,}",
                    "yes" if _adds_up(row) else "no",
                ]
            }
            for row in told
        ],
        "why": "",
    }


_COUNTS = ("rows_in", "kept", "rejected", "duplicates")


def _sum(row: dict[str, Any]) -> str:
    sign = "=" if _adds_up(row) else "is not"
    return (
        f"{row['rows_in']:,} rows in {sign} {row['kept']:,} kept + {row['rejected']:,} rejected + "
        f"{row['duplicates']:,} duplicates"
    )


def _adds_up(row: dict[str, Any]) -> bool:
    return bool(row["rows_in"] == row["kept"] + row["rejected"] + row["duplicates"])


def _period(site: Site, start: datetime | None, stop: datetime | None) -> str:
    if start is None or stop is None:
        return say.NOTHING
    first, last = (say.aware(at).astimezone(site.zone) for at in (start, stop))
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
    return f"{first:%Y-%m-%d %H:%M} – {until}"


def _late(minutes: float) -> str:
    days = timedelta(minutes=minutes).days
    return f"{days:,} days" if days >= 3 else say.duration(minutes)


def _number(value: float | None) -> str:
    return say.NOTHING if value is None else f"{value:,.6g}".replace("-", "−")


def _last(source: str) -> str:
    """What was read, without the folders that it lay in."""
    return source.rstrip("/").rsplit("/", 1)[-1] or source
