// Where things lie: the sizes of labels, rows, strips and totals in the room that there is.

// Whoever chose a source that tells nothing can choose another: the message takes the place of all else.
function wearTimeline(parts, view, legend) {
  const { root, message, bar, source } = parts, { model, surface } = view;
  for (const name of ["ink", "muted", "faint", "line", "accent", "row"]) root.style.setProperty(`--${name}`, surface[name]);
  root.style.setProperty("--ground", surface.background);
  message.textContent = model.message;
  message.hidden = !model.message;
  for (const name of ["range", "told", "buttons", "moment", "stage"]) parts[name].hidden = Boolean(model.message);
  legend.list.hidden = Boolean(model.message);
  bar.hidden = Boolean(model.message) && source.hidden;
  parts.note.textContent = model.message ? "" : model.note;
}

// Gives whether the totals can stand in place of the strips; `tabled` asks for it.
function layOut(parts, view, tabled) {
  const { root, stage, scroll, canvas, over, spacer, tablebox } = parts, { surface, present } = view;
  // Few rows leave the rest of the page empty rather than the legend far away.
  stage.style.maxHeight = `${HEAD + view.trucks.length * MOST_ROW + 12}px`;
  view.width = scroll.clientWidth;
  view.height = scroll.clientHeight;
  const context = canvas.getContext("2d");
  context.font = `600 12px ${surface.font}`;
  const longest = view.trucks.reduce((most, truck) => Math.max(most, context.measureText(truck).width), 0);
  view.labelWidth = Math.ceil(limited(longest + 22, 82, Math.max(82, Math.min(170, view.width * 0.3))));
  const beside = present.length * TOTAL_WIDTH + SUM_WIDTH + 10;
  view.narrow = view.width - view.labelWidth - beside < 300;
  root.classList.toggle("narrow", view.narrow);
  const swapped = tabled && view.narrow;
  tablebox.classList.toggle("heard", !swapped);
  tablebox.tabIndex = swapped ? 0 : -1;
  scroll.style.visibility = swapped ? "hidden" : "";
  const rows = Math.max(1, view.trucks.length);
  view.rowHeight = limited(Math.floor((view.height - HEAD - 6) / rows), LEAST_ROW, MOST_ROW);
  Object.assign(view.box, {
    left: view.labelWidth, rowHeight: view.rowHeight, stripHeight: view.rowHeight - 8,
    width: Math.max(40, Math.floor(view.width - view.labelWidth - (view.narrow ? 10 : beside))),
  });
  spacer.style.height = `${HEAD + view.trucks.length * view.rowHeight + 6}px`;
  const dpr = devicePixelRatio || 1;
  for (const layer of [canvas, over]) {
    layer.width = Math.max(1, Math.round(view.width * dpr));
    layer.height = Math.max(1, Math.round(view.height * dpr));
    layer.style.width = `${view.width}px`;
    layer.style.height = `${view.height}px`;
  }
  canvas.setAttribute("aria-label", `States of ${view.trucks.length} trucks in time. Press ? for the keys.`);
  return swapped;
}

// The first row where somebody was observed after t0: a fleet's first trucks may all be elsewhere.
function firstObserved({ data, trucks, t0, t1 }) {
  return trucks.findIndex((_, row) => {
    const i = firstAfter(data, row, t0);
    return data.codes[i] !== NO_DATA || data.stops[i] < t1;
  });
}
