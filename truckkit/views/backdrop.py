"""What happened on the ground as a picture behind the map: where trucks drove, how fast, doing what.

It is made again for each zoom. Positions of a short window stay in memory, where datashader counts them;
a long one, and what is more than a count, is summed once by the square, and each zoom adds up squares. A
pixel of the picture says a value and leaves the colour to the page, so that both themes, and the two maps
that stand side by side, share what was counted.
"""

from __future__ import annotations

import io
import logging
import math
import threading
from collections.abc import Hashable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from ibis import _
from PIL import Image

from truckkit.errors import BadRequest
from truckkit.views import squares
from truckkit.views.answers import SHARED
from truckkit.views.scene import Scene, within
from truckkit.views.squares import Kind

if TYPE_CHECKING:
    from truckkit.site import Site

MOST_IN_MEMORY = 5_000_000
"""Windows with more positions are counted by the square in the store, once."""

MOST_PIXELS = 4096
TRACK_M = 10.0
"""How wide a track is drawn: about as wide as a haul truck [m]."""

WIDEST = 2
"""What a track is widened by at most, on either side [pixels]."""

CODES = 255
"""What a pixel can say: 0 for nobody drove here, else a step between the least and the most."""

UNITS: dict[Kind, str] = {"density": "positions", "speed": "km/h", "state": "", "payload": "t"}

NONE: dict[Kind, str] = {
    "density": "No positions in this period; choose another one.",
    "speed": "No position in this period bears a speed; choose another period, or density.",
    "state": "Nobody tells of states where positions of this period lie; choose another period, or density.",
    "payload": "No load is known where positions bear a speed in this period; choose another one.",
}
"""What is said instead of a picture with nothing on it."""

Values = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.uint32]

_log = logging.getLogger(__name__)
_warm = threading.Event()
_warming = threading.Lock()


@dataclass(frozen=True)
class Frame:
    """What part of the plane the picture shows [m], and how large it is [pixels]."""

    west: float
    south: float
    east: float
    north: float
    width: int
    height: int

    def __post_init__(self) -> None:
        sides = (self.west, self.south, self.east, self.north)
        if (
            not all(math.isfinite(side) for side in sides)
            or self.west >= self.east
            or self.south >= self.north
        ):
            raise BadRequest(f"a backdrop needs west < east and south < north, not {sides}.")
        if not (1 <= self.width <= MOST_PIXELS and 1 <= self.height <= MOST_PIXELS):
            raise BadRequest(
                f"a backdrop has 1 to {MOST_PIXELS} pixels a side, not {self.width} × {self.height}."
            )


def picture(
    site: Site, scene: Scene, frame: Frame, kind: Kind, rows: int, key: tuple[Hashable, ...]
) -> dict[str, Any]:
    """The backdrop as the page reads it.

    Parameters
    ----------
    scene
        The stretch that the ground tells of, on the plane of the map.
    rows
        How many positions it holds.
    key
        What names the rows, apart from the stretch, among all that this process remembers.

    Returns
    -------
    dict
        ``picture``, a PNG whose grey is a code; ``low``, ``high`` and ``log``, which say what the codes from
        1 to 255 mean [``unit``]: even steps, or even ratios. Of states a code is the state's number plus
        one, and ``states`` are the numbers that occur. ``why`` is the sentence where the period holds none.
    """
    told, any_at_all = values(site, scene, frame, kind, rows, key)
    answer: dict[str, Any] = {"kind": kind, "unit": UNITS[kind], "why": "" if any_at_all else NONE[kind]}
    if kind == "state":
        codes = np.where(np.isnan(told), 0, told + 1).astype(np.uint8)
        answer["states"] = [int(code) - 1 for code in np.unique(codes) if code]
        low, high, log = 0.0, 0.0, False
    else:
        known = told[~np.isnan(told)]
        log = kind != "speed"
        low = 0.0 if kind == "speed" else max(float(known.min(initial=np.inf)), 1e-3) if len(known) else 1.0
        high = max(float(known.max(initial=low)), low)
        codes = coded(told, low, high, log)
    radius = round(TRACK_M / 2 / ((frame.east - frame.west) / frame.width))
    codes = widened(codes, min(max(radius, 1), WIDEST))
    return {**answer, "low": low, "high": high, "log": log, "picture": png(codes)}


