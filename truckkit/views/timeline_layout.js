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
  const { root, stage, scroll, canvas, over, spacer, tablebox } = parts, { surface } = view;
  // Few rows leave the rest of the page empty rather than the legend far away.
  const [least, most] = view.laneNames.length ? [LEAST_LANES, MOST_LANES] : [LEAST_ROW, MOST_ROW];
  stage.style.maxHeight = `${HEAD + view.rows.length * most + 12}px`;
  view.width = scroll.clientWidth;
  view.height = scroll.clientHeight;
  const context = canvas.getContext("2d");
  context.font = `600 12px ${surface.font}`;
  const lanes = view.laneNames.length ? LANE_WIDTH : 0, wide = (text) => context.measureText(text).width;
  const longest = view.rows.reduce((most, row) => Math.max(most, row.members ? wide(`▾ ${row.words}`) : wide(row.truck) + lanes), 0);
  view.labelWidth = Math.ceil(limited(longest + 22, 82 + lanes / 2, Math.max(82 + lanes / 2, Math.min(170 + lanes, view.width * 0.3))));
  const beside = besideWidth(view);
  view.narrow = view.width - view.labelWidth - beside < 300;
  // Without totals beside them the labels say how far the lanes agree.
  if (view.narrow && lanes) view.labelWidth = Math.max(view.labelWidth, AGREEING_LABEL);
  root.classList.toggle("narrow", view.narrow);
  const swapped = tabled && view.narrow;
  tablebox.classList.toggle("heard", !swapped);
  tablebox.tabIndex = swapped ? 0 : -1;
  scroll.style.visibility = swapped ? "hidden" : "";
  const rows = Math.max(1, view.rows.length);
  view.rowHeight = limited(Math.floor((view.height - HEAD - 6) / rows), least, most);
  Object.assign(view.box, {
    left: view.labelWidth, rowHeight: view.rowHeight, stripHeight: lanes ? Math.floor((view.rowHeight - 6 - BAND) / 2) : view.rowHeight - 8,
    width: Math.max(40, Math.floor(view.width - view.labelWidth - (view.narrow ? 10 : beside))),
  });
  spacer.style.height = `${HEAD + view.rows.length * view.rowHeight + 6}px`;
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
function firstObserved({ data, rows, t0, t1 }) {
  return rows.findIndex(({ lanes }) => lanes?.some((row) => {
    const i = firstAfter(data, row, t0);
    return data.codes[i] !== NO_DATA || data.stops[i] < t1;
  }));
}

// The strips of rows [first, last): one for each lane, and between two of them where they differ.
function stripsOf(view, looks, first, last, offset) {
  const states = { items: view.items, states: CODES.length, look: looks.states, hidden: view.hidden };
  const agreement = { items: view.agreementItems, states: 3, look: looks.agreement, hidden: NONE_HIDDEN };
  const { stripHeight } = view.box, strips = [];
  for (let k = first; k < last; k += 1) {
    const row = view.rows[k], top = offset + (k - first) * view.rowHeight;
    if (row.members) continue;
    row.lanes.forEach((lane, n) => strips.push({ rows: states, row: lane, top: top + view.laneTop(n), height: stripHeight }));
    if (row.lanes.length > 1) strips.push({ rows: agreement, row: row.number, top: top + view.laneTop(0) + stripHeight, height: BAND });
  }
  return strips;
}

// Of how two lanes agree nothing is hidden.
const NONE_HIDDEN = new Uint8Array(3);
