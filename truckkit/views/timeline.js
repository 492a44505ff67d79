// The timeline: one row a truck, its states in time, and beside them the total time in each state.
// Model times are milliseconds from `origin` (milliseconds since 1970); bounds come packed, see intervals.py.

// What moves the line of the moment and nothing that is drawn.
const UNDRAWN = new Set(["play", "pause", "seek", "speed", "tick"]);

export function render({ model }) {
  const parts = timelineParts(model), { root, canvas, scroll, heard, help } = parts;
  const view = timelineView(model, scroll);
  const sides = sidePictures(), paint = stripPainter(), line = momentLine(parts.line);
  let moving = false, dragging = false, said = 0, seek = false, sought = -1, frame = 0, later = 0, pointer = null, tabled = false, looks = null, unwatch = () => {};
  // Beside a map the moment is where the shared clock stands, and the truck is the one that is followed.
  const shared = model.shared ? enterShared(model.shared, model.origin, model.span) : null;
  let pinned = shared ? pinnedOf(shared, model.origin) : [];
  const meant = timelineMeant(model, view, shared, stretchChanged);
  // What the totals are of.
  view.summed = () => meant.stretch() || [view.t0, view.t1];
  const legend = legendOf(view.hidden, refresh);
  root.append(legend.list);
  const compare = () => { if (model.choices.length) model.compare = !model.compare; };
  const mover = rangeMover(view, {
    focus: meant.focus,
    moved() {
      if (!meant.stretch()) sides.moved(performance.now(), sayLater);
      moving = true;
      redraw();
    },
    settled() {
      model.shown = [view.t0, view.t1];
      if (!meant.stretch()) rangeChanged();
      redraw();
    },
  });
  const bar = timelineBar(parts, view, meant, shared, {
    ...mover, compare,
    swap() {
      tabled = !tabled;
      layout();
    },
  });

  // Totals --------------------------------------------------------------------------------------
  // Of another range other trucks come first, and others may belong together.
  function rangeChanged() {
    if (!view.data || model.message) return;
    if (model.sort || model.group === "loader") arrange();
    sumUp();
    refresh();
  }
  // While a stretch is being dragged its totals follow at their pace; all else waits for its end.
  function brush(range, dragged) {
    dragging = dragged;
    meant.mean(range);
    dragging = false;
  }
  function stretchChanged() {
    if (!view.clock || model.message) return;
    bar.saySome();
    if (!dragging) rangeChanged();
    else sides.moved(performance.now(), sayLater);
    redraw();
  }
  function sumUp() {
    if (!view.data || model.message) return;
    const range = view.summed(), span = range[1] - range[0], two = view.laneNames.length > 1;
    const fleet = (two ? view.laneNames : [""]).map(() => new Float64Array(CODES.length));
    let unseen = 0;
    const lines = view.rows.flatMap((row) => {
      const { lanes, agreed } = sumsOfRow(view, row, range);
      const name = row.truck ?? `${row.words}, ${trucksWords(row.members.length)}`;
      return lanes.map((sums, k) => ({ name: two ? `${name}, ${view.laneNames[k]}` : name, sums, agreed: k ? null : agreed, group: Boolean(row.members) }));
    });
    for (const row of view.trucks) {
      const { lanes } = sumsOfRow(view, row, range);
      lanes.forEach((sums, k) => sums.forEach((ms, code) => { fleet[k][code] += ms; }));
      if (lanes.every((sums) => sums[NO_DATA] === span)) unseen += 1;
    }
    legend.show(fleet, view.laneNames, view.trucks.length, span, unseen);
    parts.totals.show(lines, view.present, span, `Time in each state, ${rangeWords(view, ...range)}`, two);
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
    looks = { states: stateLooks(view.surface, devicePixelRatio || 1), agreement: agreementLooks(view.surface) };
    sumUp();
    refresh();
  }
  function showSomeone() {
    seek = false;
    const chosen = view.rowOf(model.truck);
    const first = chosen >= 0 ? chosen : firstObserved(view);
    if (first * view.rowHeight <= view.height - 2 * HEAD && scroll.scrollTop === 0) return;
    scroll.scrollTop = (first - 1) * view.rowHeight;
    sought = scroll.scrollTop;
  }
  function redraw() {
    if (!frame) frame = requestAnimationFrame(draw);
  }
  function refresh() {
    sides.stale();
    redraw();
  }
  function sayLater(wait) {
    clearTimeout(later);
    later = setTimeout(refresh, wait);
  }
  function draw(time) {
    frame = 0;
    if (!looks || !view.data || model.message || !view.width) return;
    parts.rest.changed();
    const context = prepared(canvas, view), { rowHeight } = view;
    const first = Math.max(0, Math.floor(scroll.scrollTop / rowHeight));
    const last = Math.min(view.rows.length, Math.ceil((scroll.scrollTop + view.height - HEAD) / rowHeight));
    const offset = HEAD + first * rowHeight - scroll.scrollTop, bottom = offset + (last - first) * rowHeight;
    drawGrounds(context, view, first, last, offset);
    drawLines(context, view, bottom);
    drawHeadWords(context, view, first, last, offset);
    paint(context, stripsOf(view, looks, first, last, offset), {
      t0: view.t0, t1: view.t1, left: view.box.left, width: view.box.width, top: offset, height: bottom - offset, dpr: devicePixelRatio || 1,
    });
    sides.draw(context, view, first, last, offset);
    // Last, for rows that scroll go under it.
    drawHead(context, view);
    sides.drawHead(context, view);
    // Words that change with each frame nobody reads, and the page would be laid out anew for them.
    if (!moving || time - said >= SAID_EVERY) {
      said = time;
      bar.sayRange();
    }
    moving = false;
    point(pointer);
    // For whoever reads the picture from outside, such as a test: what is drawn, and where.
    canvas.dataset.drawn = JSON.stringify({
      t0: view.t0, t1: view.t1, left: view.box.left, width: view.box.width, head: HEAD, rowHeight, rows: view.rows.length,
      stripHeight: view.box.stripHeight, lanes: view.laneNames, hidden: CODES.filter((_, code) => view.hidden[code]),
    });
  }
  function point(spot) {
    pointer = spot;
    drawOver(parts, view, meant, pinned, spot);
    line.place(view, meant.at());
  }

  // What pointer and keys do ---------------------------------------------------------------------
  const steps = timelineSteps(parts, view, meant, mover, () => {
    arrange();
    layout();
  });
  listenToPointer(canvas, scroll, view, { ...mover, choose: meant.choose, fold: steps.fold, brush, pointed: point });
  listenToKeys(canvas, {
    ...mover, ...steps, compare, help: bar.help,
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
    if (!view.data || model.message) return;
    Object.assign(view, arrangedRows(view, shared?.trucks, { sort: model.sort, group: model.group, folded: view.folded, range: view.summed() }));
    bar.saySome();
  }
  function load() {
    const lanes = view.laneNames.join();
    takeData(view);
    if (lanes !== view.laneNames.join()) heard.textContent = lanes ? "one lane a truck" : `two lanes a truck: ${view.laneNames.join(" above ")}`;
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
    if (what === "trucks" && view.data) {
      arrange();
      layout();
    }
    if (what === "loop") stretchChanged();
    if (what === "source" && shared.source !== model.source) model.source = shared.source;
    const at = meant.at(), span = view.t1 - view.t0;
    if (view.data && shared.playhead.playing && (at < view.t0 || at >= view.t1)) mover.show(at - span / 20, at + (span * 19) / 20);
    else if (view.data && view.width && UNDRAWN.has(what)) line.place(view, at);
    else if (view.data && view.width) point(pointer);
  });
  if (shared) root.classList.add("beside");
  model.on("version", load);
  model.on("shown", () => {
    if (model.shown[0] !== view.t0 || model.shown[1] !== view.t1) mover.show(model.shown[0], model.shown[1]);
  });
  for (const name of ["source", "compare"]) model.on(name, () => bar.sayChoices());
  for (const name of ["sort", "group"]) {
    model.on(name, () => {
      bar.sayChoices();
      view.folded.clear();
      arrange();
      layout();
    });
  }
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
    clearTimeout(later);
    mover.stop();
    parts.rest.stop();
  });
  load();
  return root;
}
