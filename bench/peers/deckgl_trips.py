"""A replay with deck.gl's TripsLayer in Panel's pane: trips are in the page, the server moves its time.

With a position a second in the paths the page hangs, for each move makes the lines of all trips anew; so
they have one in ten. deck.gl wants longitudes and latitudes; the mine's metres are laid around 0, 0.
"""

import time

import pandas as pd
import panel as pn
from hour import SECONDS, SPEED, hour

pn.extension("deckgl")

DEGREE_M = 111_320
EVERY = 10
trucks, x, y = hour()
x, y = (x - x.mean())[::EVERY] / DEGREE_M, (y - y.mean())[::EVERY] / DEGREE_M
trips = pd.DataFrame(
    {
        "path": [
            [[float(east), float(north)] for east, north in zip(x[:, k], y[:, k], strict=True)]
            for k in range(len(trucks))
        ],
        "timestamps": [list(range(0, SECONDS, EVERY))] * len(trucks),
    }
)
layer = {
    "@@type": "TripsLayer",
    "id": "trips",
    "data": trips,
    "getPath": "@@=path",
    "getTimestamps": "@@=timestamps",
    "getColor": [23, 113, 234],
    "widthMinPixels": 4,
    "trailLength": 180,
    "currentTime": 0,
}
spec = {
    "initialViewState": {"longitude": 0, "latitude": 0, "zoom": 12},
    "layers": [layer],
    "mapStyle": None,
    "views": [{"@@type": "MapView", "controller": True}],
}
pane = pn.pane.DeckGL(spec, width=1200, height=760)
began = time.monotonic()


def move() -> None:
    layer["currentTime"] = (time.monotonic() - began) * SPEED % SECONDS
    pane.param.trigger("object")


pn.state.add_periodic_callback(move, period=50)
pane.servable()
