"""A replay in Bokeh alone: the hour is in the page, and a CustomJS moves the trucks in a ColumnDataSource."""

import panel as pn
from bokeh.models import ColumnDataSource, CustomJS
from bokeh.plotting import figure
from hour import SPEED, frame, hour

pn.extension()

trucks, x, y = hour()
shown = ColumnDataSource(frame(0)[["x", "y", "truck"]].to_dict("list"))
whole = ColumnDataSource({"x": x.ravel(), "y": y.ravel()})
plot = figure(width=1200, height=760, x_range=(x.min(), x.max()), y_range=(y.min(), y.max()))
plot.scatter("x", "y", size=10, source=shown)
MOVE = """
const count = shown.data.truck.length, seconds = whole.data.x.length / count, began = performance.now();
const move = () => {
  const now = (((performance.now() - began) / 1000) * speed) % (seconds - 1);
  const first = Math.floor(now), part = now - first;
  for (const side of ["x", "y"]) {
    const told = whole.data[side], at = shown.data[side];
    for (let k = 0; k < count; k += 1) {
      const before = told[first * count + k], after = told[(first + 1) * count + k];
      at[k] = before + part * (after - before);
    }
  }
  shown.change.emit();
  requestAnimationFrame(move);
};
move();
"""
move = CustomJS(args={"shown": shown, "whole": whole, "speed": SPEED}, code=MOVE)
pn.state.curdoc.js_on_event("document_ready", move)
pn.pane.Bokeh(plot).servable()
