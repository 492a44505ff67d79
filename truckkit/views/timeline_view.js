// What is in sight: the rows and the range of time, where they lie on the canvas, and how the range is moved.

const LEAST_SPAN = 20, LEAST_ROW = 22, MOST_ROW = 40;
const LEAST_LANES = 30, MOST_LANES = 48, BAND = 4; // a row of two lanes, with what differs between them

function timelineView(model, scroll) {
  const view = {
    model, rows: [], trucks: [], brush: null, hidden: new Uint8Array(CODES.length), present: [], folded: new Set(),
    data: null, loads: null, agreement: null, sumsOf: null, agreedOf: null, laneNames: [], clock: null, surface: null, narrow: false,
    t0: 0, t1: 1, width: 0, height: 0, rowHeight: LEAST_ROW, labelWidth: 80,
    box: { left: 0, top: HEAD, width: 1, rowHeight: LEAST_ROW, stripHeight: 14 },
    at: (rel) => model.origin + rel,
    toX: (rel) => view.box.left + ((rel - view.t0) / (view.t1 - view.t0)) * view.box.width,
    toTime: (x) => limited(Math.round(view.t0 + ((x - view.box.left) / view.box.width) * (view.t1 - view.t0)), 0, model.span - 1),
    rowAt: (y) => Math.floor((y - HEAD + scroll.scrollTop) / view.rowHeight),
    isRow: (y) => y >= HEAD && view.rowAt(y) < view.rows.length,
    truckAt: (row) => view.rows[row]?.truck || "",
    rowOf: (truck) => (truck ? view.rows.findIndex((row) => row.truck === truck) : -1),
    laneTop: (lane) => (view.laneNames.length ? 3 + lane * (view.box.stripHeight + BAND) : 4),
    laneAt: (y) => (view.laneNames.length && (y - HEAD + view.scrolled()) % view.rowHeight >= view.rowHeight / 2 ? 1 : 0),
    scrolled: () => scroll.scrollTop,
    inStrips: ({ x, y }) => x >= view.box.left && x < view.box.left + view.box.width && view.isRow(y),
    spanWithin: (span) => limited(Math.round(span), Math.min(LEAST_SPAN, model.span), model.span),
  };
  return view;
}

// Takes on what the model holds, and makes ready what any range of it is summed and drawn from.
function takeData(view) {
  const { model } = view;
  const data = unpack(model), states = CODES.length;
  const agreement = model.lanes.length === 2 ? agreementOf(data, model.trucks.length) : null;
  const seen = new Uint8Array(states);
  for (const code of data.codes) seen[code] = 1;
  Object.assign(view, {
    data, agreement, loads: loadsOf(data), laneNames: [...model.lanes], sumsOf: summaries(data, states),
    items: coarseRows(data, states), agreedOf: agreement && summaries(agreement, 3),
    agreementItems: agreement && coarseRows(agreement, 3),
    clock: siteClock({ zone: model.zone, offsets: model.offsets }), brush: null, t0: model.shown[0], t1: model.shown[1],
    present: CODES.map((_, code) => code).filter((code) => seen[code]),
  });
}

// Moves the visible range. `focus()` is the moment around which it zooms where there is no pointer; `moved` is
// called at once, `settled` when nothing has moved for a while.
function rangeMover(view, { focus, moved, settled }) {
  let settling = 0;
  function show(from, to) {
    const span = view.spanWithin(to - from);
    view.t0 = limited(Math.round(from), 0, view.model.span - span);
    view.t1 = view.t0 + span;
    moved();
    clearTimeout(settling);
    settling = setTimeout(settled, 150);
  }
  return {
    show,
    pan: (share) => show(view.t0 + share * (view.t1 - view.t0), view.t1 + share * (view.t1 - view.t0)),
    all: () => show(0, view.model.span),
    zoom(factor, around = focus()) {
      const span = view.spanWithin((view.t1 - view.t0) * factor);
      const from = around - ((around - view.t0) / (view.t1 - view.t0)) * span;
      show(from, from + span);
    },
    stop: () => clearTimeout(settling),
  };
}
