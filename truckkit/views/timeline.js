// The timeline: one row a truck, its states in time, and beside them the total time in each state.
// Model times are milliseconds from `origin` (milliseconds since 1970); bounds come packed, see intervals.py.

const HEAD = 46, TOTAL_WIDTH = 47, SUM_WIDTH = 56, LEAST_SPAN = 20;
const KEYS = [
  ["← →", "move by a tenth of the range"], ["+ −", "zoom in and out"], ["Home", "show everything"],
  ["↑ ↓", "choose a truck"], [", .", "the chosen truck's interval before and after"],
  ["Page ↑ ↓", "scroll the rows"], ["Esc", "choose no moment"], ["?", "show or hide these keys"],
];
const MOUSE = [
  ["Drag", "moves through time and rows"], ["Wheel", "zooms around the pointer; with Shift it moves"],
  ["Click", "chooses a moment"], ["Legend", "click hides a state, Alt-click shows it alone"],
];

function element(tag, className, text, attributes = {}) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

export function render({ model }) {
  const root = element("div", "timeline", "", { role: "region", "aria-label": "Timeline of states" });
  const bar = root.appendChild(element("div", "bar"));
  const range = bar.appendChild(element("span", "range"));
  const told = bar.appendChild(element("span", "told"));
  bar.appendChild(element("span", "push"));
  const buttons = bar.appendChild(element("span", "buttons"));
  const moment = root.appendChild(element("div", "moment"));
  const note = root.appendChild(element("div", "note"));
  const stage = root.appendChild(element("div", "stage"));
  const scroll = stage.appendChild(element("div", "scroll", "", { tabindex: "-1" }));
  const sticky = scroll.appendChild(element("div", "sticky"));
  const canvas = sticky.appendChild(element("canvas", "strips", "", { tabindex: "0", role: "application" }));
  const over = sticky.appendChild(element("canvas", "over", "", { "aria-hidden": "true" }));
  const spacer = scroll.appendChild(element("div"));
  const tip = stage.appendChild(element("div", "tip", "", { "aria-hidden": "true" }));
  const tablebox = stage.appendChild(element("div", "tablebox heard"));
  const totals = totalsTable();
  tablebox.append(totals.table);
  const message = root.appendChild(element("div", "message", "", { role: "status" }));
  const heard = root.appendChild(element("div", "heard", "", { "aria-live": "polite" }));
  const help = root.appendChild(element("div", "help", "", { role: "dialog", "aria-label": "Keys", hidden: "" }));
  const keys = help.appendChild(element("dl"));
  for (const [key, what] of [...KEYS, ...MOUSE]) keys.append(element("dt", "", key), element("dd", "", what));

  const hidden = new Uint8Array(CODES.length);
  const legend = legendOf(hidden, () => redraw());
  root.append(legend.list);

  let data, clock, present = [], surface, paint;
  let t0 = 0, t1 = 1, width = 0, height = 0, narrow = false, tabled = false;
  let rowHeight = 24, labelWidth = 60, frame = 0, settling = 0, pointer = null;
  const box = { left: 0, top: HEAD, width: 1, rowHeight: 24, stripHeight: 16 };

  const at = (rel) => model.origin + rel;
  const limited = (value, low, high) => Math.min(high, Math.max(low, value));
  const toTime = (x) => limited(Math.round(t0 + ((x - box.left) / box.width) * (t1 - t0)), 0, model.span - 1);
  const toX = (rel) => box.left + ((rel - t0) / (t1 - t0)) * box.width;
  const rowAt = (y) => Math.floor((y - HEAD + scroll.scrollTop) / rowHeight);

  // Controls ------------------------------------------------------------------------------------
  const jump = element("select", "", "", { "aria-label": "Go to" });
  const button = (text, label, act) => {
    const made = element("button", "", text, { type: "button", "aria-label": label, title: label });
    made.addEventListener("click", act);
    return made;
  };
  const swap = button("Totals", "Show totals instead of strips", () => {
    tabled = !tabled;
    layout();
  });
  const controls = {
    back: button("‹", "Earlier", () => pan(-0.5)),
    on: button("›", "Later", () => pan(0.5)),
    out: button("−", "Zoom out", () => zoom(2)),
    in: button("+", "Zoom in", () => zoom(0.5)),
    all: button("All", "Show everything", () => show(0, model.span)),
    keys: button("?", "Keys", () => { help.hidden = !help.hidden; }),
  };
  const replay = element("a", "link");
  buttons.append(jump, ...Object.values(controls), swap);
  jump.addEventListener("change", () => {
    const chosen = model.jumps[Number(jump.value)];
    if (chosen) show(chosen[1], chosen[2]);
  });

  // The visible range ---------------------------------------------------------------------------
  function show(from, to) {
    const span = limited(Math.round(to - from), Math.min(LEAST_SPAN, model.span), model.span);
    t0 = limited(Math.round(from), 0, model.span - span);
    t1 = t0 + span;
    redraw();
    settle();
  }
  const pan = (share) => show(t0 + share * (t1 - t0), t1 + share * (t1 - t0));
  function zoom(factor, around = (t0 + t1) / 2) {
    const span = limited((t1 - t0) * factor, Math.min(LEAST_SPAN, model.span), model.span);
    const from = around - ((around - t0) / (t1 - t0)) * span;
    show(from, from + span);
  }
  function settle() {
    clearTimeout(settling);
    settling = setTimeout(() => {
      model.shown = [t0, t1];
      sumUp();
    }, 150);
  }

  // What the words say --------------------------------------------------------------------------
  function sumUp() {
    const fleet = new Float64Array(CODES.length);
    const each = model.trucks.map((_, row) => {
      const sums = new Float64Array(CODES.length);
      addTotals(data, row, t0, t1, sums);
      sums.forEach((ms, code) => { fleet[code] += ms; });
      return sums;
    });
    legend.show(fleet, model.trucks.length, t1 - t0);
    totals.show(model.trucks, each, present, t1 - t0, `Time in each state, ${rangeWords()}`);
  }
  function rangeWords() {
    const grain = t1 - t0 >= 10 * MINUTE && at(t0) % MINUTE === 0 && at(t1) % MINUTE === 0 ? MINUTE
      : t1 - t0 >= MINUTE ? SECOND : 1;
    const sameDay = clock.date(at(t0)) === clock.date(at(t1) - 1);
    return `${clock.date(at(t0))} ${clock.time(at(t0), grain)} – ${sameDay ? "" : `${clock.date(at(t1))} `}${clock.time(at(t1), grain)}`;
  }
  function words() {
    range.textContent = rangeWords();
    told.textContent = `${durationWords(Math.round((t1 - t0) / (t1 - t0 > MINUTE ? SECOND : 1)) * (t1 - t0 > MINUTE ? SECOND : 1))}`
      + ` · site time ${clock.zone} (${clock.hours(at(t0))})${model.told ? ` · ${model.told}` : ""}`;
    controls.back.disabled = t0 <= 0;
    controls.on.disabled = t1 >= model.span;
    controls.out.disabled = controls.all.disabled = t0 <= 0 && t1 >= model.span;
    controls.in.disabled = t1 - t0 <= LEAST_SPAN;
    const chosen = model.jumps.findIndex(([, from, to]) => from === t0 && to === t1);
    jump.value = chosen < 0 ? "" : String(chosen);
  }
  function intervalWords(i) {
    const state = STATES[CODES[data.codes[i]]].words;
    const start = at(data.starts[i]), stop = at(data.stops[i]);
    const day = clock.date(start) === clock.date(stop) ? "" : `${clock.date(stop)} `;
    const place = model.names[data.places[i]], loader = model.names[data.loaders[i]];
    const where = [place ? `at ${place}` : "", loader ? `loader ${loader}` : ""].filter(Boolean).join(", ");
    return {
      state, where, length: durationWords(data.stops[i] - data.starts[i]),
      bounds: `${clock.date(start)} ${clock.time(start)} – ${day}${clock.time(stop)}`,
    };
  }
  function sayMoment() {
    moment.replaceChildren();
    const row = model.trucks.indexOf(model.truck);
    if (model.at !== null && model.at !== undefined) {
      const i = row >= 0 ? firstAfter(data, row, model.at) : -1;
      const said = row >= 0 ? intervalWords(i) : null;
      const time = `${clock.date(at(model.at))} ${clock.time(at(model.at))}`;
      moment.append(element("strong", "", time));
      if (said) {
        moment.append(element("span", "", `${model.truck}: ${said.state}, ${said.length}${said.where ? `, ${said.where}` : ""}`));
        heard.textContent = `${model.truck}, ${said.state}, ${said.bounds}, ${said.length}${said.where ? `, ${said.where}` : ""}`;
      }
      moment.append(replay);
      const none = button("×", "Choose no moment", () => choose(null, model.truck));
      moment.append(none);
    }
    linkReplay();
  }
  function linkReplay() {
    replay.hidden = !model.replay;
    if (!model.replay || model.at === null || model.at === undefined) return;
    const asked = new URLSearchParams({ start: clock.iso(at(t0)), stop: clock.iso(at(t1)), at: clock.iso(at(model.at)) });
    if (model.truck) asked.set("truck", model.truck);
    replay.href = `${model.replay}?${asked}`;
    replay.textContent = "Open in replay";
  }
  function choose(rel, truck) {
    model.truck = truck || "";
    model.at = rel;
  }

  // Layout --------------------------------------------------------------------------------------
  function layout() {
    if (!surface || !data) return;
    message.hidden = !model.message;
    message.textContent = model.message;
    for (const part of [bar, stage, legend.list]) part.hidden = Boolean(model.message);
    note.textContent = model.message ? "" : model.note;
    if (model.message) {
      moment.replaceChildren();
      return;
    }
    for (const name of ["ink", "muted", "faint", "line", "accent", "row"]) root.style.setProperty(`--${name}`, surface[name]);
    root.style.setProperty("--ground", surface.background);
    width = scroll.clientWidth;
    height = scroll.clientHeight;
    const context = canvas.getContext("2d");
    context.font = `600 12px ${surface.font}`;
    const longest = model.trucks.reduce((most, truck) => Math.max(most, context.measureText(truck).width), 0);
    labelWidth = Math.ceil(limited(longest + 22, 64, Math.min(170, width * 0.3)));
    const beside = present.length * TOTAL_WIDTH + SUM_WIDTH + 10;
    narrow = width - labelWidth - beside < 320;
    if (!narrow) tabled = false;
    swap.hidden = !narrow;
    swap.textContent = tabled ? "Strips" : "Totals";
    swap.setAttribute("aria-label", tabled ? "Show strips" : "Show totals instead of strips");
    tablebox.classList.toggle("heard", !tabled);
    if (tabled) tablebox.tabIndex = 0;
    else tablebox.removeAttribute("tabindex");
    scroll.style.visibility = tabled ? "hidden" : "";
    rowHeight = model.trucks.length <= 12 ? 30 : 22;
    Object.assign(box, {
      left: labelWidth, rowHeight, stripHeight: rowHeight - 8,
      width: Math.max(40, Math.floor(width - labelWidth - (narrow ? 10 : beside))),
    });
    spacer.style.height = `${HEAD + model.trucks.length * rowHeight + 6}px`;
    const dpr = devicePixelRatio || 1;
    for (const layer of [canvas, over]) {
      layer.width = Math.max(1, Math.round(width * dpr));
      layer.height = Math.max(1, Math.round(height * dpr));
      layer.style.width = `${width}px`;
      layer.style.height = `${height}px`;
    }
    legend.build(present, surface.theme);
    canvas.setAttribute("aria-label", `States of ${model.trucks.length} trucks in time. Press ? for the keys.`);
    redraw();
    sumUp();
  }

  // Drawing -------------------------------------------------------------------------------------
  function redraw() {
    if (!frame) frame = requestAnimationFrame(draw);
  }
  function prepared(layer) {
    const context = layer.getContext("2d");
    const dpr = devicePixelRatio || 1;
    context.setTransform(dpr, 0, 0, dpr, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  }
  function fitted(context, text, room) {
    if (context.measureText(text).width <= room) return text;
    let kept = text.length;
    while (kept > 1 && context.measureText(`${text.slice(0, kept)}…`).width > room) kept -= 1;
    return `${text.slice(0, kept)}…`;
  }
  function draw() {
    frame = 0;
    if (!surface || !data || model.message || !width) return;
    const context = prepared(canvas);
    const first = Math.max(0, Math.floor(scroll.scrollTop / rowHeight));
    const last = Math.min(model.trucks.length, Math.ceil((scroll.scrollTop + height - HEAD) / rowHeight));
    const offset = HEAD + first * rowHeight - scroll.scrollTop;
    const chosen = model.trucks.indexOf(model.truck);
    for (let row = first; row < last; row += 1) {
      const top = offset + (row - first) * rowHeight;
      context.fillStyle = surface.row;
      if (row === chosen) context.fillRect(0, top, width, rowHeight);
      context.fillStyle = surface.ink;
      context.font = `600 12px ${surface.font}`;
      context.textAlign = "left";
      context.textBaseline = "middle";
      context.fillText(fitted(context, model.trucks[row], labelWidth - 18), 12, top + rowHeight / 2);
    }
    lines(context, offset, last - first);
    const sums = paint(context, data, first, last, t0, t1, box, offset, hidden);
    if (!narrow) beside(context, sums, offset);
    // What scrolls goes under the head.
    context.clearRect(0, 0, width, HEAD);
    head(context);
    words();
    linkReplay();
    drawOver();
    canvas.dataset.drawn = `${t0} ${t1}`;
  }
  function lines(context, offset, rows) {
    const bottom = offset + rows * rowHeight;
    const upright = (rel, colour, dash = []) => {
      const x = Math.round(toX(rel)) + 0.5;
      context.strokeStyle = colour;
      context.lineWidth = 1;
      context.setLineDash(dash);
      context.beginPath();
      context.moveTo(x, HEAD - 6);
      context.lineTo(x, bottom);
      context.stroke();
      context.setLineDash([]);
    };
    for (const { at: tick } of clock.ticks(at(t0), at(t1), box.width / 74).found) upright(tick - model.origin, surface.faint);
    for (const midnight of clock.midnights(at(t0), at(t1))) upright(midnight - model.origin, surface.line, [2, 3]);
    for (const [, from, to] of model.shifts) {
      for (const edge of [from, to]) if (edge > t0 && edge < t1) upright(edge, surface.muted);
    }
  }
  function head(context) {
    context.textBaseline = "alphabetic";
    context.save();
    context.beginPath();
    context.rect(box.left - 4, 0, box.width + 8, HEAD);
    context.clip();
    // Above: the shifts, or else the days. Below: the clock.
    context.font = `600 11.5px ${surface.font}`;
    const bands = model.shifts.length ? model.shifts : days();
    for (const [name, from, to] of bands) {
      if (to <= t0 || from >= t1) continue;
      const left = Math.max(toX(from), box.left), right = Math.min(toX(to), box.left + box.width);
      context.fillStyle = surface.line;
      if (from > t0) context.fillRect(Math.round(left), 4, 1, HEAD - 4);
      if (right - left < 26) continue;
      context.fillStyle = surface.ink;
      context.textAlign = "left";
      context.fillText(fitted(context, name, right - left - 10), left + (from > t0 ? 5 : 0), 16);
    }
    const { step, found } = clock.ticks(at(t0), at(t1), box.width / 74);
    for (const { at: tick, midnight } of found) {
      const x = toX(tick - model.origin);
      const text = step >= DAY || (midnight && step >= MINUTE) ? clock.day(tick) : clock.time(tick, step);
      context.font = `${midnight ? 600 : 400} 11.5px ${surface.font}`;
      context.fillStyle = midnight ? surface.ink : surface.muted;
      const half = context.measureText(text).width / 2;
      context.textAlign = "center";
      context.fillText(text, limited(x, box.left + half, box.left + box.width - half), 34);
    }
    context.restore();
    context.fillStyle = surface.line;
    context.fillRect(0, HEAD - 1, width, 1);
    context.font = `400 11px ${surface.font}`;
    context.fillStyle = surface.muted;
    context.textAlign = "left";
    context.fillText(fitted(context, "site time", labelWidth - 14), 12, 16);
    context.fillText(fitted(context, clock.hours(at(t0)), labelWidth - 14), 12, 34);
    if (!narrow) besideHead(context);
  }
  function days() {
    const edges = [0, ...clock.midnights(at(t0), at(t1)).map((midnight) => midnight - model.origin), model.span];
    const starts = edges.filter((edge, k) => k === 0 || edge > edges[k - 1]);
    return starts.slice(0, -1).map((edge, k) => [`${clock.weekday(at(edge))} ${clock.day(at(edge))}`, edge, starts[k + 1]]);
  }
  const columnRight = (k) => box.left + box.width + 10 + (k + 1) * TOTAL_WIDTH;
  function besideHead(context) {
    const unit = totalsUnit(t1 - t0);
    context.textAlign = "right";
    present.forEach((code, k) => {
      const right = columnRight(k);
      context.globalAlpha = hidden[code] ? 0.45 : 1;
      context.fillStyle = surface.muted;
      const parts = STATES[CODES[code]].words.split(" ");
      context.fillText(parts[0], right - 4, parts.length > 1 ? 14 : 27);
      if (parts.length > 1) context.fillText(parts[1], right - 4, 27);
      context.fillStyle = stateFill(context, CODES[code], surface.theme);
      context.fillRect(right - 34, 33, 30, 7);
      context.strokeStyle = stateStroke(CODES[code], surface.theme);
      context.lineWidth = 1;
      context.strokeRect(right - 33.5, 33.5, 29, 6);
      context.globalAlpha = 1;
    });
    context.fillStyle = surface.muted;
    context.fillText("sum", columnRight(present.length - 1) + SUM_WIDTH - 8, 14);
    context.fillText(unit.words, columnRight(present.length - 1) + SUM_WIDTH - 8, 27);
  }
  function beside(context, sums, offset) {
    const unit = totalsUnit(t1 - t0);
    context.font = `400 12px ${surface.font}`;
    context.textAlign = "right";
    context.textBaseline = "middle";
    sums.forEach((each, k) => {
      const y = offset + k * rowHeight + rowHeight / 2;
      const cells = totalsWords(each, unit);
      present.forEach((code, column) => {
        context.globalAlpha = hidden[code] ? 0.45 : 1;
        context.fillStyle = cells[code] ? surface.ink : surface.line;
        context.fillText(cells[code] || "·", columnRight(column) - 4, y);
      });
      context.globalAlpha = 1;
      context.fillStyle = surface.muted;
      context.fillText(inUnit(Math.round(each.reduce((all, one) => all + one, 0) / unit.ms), unit), columnRight(present.length - 1) + SUM_WIDTH - 8, y);
    });
  }
  function drawOver() {
    const context = prepared(over);
    const upright = (x, colour, line) => {
      context.strokeStyle = colour;
      context.lineWidth = line;
      context.beginPath();
      context.moveTo(x, HEAD - 8);
      context.lineTo(x, height);
      context.stroke();
    };
    if (model.at !== null && model.at !== undefined && model.at >= t0 && model.at < t1) {
      const x = toX(model.at);
      upright(x, surface.background, 4);
      upright(x, surface.accent, 2);
      context.fillStyle = surface.accent;
      context.beginPath();
      context.moveTo(x - 5, HEAD - 9);
      context.lineTo(x + 5, HEAD - 9);
      context.lineTo(x, HEAD - 2);
      context.fill();
    }
    if (pointer && !pointer.down && inStrips(pointer)) {
      const x = Math.round(pointer.x) + 0.5;
      upright(x, surface.muted, 1);
      const perPixel = (t1 - t0) / box.width;
      const text = clock.time(at(toTime(pointer.x)), perPixel >= MINUTE ? SECOND : 1);
      context.font = `600 11px ${surface.font}`;
      const half = context.measureText(text).width / 2 + 5;
      const middle = limited(x, box.left + half, box.left + box.width - half);
      context.fillStyle = surface.ink;
      context.fillRect(middle - half, HEAD - 24, 2 * half, 17);
      context.fillStyle = surface.background;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(text, middle, HEAD - 15);
    }
  }

  // Pointer -------------------------------------------------------------------------------------
  const inStrips = ({ x, y }) => x >= box.left && x < box.left + box.width && y >= HEAD
    && rowAt(y) >= 0 && rowAt(y) < model.trucks.length;

  // The interval under a point: of those within half a pixel the shortest, for it is hardest to hit.
  function under(x, row) {
    const half = (t1 - t0) / box.width / 2;
    const time = t0 + ((x + 0.5 - box.left) / box.width) * (t1 - t0);
    let best = -1, others = 0;
    for (let i = firstAfter(data, row, time - half); i < data.rows[row + 1] && data.starts[i] < time + half; i += 1) {
      if (hidden[data.codes[i]]) continue;
      others += 1;
      if (best < 0 || data.stops[i] - data.starts[i] < data.stops[best] - data.starts[best]) best = i;
    }
    return { best, others: others - 1 };
  }
  function hover() {
    drawOver();
    const row = pointer ? rowAt(pointer.y) : -1;
    const over_label = pointer && pointer.x < labelWidth && row >= 0 && row < model.trucks.length && pointer.y >= HEAD;
    if (!pointer || pointer.down || !(inStrips(pointer) || over_label)) {
      tip.style.display = "none";
      return;
    }
    tip.replaceChildren();
    const what = tip.appendChild(element("div", "what"));
    if (over_label) {
      what.textContent = model.trucks[row];
    } else {
      const { best, others } = under(pointer.x, row);
      if (best < 0) {
        tip.style.display = "none";
        return;
      }
      const said = intervalWords(best);
      what.append(stateSwatch(CODES[data.codes[best]], surface.theme, 14), element("span", "", `${model.trucks[row]} · ${said.state}`));
      tip.append(element("div", "", said.bounds), element("div", "", said.length));
      if (said.where) tip.append(element("div", "", said.where));
      if (others > 1 || (others === 1 && data.stops[best] - data.starts[best] < (t1 - t0) / box.width)) {
        tip.append(element("div", "more", `${others} more in this pixel: zoom in`));
      }
    }
    tip.style.display = "block";
    const left = pointer.x + 14 + tip.offsetWidth > width ? pointer.x - 14 - tip.offsetWidth : pointer.x + 14;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${limited(pointer.y + 16, 4, Math.max(4, height - tip.offsetHeight - 4))}px`;
  }
  const place = (event) => {
    const edge = canvas.getBoundingClientRect();
    return { x: event.clientX - edge.left, y: event.clientY - edge.top };
  };
  const held = new Map();
  let drag = null;
  function grasp() {
    const points = [...held.values()];
    drag = {
      t0, t1, top: scroll.scrollTop, x: points.reduce((all, p) => all + p.x, 0) / points.length, y: points[0].y,
      apart: points.length > 1 ? Math.max(10, Math.abs(points[0].x - points[1].x)) : 0, moved: drag ? drag.moved : false,
    };
  }
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !inStrips(place(event))) return;
    held.set(event.pointerId, place(event));
    canvas.setPointerCapture(event.pointerId);
    drag = null;
    grasp();
  });
  canvas.addEventListener("pointermove", (event) => {
    pointer = { ...place(event), down: false };
    canvas.classList.toggle("chrome", !inStrips(pointer) && !held.size);
    if (!held.has(event.pointerId)) {
      hover();
      return;
    }
    held.set(event.pointerId, place(event));
    const points = [...held.values()];
    const x = points.reduce((all, p) => all + p.x, 0) / points.length;
    if (!drag.moved && points.length === 1 && Math.hypot(x - drag.x, points[0].y - drag.y) < 4) return;
    drag.moved = true;
    pointer.down = true;
    canvas.classList.add("dragging");
    hover();
    const grown = drag.apart ? drag.apart / Math.max(10, Math.abs(points[0].x - points[1].x)) : 1;
    const span = limited((drag.t1 - drag.t0) * grown, Math.min(LEAST_SPAN, model.span), model.span);
    const under_fingers = drag.t0 + ((drag.x - box.left) / box.width) * (drag.t1 - drag.t0);
    const from = under_fingers - ((x - box.left) / box.width) * span;
    show(from, from + span);
    if (event.pointerType === "mouse") scroll.scrollTop = drag.top - (points[0].y - drag.y);
  });
  const release = (event) => {
    if (!held.delete(event.pointerId)) return;
    canvas.classList.remove("dragging");
    if (held.size) {
      grasp();
      return;
    }
    const spot = place(event);
    if (event.type === "pointerup" && !drag.moved && inStrips(spot)) choose(toTime(spot.x), model.trucks[rowAt(spot.y)]);
    drag = null;
    if (event.pointerType !== "mouse") pointer = null;
    hover();
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => {
    pointer = null;
    hover();
  });

  // In a page that scrolls itself, as a notebook does, the wheel is the page's until the timeline is in use.
  function pageScrolls() {
    for (let up = _above(root); up; up = _above(up)) {
      const flow = getComputedStyle(up).overflowY;
      if ((flow === "auto" || flow === "scroll" || up === document.scrollingElement) && up.scrollHeight > up.clientHeight + 1) return true;
    }
    return false;
  }
  canvas.addEventListener("wheel", (event) => {
    const spot = place(event);
    if (spot.x < box.left || spot.x >= box.left + box.width) return;
    if (!event.ctrlKey && canvas.getRootNode().activeElement !== canvas && pageScrolls()) return;
    event.preventDefault();
    const step = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const along = event.shiftKey && !event.deltaX ? event.deltaY : event.deltaX;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const moved = ((along * step) / box.width) * (t1 - t0);
      show(t0 + moved, t1 + moved);
    } else {
      zoom(Math.exp(limited(event.deltaY * step, -300, 300) * 0.002), t0 + ((spot.x - box.left) / box.width) * (t1 - t0));
    }
    pointer = { ...spot, down: false };
    hover();
  }, { passive: false });
  scroll.addEventListener("scroll", () => {
    redraw();
    hover();
  });

  // Keyboard ------------------------------------------------------------------------------------
  function stepRow(by) {
    const row = model.trucks.indexOf(model.truck);
    const next = limited(row < 0 ? 0 : row + by, 0, model.trucks.length - 1);
    choose(model.at, model.trucks[next]);
    scroll.scrollTop = limited(scroll.scrollTop, HEAD + (next + 1) * rowHeight - height, next * rowHeight);
    if (model.at === null || model.at === undefined) heard.textContent = model.trucks[next];
  }
  function stepInterval(by) {
    const row = Math.max(0, model.trucks.indexOf(model.truck));
    const now = model.at === null || model.at === undefined ? t0 : model.at;
    const i = limited(firstAfter(data, row, now) + by, data.rows[row], data.rows[row + 1] - 1);
    const start = limited(data.starts[i], 0, model.span - 1);
    choose(start, model.trucks[row]);
    if (start < t0 || start >= t1) show(start - (t1 - t0) / 2, start + (t1 - t0) / 2);
  }
  const pressed = {
    ArrowLeft: () => pan(-0.1), ArrowRight: () => pan(0.1), "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2),
    Home: () => show(0, model.span), 0: () => show(0, model.span), ArrowUp: () => stepRow(-1), ArrowDown: () => stepRow(1),
    ",": () => stepInterval(-1), ".": () => stepInterval(1), "?": () => controls.keys.click(),
    PageUp: () => { scroll.scrollTop -= height - HEAD; }, PageDown: () => { scroll.scrollTop += height - HEAD; },
    Escape: () => (help.hidden ? choose(null, model.truck) : controls.keys.click()),
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !pressed[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    pressed[event.key]();
  });
  help.addEventListener("keydown", (event) => {
    if (event.key === "Escape") help.hidden = true;
  });

  // The model -----------------------------------------------------------------------------------
  function load() {
    data = unpack(model);
    clock = siteClock({ zone: model.zone, offsets: model.offsets });
    const seen = new Uint8Array(CODES.length);
    for (const code of data.codes) seen[code] = 1;
    present = CODES.map((_, code) => code).filter((code) => seen[code]);
    jump.replaceChildren(new Option("Go to…", "", true, true));
    jump.options[0].disabled = true;
    model.jumps.forEach(([name], k) => jump.append(new Option(name, String(k))));
    jump.hidden = model.jumps.length < 2;
    [t0, t1] = model.shown;
    layout();
    if (!model.message && data.rows.length) sayMoment();
  }
  model.on("version", load);
  model.on("shown", () => {
    if (model.shown[0] !== t0 || model.shown[1] !== t1) show(model.shown[0], model.shown[1]);
  });
  model.on("at", () => {
    sayMoment();
    redraw();
  });
  model.on("truck", () => {
    sayMoment();
    redraw();
  });

  let unwatch = () => {};
  const resized = new ResizeObserver(() => {
    if (scroll.clientWidth !== width || scroll.clientHeight !== height) layout();
  });
  model.on("after_render", () => {
    unwatch = watchSurface(root, (found) => {
      surface = found;
      paint = stripPainter(surface);
      layout();
    });
    resized.observe(scroll);
  });
  model.on("remove", () => {
    unwatch();
    resized.disconnect();
    cancelAnimationFrame(frame);
    clearTimeout(settling);
  });
  load();
  return root;
}
