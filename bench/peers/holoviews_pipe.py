"""A replay as the HoloViews docs show streaming: a DynamicMap, and a Pipe that the server pushes into."""

import time

import holoviews as hv
import panel as pn
from holoviews.streams import Pipe
from hour import SPEED, frame, hour

hv.extension("bokeh")
pn.extension()

_, x, y = hour()
pipe = Pipe(data=frame(0))
trucks = hv.DynamicMap(lambda data: hv.Points(data, ["x", "y"], ["truck"]), streams=[pipe]).opts(
    hv.opts.Points(
        size=10, width=1200, height=760, xlim=(x.min(), x.max()), ylim=(y.min(), y.max()), framewise=False
    )
)
began = time.monotonic()
pn.state.add_periodic_callback(lambda: pipe.send(frame((time.monotonic() - began) * SPEED)), period=16)
pn.panel(trucks).servable()
