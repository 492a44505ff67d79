"""Where trucks have driven, as a picture behind the map: the more positions, the stronger.

datashader draws it, again for each zoom. Positions of a short window stay in memory; those of a
long one are counted once, by the square, and each zoom adds up squares. The answer
says how strong each pixel is and leaves the colour to the page, so both themes share it.
"""

from __future__ import annotations

import io
import logging
import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import datashader as ds
import datashader.transfer_functions as tf
import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from ibis import _

from truckkit.errors import BadRequest
from truckkit.views.answers import SHARED
from truckkit.views.pyramid import Level, Pyramid
from truckkit.views.scene import Scene, within

if TYPE_CHECKING:
    from truckkit.site import Site

MOST_IN_MEMORY = 5_000_000
"""Windows with more positions are counted by the square in the store, once."""

SQUARE_M = 3.0
"""The finest square: as wide as the finest pixel the page asks for [m]."""

MOST_PIXELS = 4096
TRACK_M = 10.0
"""How wide a track is drawn: about as wide as a haul truck [m]."""

WIDEST = 2
"""What a track is widened by at most, on either side [pixels]."""

FAINTEST = 60
"""How strong a pixel with one position is, of 255: seen, but behind everything."""

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


def picture(site: Site, scene: Scene, frame: Frame, key: tuple[object, ...]) -> bytes:
    """The backdrop as PNG: transparent where nobody drove.

    Parameters
    ----------
    key
        What names the scene among all that this process remembers.
    """
    radius = round(TRACK_M / 2 / ((frame.east - frame.west) / frame.width))
    return png(_widened(counts(site, scene, frame, key), min(max(radius, 1), WIDEST)))


def counts(site: Site, scene: Scene, frame: Frame, key: tuple[object, ...]) -> Counts:
    """How many positions fall on each pixel, north at the top."""
    rows = sum(heard.positions for heard in scene.heard)
    # The first picture does not wait for the compiler: the store counts until it is warm.
    if rows > MOST_IN_MEMORY:
        pyramid = SHARED.get(("pyramid", *key), lambda: _pyramid(site, scene), lambda made: made.nbytes)
        pixel_m = min((frame.east - frame.west) / frame.width, (frame.north - frame.south) / frame.height)
        # A frame rounded to whole pixels may have them a hair finer than the square.
        level = pyramid.level(pixel_m * 1.01)
        if level:
            sides = (frame.west, frame.south, frame.east, frame.north)
            return level.counts(*sides, frame.width, frame.height)
        return _counted_in_store(site, scene, frame)
    if not _warm.is_set():
        return _counted_in_store(site, scene, frame)
    points = SHARED.get(
        ("points", *key), lambda: _points(site, scene), lambda points: int(points.memory_usage().sum())
    )
    return _counted(points, frame)


def png(counted: Counts) -> bytes:
    """Counts as a picture whose alpha is the strength."""
    shaded = tf.shade(
        xr.DataArray(counted[::-1], dims=("y", "x")), cmap="#000000", how="eq_hist", min_alpha=FAINTEST
    )
    written = io.BytesIO()
    shaded.to_pil().save(written, "png", compress_level=1)
    return written.getvalue()


def _widened(counted: Counts, radius: int) -> Counts:
    """Counts in which each position is as wide as a track, so that the positions of a road join."""
    for axis in (0, 1):
        grown = counted.copy()
        for shift in range(1, radius + 1):
            for signed in (shift, -shift):
                moved = np.roll(counted, signed, axis)
                edge = slice(0, signed) if signed > 0 else slice(signed, None)
                moved[(edge,) if axis == 0 else (slice(None), edge)] = 0
                np.maximum(grown, moved, out=grown)
        counted = grown
    return counted


def warm_up() -> None:
    """Compile datashader's kernels, once in a process. It takes seconds: call it in a worker thread."""
    with _warming:
        if _warm.is_set():
            return
        try:
            points = pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]}, dtype="float32")
            png(_counted(points, Frame(0, 0, 2, 2, 4, 4)))
        except Exception:
            _log.exception("datashader does not compile here; the store counts the backdrop's pixels instead")
        else:
            _warm.set()


def _pyramid(site: Site, scene: Scene) -> Pyramid:
    drawn = scene.plane.drawn(within(site.positions, scene.start, scene.stop)).filter(
        _.drawn_x.notnull(), _.drawn_y.notnull()
    )
    squares = drawn.group_by(
        column=(_.drawn_x / SQUARE_M).floor().cast("int32"), row=(_.drawn_y / SQUARE_M).floor().cast("int32")
    ).aggregate(positions=_.at.count())
    told = squares.to_pyarrow()
    column, row, positions = (told[name].to_numpy() for name in ("column", "row", "positions"))
    return Pyramid.over(Level(SQUARE_M, column, row, positions))


def _points(site: Site, scene: Scene) -> pd.DataFrame:
    drawn = scene.plane.drawn(within(site.positions, scene.start, scene.stop))
    rows = drawn.select(x=_.drawn_x.cast("float32"), y=_.drawn_y.cast("float32")).to_pyarrow()
    return pd.DataFrame({"x": rows["x"].to_numpy(), "y": rows["y"].to_numpy()})


def _counted(points: pd.DataFrame, frame: Frame) -> Counts:
    canvas = ds.Canvas(frame.width, frame.height, (frame.west, frame.east), (frame.south, frame.north))
    counted: Counts = canvas.points(points, "x", "y", ds.count()).values[::-1]
    return counted


def _counted_in_store(site: Site, scene: Scene, frame: Frame) -> Counts:
    per_m_x = frame.width / (frame.east - frame.west)
    per_m_y = frame.height / (frame.north - frame.south)
    drawn = scene.plane.drawn(within(site.positions, scene.start, scene.stop)).filter(
        _.drawn_x >= frame.west, _.drawn_x < frame.east, _.drawn_y >= frame.south, _.drawn_y < frame.north
    )
    pixels = drawn.group_by(
        column=((_.drawn_x - frame.west) * per_m_x).floor().cast("int32"),
        row=((_.drawn_y - frame.south) * per_m_y).floor().cast("int32"),
    ).aggregate(positions=_.at.count())
    told = pixels.to_pyarrow()
    counted = np.zeros((frame.height, frame.width), np.uint32)
    column = np.minimum(told["column"].to_numpy(), frame.width - 1)
    row = np.minimum(told["row"].to_numpy(), frame.height - 1)
    # Rounding may lay two of the store's pixels on one at the edge.
    np.add.at(counted, (frame.height - 1 - row, column), told["positions"].to_numpy().astype(np.uint32))
    return counted
