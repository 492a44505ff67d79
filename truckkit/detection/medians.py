"""The middle of a few values, compiled.

``np.median`` costs the compiler seconds in every fresh environment; this costs it a moment.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from truckkit.detection.tracks import Floats


@njit(cache=True)
def median(values: Floats, first: int, last: int, room: Floats) -> float:
    """The middle one of the known values from ``first`` to ``last``; NaN where none is known.

    ``room`` holds them meanwhile, and must be as long. Of an even number it is the higher of the
    two in the middle. (Quickselect, Hoare 1961.)

    >>> import numpy as np
    >>> median(np.array([3.0, np.nan, 1.0, 2.0]), 0, 3, np.empty(4))
    2.0
    """
    count = 0
    for k in range(first, last + 1):
        if np.isfinite(values[k]):
            room[count] = values[k]
            count += 1
    if count == 0:
        return np.nan
    wanted, low, high = count // 2, 0, count - 1
    while low < high:
        pivot = room[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while room[i] < pivot:
                i += 1
            while room[j] > pivot:
                j -= 1
            if i <= j:
                held = room[i]
                room[i] = room[j]
                room[j] = held
                i += 1
                j -= 1
        if wanted <= j:
            high = j
        elif wanted >= i:
            low = i
        else:
            break
    return room[wanted]