def values(
    site: Site, scene: Scene, frame: Frame, kind: Kind, rows: int, key: tuple[Hashable, ...]
) -> tuple[Values, bool]:
    """What each pixel says, north at the top, NaN where nobody drove; and whether anybody did anywhere.

    Density in positions, speed in km/h, payload in tonnes; a state by its number in ``schema.STATES``.
    """
    wide, high = frame.east - frame.west, frame.north - frame.south
    pixel_m = min(wide / frame.width, high / frame.height)
    # A frame is rounded up to whole pixels; where one fewer would not be finer than squares, these will do.
    meant_m = min(wide / max(1, frame.width - 1), high / max(1, frame.height - 1))
    if kind == "density" and (rows <= MOST_IN_MEMORY or meant_m < squares.SIDE_M):
        counted = _few(site, scene, frame, rows, key)
        return np.where(counted, counted, np.nan).astype(np.float64), rows > 0
    pyramid = squares.pyramid(site, scene, kind, key)
    # A frame rounded to whole pixels may have them a hair finer than the square.
    level = pyramid.level(pixel_m * 1.01) or pyramid.levels[0]
    sums = level.over(frame.west, frame.south, frame.east, frame.north, frame.width, frame.height)
    there = len(level.column) > 0
    if kind == "state":
        return np.where(sums.any(axis=0), sums.argmax(axis=0), np.nan), there
    if kind == "speed":
        return np.divide(sums[1], sums[0], out=np.full(sums[0].shape, np.nan), where=sums[0] > 0), there
    share = pixel_m if kind == "payload" else 1.0
    return np.where(sums[0] > 0, sums[0] / share, np.nan), there


def coded(told: Values, low: float, high: float, log: bool) -> Codes:
    """Values as steps from 1 to 255; 0 where there is none.

    >>> coded(np.array([np.nan, 1.0, 10.0, 100.0]), 1, 100, log=True).tolist()
    [0, 1, 128, 255]
    """
    if high <= low:
        return np.where(np.isnan(told), 0, CODES).astype(np.uint8)
    share = np.log(told / low) / math.log(high / low) if log else (told - low) / (high - low)
    return np.where(np.isnan(told), 0, 1 + np.rint(np.clip(share, 0, 1) * (CODES - 1))).astype(np.uint8)


def png(codes: Codes) -> bytes:
    """Codes as a picture in grey."""
    written = io.BytesIO()
    Image.fromarray(codes).save(written, "png", compress_level=1)
    return written.getvalue()


def widened(codes: Codes, radius: int) -> Codes:
    """Codes in which each position is as wide as a track, so that the positions of a road join.

    What a pixel says itself stands; a neighbour is said where it says nothing.
    """
    grown = codes
    for axis in (0, 1):
        near = grown.copy()
        for shift in range(1, radius + 1):
            for signed in (shift, -shift):
                moved = np.roll(grown, signed, axis)
                edge = slice(0, signed) if signed > 0 else slice(signed, None)
                moved[(edge,) if axis == 0 else (slice(None), edge)] = 0
                np.maximum(near, moved, out=near)
        grown = np.where(grown, grown, near)
    return grown


def warm_up() -> None:
    """Compile datashader's kernels, once in a process. It takes seconds: call it in a worker thread."""
    with _warming:
        if _warm.is_set():
            return
        try:
            _points().compile_kernels()
        except Exception:
            _log.exception("datashader does not compile here; the store counts the backdrop's pixels instead")
        else:
            _warm.set()


def _points() -> Any:
    # datashader brings numba, which is seconds of import: nobody waits for it before it is there.
    return import_module("truckkit.views.points")


def _few(site: Site, scene: Scene, frame: Frame, rows: int, key: tuple[Hashable, ...]) -> Counts:
    """How many positions fall on each pixel."""
    # The first picture does not wait for the compiler: the store counts until it is warm.
    if rows > MOST_IN_MEMORY or not _warm.is_set():
        return _counted_in_store(site, scene, frame)
    points = SHARED.get(
        ("points", *key, scene.plane, scene.start, scene.stop),
        lambda: _points().points(site, scene),
        lambda points: int(points.memory_usage().sum()),
    )
    counted: Counts = _points().counted(points, frame)
    return counted


def _counted_in_store(site: Site, scene: Scene, frame: Frame) -> Counts:
    per_m_x = frame.width / (frame.east - frame.west)
    per_m_y = frame.height / (frame.north - frame.south)
    drawn = scene.plane.drawn(
        within(site.between(scene.start, scene.stop).positions, scene.start, scene.stop)
    ).filter(
        _.drawn_x >= frame.west, _.drawn_x < frame.east, _.drawn_y >= frame.south, _.drawn_y < frame.north
    )
    pixels = drawn.group_by(
        column=((_.drawn_x - frame.west) * per_m_x).floor().cast("int32"),
        row=((_.drawn_y - frame.south) * per_m_y).floor().cast("int32"),
    ).aggregate(positions=_.count())
    told = pixels.to_pyarrow()
    counted = np.zeros((frame.height, frame.width), np.uint32)
    column = np.minimum(told["column"].to_numpy(), frame.width - 1)
    row = np.minimum(told["row"].to_numpy(), frame.height - 1)
    # Rounding may lay two of the store's pixels on one at the edge.
    np.add.at(counted, (frame.height - 1 - row, column), told["positions"].to_numpy().astype(np.uint32))
    return counted
