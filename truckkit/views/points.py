"""Positions in memory, counted on the pixels of a frame by datashader, which compiles itself at first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import datashader as ds
import numpy as np
import numpy.typing as npt
import pandas as pd
from ibis import _

from truckkit.views.backdrop import Frame
from truckkit.views.scene import Scene, within

if TYPE_CHECKING:
    from truckkit.site import Site


def points(site: Site, scene: Scene) -> pd.DataFrame:
    """The positions of a scene's stretch on its plane: ``x``, ``y`` [m]."""
    stretch = site.between(scene.start, scene.stop).positions
    drawn = scene.plane.drawn(within(stretch, scene.start, scene.stop))
    rows = drawn.select(x=_.drawn_x.cast("float32"), y=_.drawn_y.cast("float32")).to_pyarrow()
    return pd.DataFrame({"x": rows["x"].to_numpy(), "y": rows["y"].to_numpy()})


def counted(points: pd.DataFrame, frame: Frame) -> npt.NDArray[np.uint32]:
    """How many of the points fall on each pixel, north at the top."""
    canvas = ds.Canvas(frame.width, frame.height, (frame.west, frame.east), (frame.south, frame.north))
    pixels: npt.NDArray[np.uint32] = canvas.points(points, "x", "y", ds.count()).values[::-1]
    return pixels


def compile_kernels() -> None:
    """Count two points, for which everything is compiled."""
    counted(pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]}, dtype="float32"), Frame(0, 0, 2, 2, 4, 4))
