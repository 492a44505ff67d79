"""Series thinned to what a screen can show: of every bucket the first, the lowest, the highest and the last.

A line through these covers the same pixels as a line through everything (M4, after Jugel et al., 2014,
https://doi.org/10.14778/2732951.2732953), where a bucket is no wider than a pixel.

>>> at = np.array([0, 10, 20, 30, 100])
>>> m4(at, np.array([1.0, 2.0, 9.0, 3.0, 4.0]), 100).tolist()
[0, 2, 3, 4]
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def m4(at: npt.NDArray[np.int64], measured: npt.NDArray[np.floating], bucket: int) -> npt.NDArray[np.int64]:
    """Which rows to keep, in order.

    Parameters
    ----------
    at
        When each row was measured [ms], ascending.
    measured
        What was measured, without NaN.
    bucket
        How wide a bucket is [ms]; buckets begin at whole multiples of it.
    """
    if not len(at):
        return np.zeros(0, np.int64)
    own = at // bucket
    begins = np.concatenate(([0], np.flatnonzero(np.diff(own)) + 1))
    ends = np.append(begins[1:], len(at)) - 1
    # Sorted by value within each bucket, the lowest comes first and the highest last.
    order = np.lexsort((measured, own))
    return np.unique(np.concatenate((begins, order[begins], order[ends], ends))).astype(np.int64)


def parts(at: npt.NDArray[np.int64], gap: int) -> npt.NDArray[np.int64]:
    """The number of the unbroken part that each row is in; parts lie more than ``gap`` [ms] apart.

    >>> parts(np.array([0, 1000, 20_000, 21_000]), 10_000).tolist()
    [0, 0, 1, 1]
    """
    if not len(at):
        return np.zeros(0, np.int64)
    return np.concatenate(([0], np.cumsum(np.diff(at) > gap))).astype(np.int64)
