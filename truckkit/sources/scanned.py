"""Line protocol at speed: a compiled scan over the lines whose series and fields are known already.

What it does not know, or what is out of the ordinary, it leaves to ``points``; it never decides that a
line is no point. Both give the same, and a test holds them to it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from truckkit.sources.points import FLAG, LONGEST, NUMBER, TEXT

DONE, ODD, FULL = range(3)
"""Why a scan stopped: no more lines, a line for ``points``, no more room."""

AT, LINE, ROWS, CELLS, SAID, SAID_BYTES, TOLD, TOLD_BYTES, DENSE = range(9)
"""The places of what a scan counts in its state."""

PRIME = 1099511628211
EMPTY_HASH = 1469598103934665603


class Known(NamedTuple):
    """Series, fields and columns, as arrays; a slot holds one more than the number of its series."""

    slots: NDArray[np.int64]
    text: NDArray[np.uint8]
    """The prefixes of series, one after the other."""
    series_start: NDArray[np.int64]
    series_stop: NDArray[np.int64]
    series_section: NDArray[np.int64]
    series_truck: NDArray[np.int64]
    newest: NDArray[np.int64]
    """The newest time of each truck, in nanoseconds."""
    names: NDArray[np.uint8]
    key_start: NDArray[np.int64]
    key_stop: NDArray[np.int64]
    key_next: NDArray[np.int64]
    """The fields of a section, in a ring."""
    key_column: NDArray[np.int64]
    """For each field and kind its column, below 0 where there is none yet."""
    key_seen: NDArray[np.int64]
    section_first: NDArray[np.int64]
    section_rows: NDArray[np.int64]
    section_columns: NDArray[np.int64]


class Filled(NamedTuple):
    """Rows and their cells, and texts that cells point at."""

    series: NDArray[np.int64]
    section: NDArray[np.int64]
    at: NDArray[np.int64]
    line: NDArray[np.int64]
    late: NDArray[np.bool_]
    place: NDArray[np.int64]
    """The number of a row within its section."""
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    whole: NDArray[np.int64]
    number: NDArray[np.float64]
    """The same memory as ``whole``."""
    is_whole: NDArray[np.bool_]
    said_stop: NDArray[np.int32]
    said: NDArray[np.uint8]
    """Texts."""
    told_stop: NDArray[np.int32]
    told: NDArray[np.uint8]
    """Numbers with more digits than are read at once, as they were written."""
    told_cell: NDArray[np.int64]


@njit(cache=True)
def hashed(data: Any, start: int, stop: int) -> Any:
    """The hash of some bytes (FNV-1a)."""
    told = np.int64(EMPTY_HASH)
    for i in range(start, stop):
        told = (told ^ np.int64(data[i])) * np.int64(PRIME)
    return told


@njit(cache=True)
def scan(data: Any, limit: int, is_last: bool, state: Any, known: Any, filled: Any, powers: Any) -> int:
    """Read lines that start before ``limit``, from where the state says; give why it stopped."""
    n, slots = len(data), len(known.slots)
    while state[AT] < limit:
        start = state[AT]
        stop = min(n, start + LONGEST)
        i = start
        while i < stop and (data[i] == 32 or data[i] == 9):
            i += 1
        if i == stop:
            return ODD
        if data[i] == 10:
            state[AT] = i + 1
            state[LINE] += 1
            continue
        if data[i] == 13 or data[i] == 35 or i > start:
            return ODD
        # The series.
        told, before = np.int64(EMPTY_HASH), 0
        while i < stop and data[i] != 10 and (data[i] != 32 or before == 92):
            before = data[i]
            told = (told ^ np.int64(before)) * np.int64(PRIME)
            i += 1
        if i == stop or data[i] == 10:
            return ODD
        slot, series = told & (slots - 1), -1
        while known.slots[slot] > 0:
            candidate = known.slots[slot] - 1
            begun = known.series_start[candidate]
            if known.series_stop[candidate] - begun == i - start:
                same = True
                for k in range(i - start):
                    if known.text[begun + k] != data[start + k]:
                        same = False
                        break
                if same:
                    series = candidate
                    break
            slot = (slot + 1) & (slots - 1)
        if series < 0:
            return ODD
        section = known.series_section[series]
        row = state[ROWS]
        if row == len(filled.at) or state[DENSE] + known.section_columns[section] > len(filled.whole):
            return FULL
        while i < stop and data[i] == 32:
            i += 1
        # The fields.
        cells, said, said_bytes = state[CELLS], state[SAID], state[SAID_BYTES]
        numbers, number_bytes = state[TOLD], state[TOLD_BYTES]
        lines, key = 1, known.section_first[section]
        while True:
            first, matches = key, False
            while key >= 0:
                begun = known.key_start[key]
                length = known.key_stop[key] - begun
                if i + length < stop and data[i + length] == 61:
                    matches = True
                    for k in range(length):
                        if known.names[begun + k] != data[i + k]:
                            matches = False
                            break
                    if matches:
                        break
                key = known.key_next[key]
                if key == first:
                    break
            if not matches or known.key_seen[key] == state[LINE]:
                return ODD
            known.key_seen[key] = state[LINE]
            i += length + 1
            if i >= stop:
                return ODD
            if cells == len(filled.whole):
                return FULL
            c = data[i]
            whole = False
            if c == 34:
                kind = TEXT
                if said + 1 >= len(filled.said_stop):
                    return FULL
                i += 1
                while i < stop and data[i] != 34:
                    c = data[i]
                    if c >= 128 or c == 0:
                        return ODD
                    if c == 10:
                        lines += 1
                    if c == 92 and i + 1 < stop and (data[i + 1] == 34 or data[i + 1] == 92):
                        i += 1
                        c = data[i]
                    if said_bytes == len(filled.said):
                        return FULL
                    filled.said[said_bytes] = c
                    said_bytes += 1
                    i += 1
                if i == stop:
                    return ODD
                i += 1
                filled.whole[cells] = said
                said += 1
                filled.said_stop[said] = said_bytes
            elif c == 116 or c == 84 or c == 102 or c == 70:
                kind = FLAG
                i += 1
                if i < stop and data[i] != 44 and data[i] != 32:
                    return ODD
                filled.whole[cells] = 1 if c == 116 or c == 84 else 0
            else:
                kind = NUMBER
                begun = i
                minus = c == 45
                if minus or c == 43:
                    i += 1
                value, digits, any_digit, is_plain = np.int64(0), 0, False, True
                power = np.int64(0)
                while i < stop and 48 <= data[i] <= 57:
                    any_digit = True
                    if digits < 18:
                        value = value * 10 + np.int64(data[i] - 48)
                        digits += 1 if value > 0 else 0
                    else:
                        digits += 1
                    i += 1
                if i < stop and data[i] == 46:
                    is_plain = False
                    i += 1
                    while i < stop and 48 <= data[i] <= 57:
                        any_digit = True
                        if digits < 18:
                            value = value * 10 + np.int64(data[i] - 48)
                            digits += 1 if value > 0 else 0
                            power -= 1
                        else:
                            digits += 1
                        i += 1
                if not any_digit or digits > 200 or power < -200:
                    return ODD
                if i < stop and (data[i] == 101 or data[i] == 69):
                    is_plain = False
                    i += 1
                    minus_power = i < stop and data[i] == 45
                    if minus_power or (i < stop and data[i] == 43):
                        i += 1
                    told_power, count = np.int64(0), 0
                    while i < stop and 48 <= data[i] <= 57 and count < 3:
                        told_power = told_power * 10 + np.int64(data[i] - 48)
                        count += 1
                        i += 1
                    if count == 0 or count == 3:
                        return ODD
                    power = power - told_power if minus_power else power + told_power
                if i < stop and data[i] == 105 and is_plain:
                    if digits > 18:
                        return ODD
                    whole = True
                    filled.whole[cells] = -value if minus else value
                    i += 1
                elif digits <= 18 and value <= 9007199254740992 and -22 <= power <= 22:
                    # Exact: one rounding, of two numbers that are exact themselves (Clinger 1990).
                    number = float(value)
                    number = number / powers[-power] if power < 0 else number * powers[power]
                    filled.number[cells] = -number if minus else number
                else:
                    room = number_bytes + i - begun > len(filled.told) or numbers + 1 >= len(filled.told_stop)
                    if room:
                        return FULL
                    for k in range(begun + (1 if c == 43 else 0), i):
                        filled.told[number_bytes] = data[k]
                        number_bytes += 1
                    filled.told_cell[numbers] = cells
                    numbers += 1
                    filled.told_stop[numbers] = number_bytes
            column = known.key_column[key, kind]
            if column < 0 or i >= stop:
                return ODD
            filled.row[cells] = row
            filled.column[cells] = column
            filled.is_whole[cells] = whole
            cells += 1
            key = known.key_next[key]
            if data[i] == 44:
                i += 1
                continue
            break
        # The time.
        if data[i] != 32:
            return ODD
        while i < stop and data[i] == 32:
            i += 1
        minus = i < stop and data[i] == 45
        if minus:
            i += 1
        at, digits = np.int64(0), 0
        while i < stop and 48 <= data[i] <= 57:
            if at >= 922337203685477580:
                return ODD
            at = at * 10 + np.int64(data[i] - 48)
            digits += 1
            i += 1
        if digits == 0:
            return ODD
        if minus:
            at = -at
        while i < stop and data[i] == 32:
            i += 1
        if i < stop and data[i] == 13:
            i += 1
        if i < stop and data[i] == 10:
            i += 1
        elif not (i == n and is_last):
            return ODD
        truck = known.series_truck[series]
        late = False
        if truck >= 0:
            late = at < known.newest[truck]
            if not late:
                known.newest[truck] = at
        filled.series[row] = series
        filled.section[row] = section
        filled.at[row] = at
        filled.line[row] = state[LINE]
        filled.late[row] = late
        filled.place[row] = known.section_rows[section]
        known.section_rows[section] += 1
        state[ROWS] = row + 1
        state[CELLS] = cells
        state[SAID] = said
        state[SAID_BYTES] = said_bytes
        state[TOLD] = numbers
        state[TOLD_BYTES] = number_bytes
        state[DENSE] += known.section_columns[section]
        state[LINE] += lines
        state[AT] = i
    return DONE


@njit(cache=True)
def spread(cells: int, filled: Any, base: Any, is_number: Any, whole: Any, number: Any, there: Any) -> Any:
    """Write cells to the places that their columns have; give which columns hold more than integers."""
    is_float = np.zeros(len(base), np.bool_)
    for cell in range(cells):
        if is_number[filled.column[cell]] and not filled.is_whole[cell]:
            is_float[filled.column[cell]] = True
    for cell in range(cells):
        column = filled.column[cell]
        place = base[column] + filled.place[filled.row[cell]]
        there[place] = True
        if is_float[column] and filled.is_whole[cell]:
            number[place] = float(filled.whole[cell])
        else:
            whole[place] = filled.whole[cell]
    return is_float
