"""State intervals: what dispatch records say of a truck's time, cut so that it tiles."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import ibis
from ibis import _

from truckkit import schema

_PIECE = {
    **{name: schema.STATE_INTERVALS[name].dtype for name in ("truck", "start", "stop", "state", "place")},
    **{name: schema.STATE_INTERVALS[name].dtype for name in ("loader", "operator", "evidence", "load_id")},
    "doubtful": ibis.dtype("!boolean"),
}
"""What the rows of pieces hold."""

UNEXPLAINED_S = 60
"""Standing that no record explains is a delay from here on, and part of the queue below it."""


@dataclass(frozen=True)
class Piece:
    """What one record says of one stretch of a truck's time."""

    start: datetime
    stop: datetime
    state: str
    place: str | None = None
    loader: str | None = None
    operator: str | None = None
    evidence: str | None = None
    load_id: int = 0
    doubtful: bool = False


def of_cycles(cycles: ibis.Table) -> ibis.Table:
    """The states that FMS cycles tell of.

    The truck returns until it arrives at the loading place and hauls until it arrives at the
    dumping place, for as long as the FMS says; loading and dumping end with the bounds that the FMS
    gave, with spotting and queueing before them. Time that the FMS does not explain is a delay
    where it lasts 60 s or more: before the drive, or between queueing and spotting; the FMS does
    not tell where it was. Less than that belongs to the drive or the queue.

    Returns
    -------
    ibis.Table
        One row per stretch of a cycle, of any length: ``truck, start, stop, state, place, loader,
        operator, evidence, load_id, doubtful``, the last true for a cycle that overlaps an earlier one.
        Stretches may overlap; ``tile`` cuts them.
    """
    load = _phases(cycles, "load", "arrived_load", "full", "load_place")
    dump = _phases(cycles, "dump", "arrived_dump", "stop", "dump_place")
    back = _drive(cycles, "return", "start", "arrived_load")
    there = _drive(cycles, "haul", "full", "arrived_dump")
    return _pieces(ibis.union(*back, *load, *there, *dump).filter(_.stop > _.start))


def _drive(cycles: ibis.Table, what: str, start: str, arrived: str) -> list[ibis.Table]:
    minutes = cycles[f"{what}_min"]
    departed = ibis.greatest(cycles[start], _earlier(cycles[arrived], minutes))
    unexplained = minutes.notnull() & (departed.delta(cycles[start], unit="second") >= UNEXPLAINED_S)
    moving = unexplained.ifelse(departed, cycles[start])
    return [
        _stretch(cycles, "delay", cycles[start], moving, None),
        _stretch(cycles, what, moving, cycles[arrived], None),
    ]


def _phases(cycles: ibis.Table, what: str, arrived: str, done: str, place: str) -> list[ibis.Table]:
    started = _earlier(cycles[done], cycles[f"{what}_min"])
    spotting = _earlier(started, cycles[f"spot_{what}_min"])
    begun = ibis.greatest(cycles[arrived], spotting)
    queued = ibis.least(_earlier(cycles[arrived], -cycles[f"queue_{what}_min"]), begun)
    unexplained = begun.delta(queued, unit="second") >= UNEXPLAINED_S
    moving_up = unexplained.ifelse(queued, begun)
    return [
        _stretch(cycles, f"queue_{what}", cycles[arrived], moving_up, place),
        _stretch(cycles, "delay", moving_up, begun, place),
        _stretch(cycles, f"spot_{what}", begun, ibis.greatest(begun, started), place),
        _stretch(cycles, what, ibis.greatest(cycles[arrived], started), cycles[done], place),
    ]


def _earlier(instant: ibis.Value, minutes: ibis.Value) -> ibis.Value:
    seconds = (minutes.fill_null(0.0) * 60).round().cast("int64")
    return instant - seconds.as_interval("s")


def _stretch(
    cycles: ibis.Table, state: str, start: ibis.Value, stop: ibis.Value, place: str | None
) -> ibis.Table:
    return cycles.select(
        "truck",
        start=start.cast(schema.INSTANT),
        stop=stop.cast(schema.INSTANT),
        state=ibis.literal(state),
        place=cycles[place] if place else ibis.null("string"),
        loader=cycles.loader if state.endswith("load") else ibis.null("string"),
        operator=cycles.operator,
        evidence=ibis.literal("cycle"),
        load_id=cycles.load_id,
        doubtful=cycles.overlaps.fill_null(False),
    )


def of_refuels(refuels: ibis.Table) -> ibis.Table:
    """The delays that refuellings are; rows as in ``of_cycles``."""
    return _pieces(refuels.filter(_.stop > _.start), state="delay", evidence="refuel")


def of_maintenance(maintenance: ibis.Table) -> ibis.Table:
    """The down time that closed work orders are; rows as in ``of_cycles``."""
    closed = maintenance.filter(_.stop.notnull() & (_.stop > _.start))
    return _pieces(closed, state="down", evidence="work order")


def told(states: ibis.Table) -> ibis.Table:
    """The intervals that a source gave as states; rows as in ``of_cycles``."""
    return _pieces(states.filter(_.evidence == "interval"))


def _pieces(rows: ibis.Table, **said: str) -> ibis.Table:
    """Rows as pieces: what they lack is as ``said``, else empty, and in no doubt.

    A column that must be told and one that need not are two types to a union, whatever they hold.
    """
    known = {name: rows[name] for name in _PIECE if name in rows.columns}
    known |= {name: ibis.literal(value) for name, value in said.items()}
    known.setdefault("doubtful", ibis.literal(False))
    return rows.select(
        **{
            name: known[name].cast(kind) if name in known else ibis.null(kind)
            for name, kind in _PIECE.items()
        }
    )


def tile(pieces: Iterable[Piece], start: datetime, stop: datetime) -> Iterator[Piece]:
    """Cut one truck's pieces so that they tile ``[start, stop)``: no gap, no overlap.

    Where pieces overlap the one that started last holds until it stops, and the one beneath it
    goes on; a doubtful piece holds only where no other does. Time that no piece tells of is
    ``no_data``.

    >>> at = lambda minute: datetime(2026, 11, 22, 10, minute)
    >>> cut = tile([Piece(at(0), at(9), "haul"), Piece(at(3), at(5), "delay")], at(0), at(12))
    >>> [(piece.start.minute, piece.stop.minute, piece.state) for piece in cut]
    [(0, 3, 'haul'), (3, 5, 'delay'), (5, 9, 'haul'), (9, 12, 'no_data')]
    """
    waiting = sorted(
        (piece for piece in pieces if piece.stop > start and piece.start < stop),
        key=lambda piece: (piece.start, piece.stop, piece.state),
    )
    waiting.reverse()
    open_now: list[tuple[bool, float, int, Piece]] = []
    now, number = start, 0
    while now < stop:
        while waiting and waiting[-1].start <= now:
            piece = waiting.pop()
            number += 1
            heapq.heappush(open_now, (piece.doubtful, -piece.start.timestamp(), -number, piece))
        while open_now and open_now[0][3].stop <= now:
            heapq.heappop(open_now)
        until = min(waiting[-1].start, stop) if waiting else stop
        if open_now:
            top = open_now[0][3]
            until = min(until, top.stop)
            cut = replace(top, start=now, stop=until)
        else:
            cut = Piece(now, until, "no_data")
        yield cut
        now = until
