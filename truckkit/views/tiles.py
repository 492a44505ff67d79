"""Tiles of a map under the replay, where somebody served some: off until a person turns them on.

``TRUCKKIT_TILES`` is the address of tiles in Web Mercator, such as ``http://127.0.0.1:8080/{z}/{x}/{y}.png``,
and ``TRUCKKIT_TILES_ATTRIBUTION`` the text that their owner asks for. Without the first nothing is offered,
and no page ever asks for a tile before its reader chose to.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
from ibis import _

from truckkit.errors import BadRequest
from truckkit.views.plane import in_grid, on_globe
from truckkit.views.scene import Scene, within

if TYPE_CHECKING:
    from truckkit.site import Site

TILES = "TRUCKKIT_TILES"
ATTRIBUTION = "TRUCKKIT_TILES_ATTRIBUTION"

SAMPLED = 5_000
"""How many positions tell where the site's grid lies on the globe."""

FARTHEST_DEG = 2e-5
"""What the grid may miss a position by, at the median; about two metres [degrees]."""


def tiles(site: Site, scene: Scene) -> dict[str, Any] | None:
    """Where tiles are, what their owner wants said, and where the plane lies on the globe; None without.

    ``globe`` holds ``lon = globe[0] + globe[1] * x + globe[2] * y``, and of the latitude the next three.
    """
    url = os.environ.get(TILES, "")
    if not url:
        return None
    if urlsplit(url).scheme not in ("http", "https") or not all(f"{{{part}}}" in url for part in "zxy"):
        raise BadRequest(
            f'{TILES} is "{url[:80]}", not an address of tiles; write one such as '
            "http://127.0.0.1:8080/{z}/{x}/{y}.png."
        )
    globe = _globe(site, scene)
    if globe is None:
        return None
    return {"url": url, "attribution": os.environ.get(ATTRIBUTION, ""), "globe": globe}


def _globe(site: Site, scene: Scene) -> list[float] | None:
    plane = scene.plane
    if plane.lon is not None and plane.lat is not None:
        east, north = plane.scales()
        return [plane.lon, 1 / east, 0.0, plane.lat, 0.0, 1 / north]
    both = on_globe(in_grid(within(site.positions, scene.start, scene.stop)))
    rows = both.select("x_m", "y_m", "lon", "lat").filter(_.lon != 0, _.lat != 0).limit(SAMPLED).to_pyarrow()
    x, y, lon, lat = (rows[name].to_numpy().astype(float) for name in ("x_m", "y_m", "lon", "lat"))
    if len(x) < 3:
        return None
    known = np.stack([np.ones(len(x)), x - x.mean(), y - y.mean()], axis=1)
    found: list[float] = []
    for told in (lon, lat):
        fitted, _rest, rank, _singular = np.linalg.lstsq(known, told, rcond=None)
        # Positions on one line do not tell how the grid is turned.
        if rank < 3 or float(np.median(np.abs(known @ fitted - told))) > FARTHEST_DEG:
            return None
        zero, by_x, by_y = (float(each) for each in fitted)
        found += [zero - by_x * float(x.mean()) - by_y * float(y.mean()), by_x, by_y]
    return found
