// What is under the pointer, and what lies over the strips: the stretch, the marks, the moment under the pointer.

// Of the intervals within half a pixel the shortest, for it is hardest to hit.
function intervalUnder(view, x, row) {
  const { data, box, t0, t1 } = view;
  const half = (t1 - t0) / box.width / 2;
  const time = t0 + ((x + 0.5 - box.left) / box.width) * (t1 - t0);
  let best = -1, others = -1;
  for (let i = firstAfter(data, row, time - half); i < data.rows[row + 1] && data.starts[i] < time + half; i += 1) {
    if (view.hidden[data.codes[i]]) continue;
    others += 1;
    if (best < 0 || data.stops[i] - data.starts[i] < data.stops[best] - data.starts[best]) best = i;
  }
  const short = best >= 0 && data.stops[best] - data.starts[best] < 2 * half;
  return { best, others: short || others > 1 ? others : 0 };
}

const wasDetected = (data, row) => data.tellers.subarray(data.rows[row], data.rows[row + 1]).includes(DETECTED);

// A canvas, cleared and in CSS pixels.
function prepared(layer, view) {
  const context = layer.getContext("2d");
  const dpr = devicePixelRatio || 1;
  context.setTransform(dpr, 0, 0, dpr, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  return context;
}

// Draws what lies over the strips. A picture of nothing that stays one is left alone, for a browser composes
// each that is touched anew.
function paintOver({ over, rest }, view, meant, marks, pointed) {
  const empty = !marks.length && !meant.stretch() && pointed === null;
  if (empty && over.hidden) return;
  over.hidden = empty;
  rest.changed();
  const context = prepared(over, view);
  drawBrush(context, view, meant.stretch());
  drawMarks(context, view, marks);
  drawPointed(context, view, pointed);
}

// Draws what lies over the strips, and tells what is under `spot`; null: no pointer is there.
function drawOver(parts, view, meant, pinned, spot) {
  const { tip, scroll } = parts;
  const strips = spot && view.inStrips(spot);
  const marks = marksInSight(view, pinned, scroll.scrollTop);
  paintOver(parts, view, meant, marks, strips ? view.toTime(spot.x) : null);
  const number = spot && view.isRow(spot.y) ? view.rowAt(spot.y) : -1, row = view.rows[number];
  const mark = strips ? markAt(marks, spot, number) : null;
  const found = strips && row.truck ? intervalUnder(view, spot.x, row.lanes[view.laneAt(spot.y)]) : { best: -1 };
  const label = row && (spot.x < view.labelWidth || (strips && row.members));
  tip.style.display = found.best >= 0 || label ? "block" : "none";
  if (tip.style.display === "none") return;
  tip.replaceChildren(...(label ? labelLines(view, row) : intervalLines(view, row, found)));
  if (mark) tip.append(element("div", "more", mark.words));
  const left = spot.x + 14 + tip.offsetWidth > view.width ? spot.x - 14 - tip.offsetWidth : spot.x + 14;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${limited(spot.y + 16, 4, Math.max(4, view.height - tip.offsetHeight - 4))}px`;
}

// What is said of a row under its name: who told, how far two lanes agree over what is summed, its model.
function labelLines(view, row) {
  const lines = [element("div", "what", row.truck ?? row.words)];
  if (row.members) lines.push(element("div", "more", `${trucksWords(row.members.length)}; click ${row.folded ? "unfolds" : "folds"} them`));
  else {
    const model = view.model.models[row.number];
    if (model) lines.push(element("div", "", model));
    if (row.lanes.length === 1 && wasDetected(view.data, row.lanes[0])) lines.push(element("div", "more", "states detected"));
  }
  const { agreed } = sumsOfRow(view, row, view.summed());
  if (agreed) lines.push(element("div", "", `the lanes ${agreedWords(agreed)}`));
  return lines;
}

function intervalLines(view, row, { best, others }) {
  const said = intervalWords(view, best), what = element("div", "what");
  what.append(stateSwatch(CODES[view.data.codes[best]], view.surface.theme, 14), element("span", "", `${row.truck} · ${said.state}`));
  const lines = [what, element("div", "", said.bounds), element("div", "", said.length)];
  if (said.where) lines.push(element("div", "", said.where));
  if (said.telling) lines.push(element("div", "more", said.telling));
  else if (row.lanes.length > 1 && view.data.tellers[best]) lines.push(element("div", "more", "told by fms"));
  if (row.lanes.length > 1) lines.push(element("div", "", `the lanes ${agreedWords(view.agreedOf(row.number, ...view.summed()))}`));
  if (others) lines.push(element("div", "more", `${others} more in this pixel: zoom in`));
  return lines;
}
