"""Points of line protocol on their way into a spool: what is known of them, and their values as columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as compute

from truckkit.errors import BadInput
from truckkit.sources import scanned
from truckkit.sources.points import FLAG, NUMBER, TEXT, NoPoint, Point, Value, kind
from truckkit.sources.scanned import Filled, Known
from truckkit.sources.spool import LATE, OTHER, Spool
from truckkit.sources.streams import LINE

MOST_FIELDS, MOST_SECTIONS = 4096, 1000
_CELLS, _ROWS, _TEXTS, _BYTES = 1 << 22, 1 << 19, 1 << 20, 1 << 25
_WORDS = {NUMBER: "float", TEXT: "string", FLAG: "boolean"}
_KINDS = {TEXT: pa.string(), FLAG: pa.bool_()}
_LONG_AGO = -(1 << 63)


class _Section:
    """A measurement: its tags, its fields, and the columns that they are."""

    def __init__(self, name: str, truck: str | None) -> None:
        self.name, self.truck = name, truck
        self.series = 0
        self.tags: dict[str, tuple[dict[str, int], list[int]]] = {}
        """For each tag its values, and for each series of the section the number of its value."""
        self.keys: dict[str, int] = {}
        self.columns: dict[str, tuple[int, int]] = {}
        """For each column its number and kind."""
        self.late_counted = truck is not None


class Gathered:
    """Rows that wait for their spool."""

    def __init__(self, spool: Spool, trucks: Mapping[str, str]) -> None:
        self._spool, self._trucks = spool, trucks
        self._sections: dict[str, _Section] = {}
        self._of: list[_Section] = []
        self._newest: dict[tuple[str, str], int] = {}
        self._series: dict[bytes, int] = {}
        self._place: list[int] = []
        """For each series its number within its section."""
        self._columns = 0
        self._keys = 0
        self._texts, self._names = 0, 0
        ints = np.zeros
        self.known = Known(
            slots=ints(1 << 12, np.int64), text=ints(1 << 16, np.uint8),
            series_start=ints(1 << 11, np.int64), series_stop=ints(1 << 11, np.int64),
            series_section=ints(1 << 11, np.int64), series_truck=ints(1 << 11, np.int64),
            newest=np.full(1 << 11, _LONG_AGO), names=ints(1 << 12, np.uint8),
            key_start=ints(1 << 6, np.int64), key_stop=ints(1 << 6, np.int64),
            key_next=ints(1 << 6, np.int64), key_column=np.full((1 << 6, 3), -1),
            key_seen=np.full(1 << 6, -1), section_first=np.full(MOST_SECTIONS, -1),
            section_rows=ints(MOST_SECTIONS, np.int64), section_columns=ints(MOST_SECTIONS, np.int64),
        )  # fmt: skip
        whole = ints(_CELLS, np.int64)
        self.filled = Filled(
            ints(_ROWS, np.int64), ints(_ROWS, np.int64), ints(_ROWS, np.int64), ints(_ROWS, np.int64),
            ints(_ROWS, np.bool_), ints(_ROWS, np.int64),
            ints(_CELLS, np.int64), ints(_CELLS, np.int64), whole, whole.view(np.float64),
            ints(_CELLS, np.bool_), ints(_TEXTS, np.int32), ints(_BYTES, np.uint8),
            ints(_TEXTS, np.int32), ints(_BYTES, np.uint8), ints(_TEXTS, np.int64),
        )  # fmt: skip
        self.state = np.zeros(9, np.int64)
        self.state[scanned.LINE] = 1

    def put(self, point: Point) -> None:
        """Take in one point; raises ``NoPoint`` where its measurement has too many fields already."""
        state, filled = self.state, self.filled
        number = self._number(point)
        cells = [(self._column(number, name, point, value), value) for name, value in point.fields.items()]
        said = [value.encode() for value in point.fields.values() if isinstance(value, str)]
        if (
            state[scanned.ROWS] == _ROWS
            or state[scanned.DENSE] + self.known.section_columns[number] > _CELLS
            or state[scanned.CELLS] + len(cells) > _CELLS
            or state[scanned.SAID] + len(said) + 1 >= _TEXTS
            or state[scanned.SAID_BYTES] + sum(map(len, said)) > _BYTES
        ):
            self.flush()
        series = self._known(number, point)
        row, known = state[scanned.ROWS], self.known
        for column, value in cells:
            cell = state[scanned.CELLS]
            filled.row[cell], filled.column[cell] = row, column
            filled.is_whole[cell] = isinstance(value, int)
            if isinstance(value, str):
                raw = value.encode()
                begun = state[scanned.SAID_BYTES]
                filled.said[begun : begun + len(raw)] = np.frombuffer(raw, np.uint8)
                filled.whole[cell] = state[scanned.SAID]
                state[scanned.SAID] += 1
                state[scanned.SAID_BYTES] += len(raw)
                filled.said_stop[state[scanned.SAID]] = state[scanned.SAID_BYTES]
            elif isinstance(value, float):
                filled.number[cell] = value
            else:
                filled.whole[cell] = int(value)
            state[scanned.CELLS] += 1
        truck = known.series_truck[series]
        late = truck >= 0 and point.at < known.newest[truck]
        if truck >= 0 and not late:
            known.newest[truck] = point.at
        filled.series[row], filled.section[row], filled.at[row] = series, number, point.at
        filled.line[row], filled.late[row] = state[scanned.LINE], late
        filled.place[row] = known.section_rows[number]
        known.section_rows[number] += 1
        state[scanned.ROWS] += 1
        state[scanned.DENSE] += known.section_columns[number]

    # What is known ------------------------------------------------------------------------------

    def _number(self, point: Point) -> int:
        name = point.measurement
        if name not in self._sections:
            if len(self._of) == MOST_SECTIONS:
                raise BadInput(
                    f'"{self._spool.path}" names more than {MOST_SECTIONS:,} measurements; '
                    "write what tells them apart as tags."
                )
            self._sections[name] = _Section(name, self._trucks.get(name))
            self._of.append(self._sections[name])
        return self._of.index(self._sections[name])

    def _column(self, number: int, name: str, point: Point, value: Value) -> int:
        """The column of a field's values of one kind."""
        section, told, known = self._of[number], kind(value), self.known
        key = section.keys.get(name)
        if key is not None and known.key_column[key, told] >= 0:
            return int(known.key_column[key, told])
        if len(section.columns) + len(section.tags) >= MOST_FIELDS:
            raise NoPoint(f"{section.name[:60]} has more than {MOST_FIELDS:,} fields", section.name)
        if key is None:
            key = section.keys[name] = self._new_key(number, point.keys[name])
        column = name
        while column in section.columns or column in section.tags or column in point.tags:
            column += OTHER + _WORDS[told]
        section.columns[column] = (self._columns, told)
        self.known.key_column[key, told] = self._columns
        self._columns += 1
        self.known.section_columns[number] += 1
        self.state[scanned.DENSE] += self.known.section_rows[number]
        return self._columns - 1

    def _new_key(self, number: int, raw: bytes) -> int:
        if self._keys == len(self.known.key_start):
            self._grow("key_start", "key_stop", "key_next", "key_column", "key_seen")
            self.known.key_column[self._keys :] = -1
            self.known.key_seen[self._keys :] = -1
        while self._names + len(raw) > len(self.known.names):
            self._grow("names")
        known, key = self.known, self._keys
        known.names[self._names : self._names + len(raw)] = np.frombuffer(raw, np.uint8)
        known.key_start[key], known.key_stop[key] = self._names, self._names + len(raw)
        self._names += len(raw)
        first = known.section_first[number]
        if first < 0:
            known.section_first[number] = known.key_next[key] = key
        else:
            last = list(self._of[number].keys.values())[-1]
            known.key_next[last], known.key_next[key] = key, first
        self._keys += 1
        return key

    def _known(self, number: int, point: Point) -> int:
        """The number of a point's series."""
        if point.prefix in self._series:
            return self._series[point.prefix]
        section, series = self._of[number], len(self._place)
        while series + 1 >= len(self.known.series_start):
            self._grow("series_start", "series_stop", "series_section", "series_truck", "newest")
        while self._texts + len(point.prefix) > len(self.known.text):
            self._grow("text")
        known, raw = self.known, np.frombuffer(point.prefix, np.uint8)
        known.text[self._texts : self._texts + len(raw)] = raw
        known.series_start[series], known.series_stop[series] = self._texts, self._texts + len(raw)
        self._texts += len(raw)
        known.series_section[series] = number
        truck = point.tags.get(section.truck) if section.truck else None
        known.series_truck[series] = -1
        if truck is not None:
            fresh = (section.name, truck) not in self._newest
            group = self._newest.setdefault((section.name, truck), len(self._newest))
            while group >= len(self.known.newest):
                self._grow("newest")
            if fresh:
                self.known.newest[group] = _LONG_AGO
            known.series_truck[series] = group
        for tag in point.tags:
            section.tags.setdefault(tag, ({}, [-1] * section.series))
        for tag, (values, of_series) in section.tags.items():
            said = point.tags.get(tag)
            of_series.append(-1 if said is None else values.setdefault(said, len(values)))
        self._place.append(section.series)
        section.series += 1
        self._series[point.prefix] = series
        self._slot(series)
        return series

    def _slot(self, series: int) -> None:
        """Let the scan find a series."""
        if 2 * len(self._place) > len(self.known.slots):
            self.known = self.known._replace(slots=np.zeros(4 * len(self.known.slots), np.int64))
            again = range(len(self._place))
        else:
            again = range(series, series + 1)
        known = self.known
        for each in again:
            told = scanned.hashed(known.text, known.series_start[each], known.series_stop[each])
            slot = told & (len(known.slots) - 1)
            while known.slots[slot]:
                slot = (slot + 1) & (len(known.slots) - 1)
            known.slots[slot] = each + 1

    def _grow(self, *names: str) -> None:
        grown = {}
        for name in names:
            array = getattr(self.known, name)
            grown[name] = np.concatenate([array, np.zeros_like(array)])
        self.known = self.known._replace(**grown)

    # Into the spool -----------------------------------------------------------------------------

    def flush(self) -> None:
        """Give all rows to the spool."""
        state, known, filled = self.state, self.known, self.filled
        rows, cells = int(state[scanned.ROWS]), int(state[scanned.CELLS])
        if rows:
            self._read_long_numbers()
            base, is_number, total = self._bases()
            whole, there = np.zeros(total, np.int64), np.zeros(total, np.bool_)
            number = whole.view(np.float64)
            is_float = scanned.spread(cells, filled, base, is_number, whole, number, there)
            said = self._said()
            for number_, section in enumerate(self._of):
                if count := int(known.section_rows[number_]):
                    where = np.flatnonzero(filled.section[:rows] == number_)
                    columns = self._head(section, where)
                    for name, (column, told) in section.columns.items():
                        span = slice(int(base[column]), int(base[column]) + count)
                        values = whole[span].view(np.float64) if is_float[column] else whole[span]
                        columns[name] = _array(values, there[span], told, said)
                    self._spool.add(section.name, pa.table(columns), section.keys)
        known.section_rows[:] = 0
        state[scanned.ROWS : scanned.DENSE + 1] = 0

    def _read_long_numbers(self) -> None:
        count = int(self.state[scanned.TOLD])
        if count:
            texts = _texts(self.filled.told_stop, self.filled.told, count)
            self.filled.number[self.filled.told_cell[:count]] = compute.cast(texts, pa.float64()).to_numpy()

    def _bases(self) -> tuple[Any, Any, int]:
        base, is_number = np.zeros(self._columns, np.int64), np.zeros(self._columns, np.bool_)
        total = 0
        for number, section in enumerate(self._of):
            for column, told in section.columns.values():
                base[column], is_number[column] = total, told == NUMBER
                total += int(self.known.section_rows[number])
        return base, is_number, total

    def _said(self) -> pa.Array:
        return _texts(self.filled.said_stop, self.filled.said, int(self.state[scanned.SAID]))

    def _head(self, section: _Section, where: Any) -> dict[str, Any]:
        """The time, the tags, the number and the lateness of rows."""
        filled = self.filled
        micros = np.floor_divide(filled.at[where], 1000)
        columns: dict[str, Any] = {"time": pa.array(micros).cast(pa.timestamp("us", "UTC"))}
        series = np.asarray(self._place)[filled.series[where]]
        for tag, (values, of_series) in section.tags.items():
            codes = np.asarray(of_series, np.int32)[series]
            columns[tag] = pa.DictionaryArray.from_arrays(
                pa.array(codes, mask=codes < 0), pa.array(list(values), pa.string())
            )
        columns[LINE] = pa.array(filled.line[where])
        if section.late_counted:
            columns[LATE] = pa.array(filled.late[where])
        return columns


def _texts(stops: Any, data: Any, count: int) -> pa.Array:
    if not count:
        return pa.array([], pa.string())
    offsets = np.concatenate([np.zeros(1, np.int32), stops[1 : count + 1]])
    return pa.StringArray.from_buffers(
        count, pa.py_buffer(offsets), pa.py_buffer(data[: offsets[-1]].tobytes())
    )


def _array(values: Any, there: Any, told: int, said: pa.Array) -> pa.Array:
    if told == FLAG:
        return pa.array(values.astype(np.bool_), mask=~there)
    if told == TEXT:
        return said.take(pa.array(values, mask=~there)) if len(said) else pa.nulls(len(values), _KINDS[TEXT])
    return pa.array(values, mask=~there)
