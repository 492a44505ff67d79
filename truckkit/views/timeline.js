// The timeline: one row a truck, its states in time, and beside them the total time in each state.
// Model times are milliseconds from `origin` (milliseconds since 1970); bounds come packed, see intervals.py.

export function render({ model }) {
  const parts = timelineParts(model), { root, canvas, scroll, heard, help, source } = parts;
  const view = timelineView(model, scroll);
  let seek = false, sought = -1, frame = 0, pointer = null, tabled = false, paint = null, unwatch = () => {};
  // Beside a map the moment is where the shared clock stands, and the truck is the one that is followed.
  const shared = model.shared ? enterShared(model.shared, model.origin, model.span) : null;
  let pinned = shared ? pinnedOf(shared, model.origin) : [];
  const meant = timelineMeant(model, view, shared, () => {
    bar.saySome();
    sumUp();
    redraw();
  });
  // What the totals are of.
  view.summed = () => (shared ? null : view.brush) || [view.t0, view.t1];
  const legend = legendOf(view.hidden, () => redraw());
  root.append(legend.list);
  const mover = rangeMover(view, {
    focus: meant.focus, moved: redraw,
    settled() {
      model.shown = [view.t0, view.t1];
      if (model.sort) arrange();
      sumUp();
    },
  });
  const bar = timelineBar(parts, view, meant, shared, {
    ...mover,
    swap() {
      tabled = !tabled;
      layout();
    },
  });

  // Totals --------------------------------------------------------------------------------------
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
    parts.totals.show(view.trucks, each, view.present, to - from, `Time in each state, ${rangeWords(view, from, to)}`);
  }

  // Layout and drawing --------------------------------------------------------------------------
  function layout() {
    if (!view.surface || !view.data) return;
    wearTimeline(parts, view, legend);
    if (model.message) return;
    tabled = layOut(parts, view, tabled);
    bar.swap.hidden = !view.narrow;
    bar.swap.textContent = tabled ? "Strips" : "Totals";
    bar.swap.setAttribute("aria-label", tabled ? "Show strips" : "Show totals instead of strips");
    // What stands around the rows finds its size after them, so they are looked for again until someone scrolls.
    if (seek || scroll.scrollTop === sought) showSomeone();
    legend.build(view.present, view.surface.theme);
    sumUp();
    redraw();
  }
  function showSomeone() {
    seek = false;
    const chosen = view.trucks.indexOf(model.truck);
    const first = chosen >= 0 ? chosen : firstObserved(view);
    if (first * view.rowHeight <= view.height - 2 * HEAD && scroll.scrollTop === 0) return;
    scroll.scrollTop = (first - 1) * view.rowHeight;
    sought = scroll.scrollTop;
  }
  function redraw() {
    if (!frame) frame = requestAnimationFrame(draw);
  }
  function draw() {
    frame = 0;
    if (!paint || !view.data || model.message || !view.width) return;
    const context = prepared(canvas, view);
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
    bar.sayRange();
    point(pointer);
    // For whoever reads the picture from outside, such as a test: what is drawn, and where.
    canvas.dataset.drawn = JSON.stringify({
      t0: view.t0, t1: view.t1, left: view.box.left, width: view.box.width, head: HEAD, rowHeight, rows: view.trucks.length,
      hidden: CODES.filter((_, code) => view.hidden[code]),
    });
  }
  function point(spot) {
    pointer = spot;
    drawOver(parts, view, meant, pinned, spot);
  }

  // Steps of the keyboard -----------------------------------------------------------------------
  function stepRow(by) {
    const row = view.trucks.indexOf(model.truck);
    const next = limited(row < 0 ? 0 : row + by, 0, view.trucks.length - 1);
    meant.choose(meant.at(), view.trucks[next]);
    scroll.scrollTop = limited(scroll.scrollTop, HEAD + (next + 1) * view.rowHeight - view.height, next * view.rowHeight);
    if (meant.at() === null) heard.textContent = view.trucks[next];
  }
  function stepInterval(by) {
    const { data, t0, t1 } = view;
    const row = Math.max(0, view.trucks.indexOf(model.truck));
    const now = firstAfter(data, row, meant.at() === null ? t0 : meant.at());
    const next = limited(meant.at() === null ? now : now + by, data.rows[row], data.rows[row + 1] - 1);
    const start = limited(data.starts[next], 0, model.span - 1);
    meant.choose(start, view.trucks[row]);
    if (start < t0 || start >= t1) mover.show(start - (t1 - t0) / 2, start + (t1 - t0) / 2);
  }
  listenToPointer(canvas, scroll, view, { ...mover, choose: meant.choose, brush: meant.mean, pointed: point });
  listenToKeys(canvas, {
    ...mover, stepRow, stepInterval, help: bar.help,
    brushEnd: (end) => meant.mean(withEnd(meant.stretch(), end, meant.at() ?? (pointer ? view.toTime(pointer.x) : meant.focus()), view.t0, view.t1)),
    leave: () => {
      if (!help.hidden) bar.help();
      else if (meant.stretch()) meant.mean(null);
      else meant.choose(null, model.truck);
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
    const order = sortedRows(view.whole, meantRows(model.trucks, shared?.trucks), model.sort, ...view.summed());
    view.trucks = order.map((row) => model.trucks[row]);
    view.data = order.every((row, k) => row === k) && order.length === model.trucks.length ? view.whole : arranged(view.whole, order);
    bar.saySome();
    redraw();
  }
  function load() {
    view.whole = unpack(model);
    view.brush = null;
    view.clock = siteClock({ zone: model.zone, offsets: model.offsets });
    const seen = new Uint8Array(CODES.length);
    for (const code of view.whole.codes) seen[code] = 1;
    view.present = CODES.map((_, code) => code).filter((code) => seen[code]);
    [view.t0, view.t1] = model.shown;
    bar.offer();
    arrange();
    if (!model.message) sayMoment(parts, view, meant, bar.replay);
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
    if (what === "loop" && view.clock) bar.saySome();
    if (what === "source" && shared.source !== model.source) model.source = shared.source;
    const at = meant.at(), span = view.t1 - view.t0;
    if (view.data && shared.playhead.playing && (at < view.t0 || at >= view.t1)) mover.show(at - span / 20, at + (span * 19) / 20);
    else if (view.data && view.width) point(pointer);
  });
  if (shared) root.classList.add("beside");
  model.on("version", load);
  model.on("shown", () => {
    if (model.shown[0] !== view.t0 || model.shown[1] !== view.t1) mover.show(model.shown[0], model.shown[1]);
  });
  model.on("source", () => {
    if (source.value !== model.source) source.value = model.source;
  });
  model.on("sort", () => {
    bar.sort.value = model.sort;
    arrange();
    layout();
  });
  for (const name of ["at", "truck"]) {
    model.on(name, () => {
      sayMoment(parts, view, meant, bar.replay);
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
    mover.stop();
  });
  load();
  return root;
}
