// The timeline: one row a truck, its states in time, and beside them the total time in each state.
// Model times are milliseconds from `origin` (milliseconds since 1970); bounds come packed, see intervals.py.

const LEAST_SPAN = 20, LEAST_ROW = 22, MOST_ROW = 40;

export function render({ model }) {
  const root = element("div", "timeline", "", { role: "region", "aria-label": "Timeline of states" });
  const bar = root.appendChild(element("div", "bar"));
  const range = bar.appendChild(element("span", "range"));
  const told = bar.appendChild(element("span", "told"));
  bar.appendChild(element("span", "push"));
  const source = bar.appendChild(sourceChoice(model.choices, model.source, (chosen) => { model.source = chosen; }));
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
  for (const [key, what] of KEYS) keys.append(element("dt", "", key), element("dd", "", what));

  let seek = false, sought = -1, frame = 0, settling = 0, pointer = null, tabled = false, paint = null, unwatch = () => {};
  const view = {
    model, trucks: model.trucks, whole: null, brush: null, hidden: new Uint8Array(CODES.length), present: [], data: null, clock: null, surface: null, narrow: false,
    t0: 0, t1: 1, width: 0, height: 0, rowHeight: LEAST_ROW, labelWidth: 80,
    box: { left: 0, top: HEAD, width: 1, rowHeight: LEAST_ROW, stripHeight: 14 },
    at: (rel) => model.origin + rel,
    toX: (rel) => view.box.left + ((rel - view.t0) / (view.t1 - view.t0)) * view.box.width,
    toTime: (x) => limited(Math.round(view.t0 + ((x - view.box.left) / view.box.width) * (view.t1 - view.t0)), 0, model.span - 1),
    rowAt: (y) => Math.floor((y - HEAD + scroll.scrollTop) / view.rowHeight),
    isRow: (y) => y >= HEAD && view.rowAt(y) < view.trucks.length,
    inStrips: ({ x, y }) => x >= view.box.left && x < view.box.left + view.box.width && view.isRow(y),
    spanWithin: (span) => limited(Math.round(span), Math.min(LEAST_SPAN, model.span), model.span),
  };
  const legend = legendOf(view.hidden, () => redraw());
  root.append(legend.list);
  // Beside a map the moment is where the shared clock stands, and the truck is the one that is followed.
  const shared = model.shared ? enterShared(model.shared, model.origin, model.span) : null;
  let pinned = shared ? pinnedOf(shared, model.origin) : [];
  const chosenAt = () => (shared ? limited(shared.start + shared.playhead.now - model.origin, 0, model.span - 1) : model.at ?? null);

  // The stretch that is meant [ms from the origin], or null: beside a map it is the one that the clock repeats.
  const brushed = () => (shared ? shared.playhead.loop?.map((at) => shared.start + at - model.origin) ?? null : view.brush);
  function brush(range) {
    if (shared) {
      shared.playhead.repeat(range && range.map((rel) => model.origin + rel - shared.start));
      return;
    }
    view.brush = range && range.map((rel) => limited(Math.round(rel), 0, model.span));
    sayBrush();
    sumUp();
    redraw();
  }
  const brushEnd = (end) => brush(withEnd(brushed(), end, chosenAt() ?? (pointer ? view.toTime(pointer.x) : focus()), view.t0, view.t1));
  // What the totals are of.
  view.summed = () => (shared ? null : view.brush) || [view.t0, view.t1];

  // The visible range ---------------------------------------------------------------------------
  function show(from, to) {
    const span = view.spanWithin(to - from);
    view.t0 = limited(Math.round(from), 0, model.span - span);
    view.t1 = view.t0 + span;
    redraw();
    clearTimeout(settling);
    settling = setTimeout(() => {
      model.shown = [view.t0, view.t1];
      if (model.sort) arrange();
      sumUp();
    }, 150);
  }
  const focus = () => {
    const seen = chosenAt() !== null && chosenAt() >= view.t0 && chosenAt() < view.t1;
    return seen ? chosenAt() : (view.t0 + view.t1) / 2;
  };
  const pan = (share) => show(view.t0 + share * (view.t1 - view.t0), view.t1 + share * (view.t1 - view.t0));
  const all = () => show(0, model.span);
  // Without a pointer it zooms around the chosen moment, where that is in sight.
  function zoom(factor, around = focus()) {
    const span = view.spanWithin((view.t1 - view.t0) * factor);
    const from = around - ((around - view.t0) / (view.t1 - view.t0)) * span;
    show(from, from + span);
  }
  function choose(rel, truck) {
    if (shared) {
      if (rel !== null) shared.playhead.seek(model.origin + rel - shared.start);
      if (truck) shared.follow(truck);
      return;
    }
    model.truck = truck || "";
    model.at = rel;
  }

  // Controls ------------------------------------------------------------------------------------
  const button = (text, label, act) => {
    const made = element("button", "", text, { type: "button", "aria-label": label, title: label });
    made.addEventListener("click", act);
    return made;
  };
  const jump = element("select", "", "", { "aria-label": "Go to" });
  const controls = {
    back: button("‹", "Earlier", () => pan(-0.5)), on: button("›", "Later", () => pan(0.5)),
    out: button("−", "Zoom out", () => zoom(2)), in: button("+", "Zoom in", () => zoom(0.5)),
    all: button("All", "Show everything", all), keys: button("?", "Keys", () => { help.hidden = !help.hidden; }),
  };
  const swap = button("Totals", "Show totals instead of strips", () => {
    tabled = !tabled;
    layout();
  });
  const sort = element("select", "sort", "", { "aria-label": "Sort" });
  sort.addEventListener("change", () => { model.sort = sort.value; });
  const csv = button("CSV", "Save the intervals in sight as CSV", () => download(new Blob(["\ufeff", csvOf(view)], { type: "text/csv" }), "timeline.csv"));
  const png = button("PNG", "Save the picture as PNG", async () => download(await pictureOf([canvas, over], view.surface.background), "timeline.png"));
  const meant = button("", "", () => brush(null)), few = button("", "Show all trucks", () => shared.narrow(null));
  meant.hidden = few.hidden = true;
  const replay = element("a", "link", "Open in replay");
  buttons.append(meant, few, sort, jump, ...Object.values(controls), csv, png, swap);
  jump.addEventListener("change", () => {
    const chosen = model.jumps[Number(jump.value)];
    if (chosen) show(chosen[1], chosen[2]);
  });

  // Words ---------------------------------------------------------------------------------------
  function rangeWords(t0 = view.t0, t1 = view.t1) {
    const { clock, at } = view;
    const whole = at(t0) % MINUTE === 0 && at(t1) % MINUTE === 0;
    const grain = t1 - t0 >= 10 * MINUTE && whole ? MINUTE : t1 - t0 >= MINUTE ? SECOND : 1;
    const day = clock.date(at(t0)) === clock.date(at(t1) - 1) ? "" : `${clock.date(at(t1))} `;
    return `${clock.date(at(t0))} ${clock.time(at(t0), grain)} – ${day}${clock.time(at(t1), grain)}`;
  }
  function sayRange() {
    const { t0, t1, clock, at } = view;
    const grain = t1 - t0 > MINUTE ? SECOND : 1;
    range.textContent = rangeWords();
    told.textContent = [
      durationWords(Math.round((t1 - t0) / grain) * grain),
      clock.zone === clock.hours(at(t0)) ? `site time ${clock.zone}` : `site time ${clock.zone} (${clock.hours(at(t0))})`,
      model.told,
    ].join(" · ");
    controls.back.disabled = t0 <= 0;
    controls.on.disabled = t1 >= model.span;
    controls.out.disabled = controls.all.disabled = t0 <= 0 && t1 >= model.span;
    controls.in.disabled = t1 - t0 <= LEAST_SPAN;
    const chosen = model.jumps.findIndex(([, from, to]) => from === t0 && to === t1);
    jump.value = chosen < 0 ? "" : String(chosen);
    const asked = new URLSearchParams({ start: clock.iso(at(t0)), stop: clock.iso(at(t1)) });
    if (chosenAt() !== null) asked.set("at", clock.iso(at(chosenAt())));
    if (model.truck) asked.set("truck", model.truck);
    if (model.source) asked.set("source", model.source);
    replay.href = `${model.replay}?${asked}`;
  }
  function sayBrush() {
    const range = brushed();
    meant.hidden = !range;
    if (range) meant.textContent = `${shared ? "repeats" : "totals of"} ${rangeWords(...range)} ×`;
    meant.setAttribute("aria-label", range ? `${meant.textContent.slice(0, -2)}; click clears it` : "");
    few.hidden = view.trucks.length === model.trucks.length;
    few.textContent = `${view.trucks.length} of ${model.trucks.length} trucks · show all`;
  }
  function intervalWords(i) {
    const { data, clock } = view;
    const start = view.at(data.starts[i]), stop = view.at(data.stops[i]);
    const day = clock.date(start) === clock.date(stop) ? "" : `${clock.date(stop)} `;
    const place = model.names[data.places[i]], loader = model.names[data.loaders[i]];
    return {
      state: STATES[CODES[data.codes[i]]].words, length: durationWords(stop - start),
      bounds: `${clock.date(start)} ${clock.time(start)} – ${day}${clock.time(stop)}`,
      where: [place ? `at ${place}` : "", loader ? `loader ${loader}` : ""].filter(Boolean).join(", "),
      telling: tellingWords(data.tellers[i], data.sure[i], CODES[data.codes[i]]),
    };
  }
  function sayMoment() {
    moment.replaceChildren();
    if (chosenAt() === null) {
      const touch = matchMedia("(pointer: coarse)").matches;
      moment.append(element("span", "hint", touch ? "Tap chooses a moment, dragging moves, two fingers zoom."
        : "Click chooses a moment, dragging moves, the wheel zooms."));
      return;
    }
    const { clock } = view;
    moment.append(element("strong", "", `${clock.date(view.at(chosenAt()))} ${clock.time(view.at(chosenAt()))}`));
    const row = view.trucks.indexOf(model.truck);
    if (row >= 0) {
      const said = intervalWords(firstAfter(view.data, row, chosenAt()));
      const words = [said.state, said.length, said.where, said.telling].filter(Boolean).join(", ");
      moment.append(element("span", "said", `${model.truck}: ${words}`));
      heard.textContent = `${model.truck}, ${words}, ${said.bounds}`;
    }
    if (model.replay) moment.append(replay);
    moment.append(button("×", "Choose no moment", () => choose(null, model.truck)));
  }
  const brushSums = (first, last) => Array.from({ length: last - first }, (_, k) => {
    const sums = new Float64Array(CODES.length);
    addTotals(view.data, first + k, ...view.summed(), sums);
    return sums;
  });
  function sumUp() {
    if (!view.data) return;
    const [from, to] = view.summed();
    const fleet = new Float64Array(CODES.length);
    const each = view.trucks.map((_, row) => {
      const sums = new Float64Array(CODES.length);
      addTotals(view.data, row, from, to, sums);
      sums.forEach((ms, code) => { fleet[code] += ms; });
      return sums;
    });
    const unseen = each.filter((sums) => sums[NO_DATA] === to - from).length;
    legend.show(fleet, view.trucks.length, to - from, unseen);
    totals.show(view.trucks, each, view.present, to - from, `Time in each state, ${rangeWords(from, to)}`);
  }

  // Layout and drawing --------------------------------------------------------------------------
  function layout() {
    const { surface, present } = view;
    if (!surface || !view.data) return;
    for (const name of ["ink", "muted", "faint", "line", "accent", "row"]) root.style.setProperty(`--${name}`, surface[name]);
    root.style.setProperty("--ground", surface.background);
    message.textContent = model.message;
    message.hidden = !model.message;
    // Whoever chose a source that tells nothing here can choose another.
    for (const part of [range, told, buttons, moment, stage, legend.list]) part.hidden = Boolean(model.message);
    bar.hidden = Boolean(model.message) && source.hidden;
    note.textContent = model.message ? "" : model.note;
    if (model.message) return;
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
    tabled = tabled && view.narrow;
    swap.hidden = !view.narrow;
    swap.textContent = tabled ? "Strips" : "Totals";
    swap.setAttribute("aria-label", tabled ? "Show strips" : "Show totals instead of strips");
    tablebox.classList.toggle("heard", !tabled);
    tablebox.tabIndex = tabled ? 0 : -1;
    scroll.style.visibility = tabled ? "hidden" : "";
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
    // What stands around the rows finds its size after them, so they are looked for again until someone scrolls.
    if (seek || scroll.scrollTop === sought) showSomeone();
    legend.build(present, surface.theme);
    canvas.setAttribute("aria-label", `States of ${view.trucks.length} trucks in time. Press ? for the keys.`);
    sumUp();
    redraw();
  }
  // At first the rows start where somebody was observed: a fleet's first trucks may all be elsewhere.
  function showSomeone() {
    seek = false;
    const { data, t0, t1 } = view;
    const row = view.trucks.findIndex((_, k) => {
      const i = firstAfter(data, k, t0);
      return data.codes[i] !== NO_DATA || data.stops[i] < t1;
    });
    const chosen = view.trucks.indexOf(model.truck);
    const first = chosen >= 0 ? chosen : row;
    if (first * view.rowHeight <= view.height - 2 * HEAD && scroll.scrollTop === 0) return;
    scroll.scrollTop = (first - 1) * view.rowHeight;
    sought = scroll.scrollTop;
  }
  function redraw() {
    if (!frame) frame = requestAnimationFrame(draw);
  }
  function prepared(layer) {
    const context = layer.getContext("2d");
    const dpr = devicePixelRatio || 1;
    context.setTransform(dpr, 0, 0, dpr, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    return context;
  }
  function draw() {
    frame = 0;
    if (!paint || !view.data || model.message || !view.width) return;
    const context = prepared(canvas);
    const { rowHeight } = view;
    const first = Math.max(0, Math.floor(scroll.scrollTop / rowHeight));
    const last = Math.min(view.trucks.length, Math.ceil((scroll.scrollTop + view.height - HEAD) / rowHeight));
    const offset = HEAD + first * rowHeight - scroll.scrollTop;
    drawLabels(context, view, first, last, offset);
    drawLines(context, view, offset + (last - first) * rowHeight);
    const sums = paint(context, view.data, first, last, view.t0, view.t1, view.box, offset, view.hidden);
    if (!view.narrow) drawTotals(context, view, view.brush && !shared ? brushSums(first, last) : sums, offset);
    // Last, for rows that scroll go under it.
    drawHead(context, view);
    sayRange();
    point(pointer);
    // For whoever reads the picture from outside, such as a test: what is drawn, and where.
    canvas.dataset.drawn = JSON.stringify({
      t0: view.t0, t1: view.t1, left: view.box.left, width: view.box.width, head: HEAD, rowHeight, rows: view.trucks.length,
      hidden: CODES.filter((_, code) => view.hidden[code]),
    });
  }

  // Under the pointer: of the intervals within half a pixel the shortest, for it is hardest to hit.
  function under(x, row) {
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
  const detected = (row) => view.data.tellers.subarray(view.data.rows[row], view.data.rows[row + 1]).includes(DETECTED);
  function point(spot) {
    pointer = spot;
    const strips = spot && view.inStrips(spot);
    const context = prepared(over);
    drawBrush(context, view, brushed());
    const marks = marksInSight(view, pinned, scroll.scrollTop);
    drawMarks(context, view, marks);
    drawMoments(context, view, chosenAt(), strips ? view.toTime(spot.x) : null);
    over.dataset.drawn = JSON.stringify({ marks: marks.length, brush: brushed(), at: chosenAt() });
    const row = spot ? view.rowAt(spot.y) : -1;
    const mark = strips ? markAt(marks, spot, row) : null;
    const found = strips ? under(spot.x, row) : { best: -1 };
    const label = spot && spot.x < view.labelWidth && view.isRow(spot.y);
    tip.style.display = found.best >= 0 || label ? "block" : "none";
    if (tip.style.display === "none") return;
    const what = element("div", "what", label ? view.trucks[row] : "");
    tip.replaceChildren(what);
    if (label && detected(row)) tip.append(element("div", "more", "states detected"));
    if (!label) {
      const said = intervalWords(found.best);
      what.append(stateSwatch(CODES[view.data.codes[found.best]], view.surface.theme, 14), element("span", "", `${view.trucks[row]} · ${said.state}`));
      tip.append(element("div", "", said.bounds), element("div", "", said.length));
      if (said.where) tip.append(element("div", "", said.where));
      if (said.telling) tip.append(element("div", "more", said.telling));
      if (found.others) tip.append(element("div", "more", `${found.others} more in this pixel: zoom in`));
    }
    if (mark) tip.append(element("div", "more", mark.words));
    const left = spot.x + 14 + tip.offsetWidth > view.width ? spot.x - 14 - tip.offsetWidth : spot.x + 14;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${limited(spot.y + 16, 4, Math.max(4, view.height - tip.offsetHeight - 4))}px`;
  }

  // Steps of the keyboard -----------------------------------------------------------------------
  function stepRow(by) {
    const row = view.trucks.indexOf(model.truck);
    const next = limited(row < 0 ? 0 : row + by, 0, view.trucks.length - 1);
    choose(chosenAt(), view.trucks[next]);
    scroll.scrollTop = limited(scroll.scrollTop, HEAD + (next + 1) * view.rowHeight - view.height, next * view.rowHeight);
    if (chosenAt() === null) heard.textContent = view.trucks[next];
  }
  function stepInterval(by) {
    const { data, t0, t1 } = view;
    const row = Math.max(0, view.trucks.indexOf(model.truck));
    const now = firstAfter(data, row, chosenAt() === null ? t0 : chosenAt());
    const next = limited(chosenAt() === null ? now : now + by, data.rows[row], data.rows[row + 1] - 1);
    const start = limited(data.starts[next], 0, model.span - 1);
    choose(start, view.trucks[row]);
    if (start < t0 || start >= t1) show(start - (t1 - t0) / 2, start + (t1 - t0) / 2);
  }
  listenToPointer(canvas, scroll, view, { show, zoom, choose, brush, pointed: point });
  listenToKeys(canvas, {
    pan, zoom, all, stepRow, stepInterval, help: () => controls.keys.click(),
    brushEnd,
    leave: () => {
      if (!help.hidden) controls.keys.click();
      else if (brushed()) brush(null);
      else choose(null, model.truck);
    },
    page: (by) => { scroll.scrollTop += by * (view.height - HEAD); },
  });
  help.addEventListener("keydown", (event) => { help.hidden = help.hidden || event.key === "Escape"; });
  scroll.addEventListener("scroll", redraw);

  // The model -----------------------------------------------------------------------------------
  // Which rows there are, and in which order.
  function arrange() {
    if (!view.whole || model.message) {
      view.data = view.whole;
      return;
    }
    const meant = meantRows(model.trucks, shared?.trucks);
    const order = sortedRows(view.whole, meant, model.sort, ...view.summed());
    view.trucks = order.map((row) => model.trucks[row]);
    view.data = order.every((row, k) => row === k) && order.length === model.trucks.length ? view.whole : arranged(view.whole, order);
    sayBrush();
    redraw();
  }
  function load() {
    view.whole = unpack(model);
    view.brush = null;
    view.clock = siteClock({ zone: model.zone, offsets: model.offsets });
    const seen = new Uint8Array(CODES.length);
    for (const code of view.whole.codes) seen[code] = 1;
    view.present = CODES.map((_, code) => code).filter((code) => seen[code]);
    jump.replaceChildren(new Option("Go to…", "", true, true), ...model.jumps.map(([name], k) => new Option(name, String(k))));
    jump.options[0].disabled = true;
    jump.hidden = model.jumps.length < 2;
    [view.t0, view.t1] = model.shown;
    sort.replaceChildren(new Option("Sort by truck", ""), ...view.present.map((code) => new Option(`by ${STATES[CODES[code]].words}`, CODES[code])));
    sort.value = model.sort;
    arrange();
    if (!model.message) sayMoment();
    seek = view.width === 0; // another source leaves the rows where they are
    layout();
  }
  // While time goes, the visible range goes with it, and all but the playhead stays as it was drawn.
  const unshared = shared?.watch((what) => {
    if (what === "marks" || what === "window") pinned = pinnedOf(shared, model.origin);
    if (what === "truck") model.truck = shared.truck;
    if (what === "trucks" && view.whole) {
      arrange();
      layout();
    }
    if (what === "loop" && view.clock) sayBrush();
    if (what === "source" && shared.source !== model.source) model.source = shared.source;
    const at = chosenAt(), span = view.t1 - view.t0;
    if (view.data && shared.playhead.playing && (at < view.t0 || at >= view.t1)) show(at - span / 20, at + (span * 19) / 20);
    else if (view.data && view.width) point(pointer);
  });
  if (shared) root.classList.add("beside");
  model.on("version", load);
  model.on("shown", () => {
    if (model.shown[0] !== view.t0 || model.shown[1] !== view.t1) show(model.shown[0], model.shown[1]);
  });
  model.on("source", () => {
    if (source.value !== model.source) source.value = model.source;
  });
  model.on("sort", () => {
    sort.value = model.sort;
    arrange();
    layout();
  });
  for (const name of ["at", "truck"]) {
    model.on(name, () => {
      sayMoment();
      redraw();
    });
  }
  const resized = new ResizeObserver(() => {
    if (scroll.clientWidth !== view.width || scroll.clientHeight !== view.height) layout();
  });
  model.on("after_render", () => {
    unwatch = watchSurface(root, (surface) => {
      view.surface = surface;
      paint = stripPainter(surface);
      layout();
    });
    resized.observe(scroll);
  });
  model.on("remove", () => {
    unwatch();
    unshared?.();
    if (shared) leaveShared(model.shared);
    resized.disconnect();
    cancelAnimationFrame(frame);
    clearTimeout(settling);
  });
  load();
  return root;
}
