"""Machines as documents: a page of the fleet, one machine, a page of a series."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from truckkit import times
from truckkit.api.aemp.sections import SECTIONS, Section, between, newest
from truckkit.api.answers import said
from truckkit.api.plain import plain
from truckkit.errors import UnknownName
from truckkit.site import Site
from truckkit.store import Question, of_window, stated, whole

PAGE = 100
"""Machines, or rows of a series, of a page."""
_VERSION = "1"


def fleet(site: Site, page: int, address: str, query: str, seconds: float) -> dict[str, Any]:
    """A page of the fleet; ``address`` is that of its pages without their number."""
    names = site.truck_names
    links = _links(page, len(names), address, query, "the fleet")
    return {
        "version": _VERSION,
        **_snapshot_time(site),
        "Links": links,
        "Equipment": _machines(site, names[(page - 1) * PAGE : page * PAGE], seconds),
    }


def machine(site: Site, truck: str, address: str, query: str, seconds: float) -> dict[str, Any]:
    """One machine."""
    (told,) = _machines(site, site.truck(truck).truck_names, seconds)
    return {
        "version": _VERSION,
        **_snapshot_time(site),
        "Links": [{"rel": "self", "href": address + query}],
        **told,
    }


def series(
    site: Site,
    truck: str,
    section: Section,
    window: tuple[datetime, datetime],
    page: int,
    address: str,
    query: str,
    seconds: float,
) -> dict[str, Any]:
    """A page of one part of one machine; ``address`` is that of its pages without their number."""
    now = site.truck(truck)
    counted = _asked(now, section, "count", window, lambda rows: rows.aggregate(rows=_.count()))
    number = int(whole(counted, seconds)["rows"][0].as_py())
    links = _links(page, number, address, query, f"{section.series} in this window")
    found = whole(_asked(now, section, page, window, partial(_page, page)), seconds)
    return {
        "version": _VERSION,
        "Links": links,
        "EquipmentHeader": _headers(now, seconds)[truck],
        section.name: [part for _truck, part in _parts(section, found)],
    }


def _page(page: int, rows: ibis.Table) -> ibis.Table:
    """A page of rows; two at one instant come by what they say, so that each page is always the same."""
    ordered = rows.order_by("at", *(name for name in rows.columns if name != "at"))
    return ordered.limit(PAGE, offset=(page - 1) * PAGE)


def _asked(
    site: Site,
    section: Section,
    what: Hashable,
    window: tuple[datetime, datetime],
    question: Callable[[ibis.Table], ibis.Table],
) -> Question:
    """A question about the rows of a section in a window; ``what`` tells it from others about the rows."""
    start, stop = map(times.stored, window)
    # To write the SQL takes twice as long as to answer it.
    key = (section.name, what, site.of_trucks, site.narrowed_to, site.told_by)
    return of_window(
        site.opened, key, lambda *bounds: question(between(section, site, *bounds)), (start, stop), files={}
    )


def _machines(site: Site, names: Sequence[str], seconds: float) -> list[dict[str, Any]]:
    if not names:
        return []
    now = site.truck(*names)
    machines = {truck: {"EquipmentHeader": header} for truck, header in _headers(now, seconds).items()}
    for section in SECTIONS:
        rows = newest(section, now)
        if rows is not None:
            for truck, part in _parts(section, whole(stated(rows), seconds)):
                machines[truck][section.name] = part
    return [machines[name] for name in names]


def _headers(site: Site, seconds: float) -> dict[str, dict[str, str]]:
    known = whole(stated(site.trucks.select("truck", "model")), seconds).to_pylist()
    models = {row["truck"]: row["model"] for row in known}
    return {
        truck: {**({"Model": models[truck]} if models.get(truck) else {}), "EquipmentID": truck}
        for truck in site.truck_names
    }


def _parts(section: Section, found: pa.Table) -> Iterable[tuple[str, dict[str, Any]]]:
    for row in plain(found).to_pylist():
        part: dict[str, Any] = {"datetime": said(times.aware(row["at"]))}
        if row.get("since") is not None:
            part["countedSince"] = said(times.aware(row["since"]))
        for value in section.values:
            known = row[value.name]
            if known is None:
                continue
            if value.units:
                part[value.units[0]] = value.units[1]
            part[value.name] = known
        yield row["truck"], part


def _snapshot_time(site: Site) -> dict[str, str]:
    """When the newest data came: of one generation the same each time, so that a client keeps its answer."""
    newest_load = site.loads.aggregate(at=_.at.max()).to_pyarrow()["at"][0].as_py()
    at = said(times.aware(newest_load) if newest_load else site.stop)
    return {"snapshotTime": at} if at else {}


def _links(page: int, number: int, address: str, query: str, what: str) -> list[dict[str, str]]:
    last = max(1, math.ceil(number / PAGE))
    if page > last:
        raise UnknownName(
            f"there is no page {page} of {what}; the last is page {last}, so ask for 1 to {last}."
        )
    pages = {"self": page, "first": 1, "prev": page - 1, "next": page + 1, "last": last}
    return [{"rel": rel, "href": f"{address}/{to}{query}"} for rel, to in pages.items() if 1 <= to <= last]
