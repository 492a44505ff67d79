// What stands around the strips: the labels, the clock above, shifts and days, and the totals beside.
// `view` is what timeline.js knows: times [ms] from `origin`, sizes [px], the surface and the model.

const HEAD = 46, TOTAL_WIDTH = 48, SUM_WIDTH = 54, AGREE_WIDTH = 52, LANE_WIDTH = 46, AGREEING_LABEL = 130, TICK_WIDTH = 74;

const limited = (value, low, high) => Math.min(high, Math.max(low, value));

function fitted(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let kept = text.length;
  while (kept > 1 && context.measureText(`${text.slice(0, kept)}…`).width > room) kept -= 1;
  return `${text.slice(0, kept)}…`;
}

// The ground of the chosen truck's row, and of heads.
function drawGrounds(context, view, first, last, offset) {
  const { surface, model, rowHeight } = view;
  for (let row = first; row < last; row += 1) {
    const each = view.rows[row], top = offset + (row - first) * rowHeight;
    context.fillStyle = surface.row;
    if (each.members || each.truck === model.truck) context.fillRect(0, top, view.width, rowHeight);
    context.fillStyle = surface.line;
    if (each.members && row) context.fillRect(0, Math.round(top), view.width, 1);
  }
}

// The name of a row's truck or group, and of its lanes where there are two.
function drawLabel(context, view, row, top) {
  const { surface, rowHeight } = view, each = view.rows[row];
  const middle = top + rowHeight / 2, lanes = each.members ? [] : view.laneNames;
  context.textBaseline = "middle";
  context.font = `400 10px ${surface.font}`;
  context.textAlign = "right";
  context.fillStyle = surface.muted;
  lanes.forEach((name, lane) => context.fillText(name, view.labelWidth - 5, top + view.laneTop(lane) + view.box.stripHeight / 2 + 0.5));
  context.font = `600 12px ${surface.font}`;
  context.textAlign = "left";
  context.fillStyle = surface.ink;
  const room = view.labelWidth - 18 - (lanes.length ? LANE_WIDTH : 0);
  // Where there is no room for totals, how far the lanes agree stands under the name.
  const agreed = view.narrow && view.agreedOf ? agreedPercent(sumsOfRow(view, each, view.summed()).agreed) : "";
  const name = each.members ? `${each.folded ? "▸" : "▾"} ${each.words}` : each.truck;
  context.fillText(fitted(context, name, room), each.members ? 6 : 12, agreed ? middle - 6 : middle);
  if (!agreed) return;
  context.font = `400 10px ${surface.font}`;
  context.fillStyle = surface.muted;
  context.fillText(fitted(context, `agree ${agreed}`, room), 12, middle + 7);
}

// What stands in a head's place of strips.
function drawHeadWords(context, view, first, last, offset) {
  context.font = `400 12px ${view.surface.font}`;
  context.fillStyle = view.surface.muted;
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (let row = first; row < last; row += 1) {
    const { members, folded } = view.rows[row];
    if (!members) continue;
    const words = `${trucksWords(members.length)}${folded ? ", folded" : ""}`;
    context.fillText(words, view.box.left + 6, offset + (row - first + 0.5) * view.rowHeight);
  }
}

// Upright lines behind the strips: ticks, midnights, and where shifts start and stop.
function drawLines(context, view, bottom) {
  const { surface, clock, model, t0, t1 } = view;
  const upright = (rel, colour, dash = []) => {
    const x = Math.round(view.toX(rel)) + 0.5;
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(x, HEAD - 6);
    context.lineTo(x, bottom);
    context.stroke();
    context.setLineDash([]);
  };
  const from = view.at(t0), to = view.at(t1);
  for (const tick of clock.ticks(from, to, view.box.width / TICK_WIDTH).found) upright(tick.at - model.origin, surface.faint);
  if (_wide(view, DAY)) {
    for (const midnight of clock.midnights(from, to)) upright(midnight - model.origin, surface.line, [2, 3]);
  }
  for (const [, start, stop] of _shiftsInSight(view)) {
    for (const edge of [start, stop]) if (edge > t0 && edge < t1 && _wide(view, stop - start)) upright(edge, surface.muted);
  }
}

// Above the strips: the shifts, or else the days, and below them the site's clock.
function drawHead(context, view) {
  const { surface, clock, model, box, t0, t1 } = view;
  const right = box.left + box.width;
  context.clearRect(0, 0, view.width, HEAD);
  context.textBaseline = "alphabetic";
  context.save();
  context.beginPath();
  context.rect(box.left - 4, 0, box.width + 8, HEAD);
  context.clip();
  context.font = `600 11.5px ${surface.font}`;
  context.textAlign = "left";
  for (const [name, start, stop] of _bands(context, view)) {
    if (stop <= t0 || start >= t1) continue;
    const from = Math.max(view.toX(start), box.left), to = Math.min(view.toX(stop), right);
    context.fillStyle = surface.line;
    if (start > t0) context.fillRect(Math.round(from), 4, 1, HEAD - 4);
    context.fillStyle = surface.ink;
    if (to - from > 40) context.fillText(fitted(context, name, to - from - 10), from + (start > t0 ? 5 : 0), 16);
  }
  const { step, found } = clock.ticks(view.at(t0), view.at(t1), box.width / TICK_WIDTH);
  context.textAlign = "center";
  for (const { at, midnight } of found) {
    const text = step >= 28 * DAY ? clock.date(at) : step >= DAY || (midnight && step >= MINUTE) ? clock.day(at) : clock.time(at, step);
    context.font = `${midnight ? 600 : 400} 11.5px ${surface.font}`;
    context.fillStyle = midnight ? surface.ink : surface.muted;
    const half = context.measureText(text).width / 2;
    context.fillText(text, limited(view.toX(at - model.origin), box.left + half, right - half), 34);
  }
  context.restore();
  context.fillStyle = surface.line;
  context.fillRect(0, HEAD - 1, view.width, 1);
  context.font = `400 11px ${surface.font}`;
  context.fillStyle = surface.muted;
  context.textAlign = "left";
  context.fillText(fitted(context, "site time", view.labelWidth - 14), 12, 16);
  context.fillText(fitted(context, clock.hours(view.at(t0)), view.labelWidth - 14), 12, 34);
}

// Shifts where their names have room, else days, else nothing: the clock below then says the days.
function _bands(context, view) {
  const room = (bands) => bands.every(([name, start, stop]) =>
    ((stop - start) / (view.t1 - view.t0)) * view.box.width > context.measureText(name).width + 10);
  const shifts = _shiftsInSight(view);
  if (shifts.length && _wide(view, shifts[0][2] - shifts[0][1]) && room(shifts)) return shifts;
  const days = _wide(view, DAY) ? _days(view) : [];
  return room(days.slice(1, -1)) ? days : [];
}

const _shiftsInSight = ({ model, t0, t1 }) => model.shifts.filter(([, start, stop]) => stop > t0 && start < t1);
// Lines closer than this say nothing.
const _wide = (view, span) => (span / (view.t1 - view.t0)) * view.box.width >= 8;

// A day that began out of sight is named by what is in sight of it.
function _days({ clock, model, at, t0, t1 }) {
  const edges = [0, ...clock.midnights(at(t0), at(t1)).map((midnight) => midnight - model.origin), model.span];
  const starts = edges.filter((edge, k) => k === 0 || edge > edges[k - 1]);
  const name = (seen) => `${clock.weekday(at(seen))} ${clock.day(at(seen))}`;
  return starts.slice(0, -1).map((edge, k) => [name(Math.max(edge, t0)), edge, starts[k + 1]]);
}

const _columnRight = ({ box }, column) => box.left + box.width + 10 + (column + 1) * TOTAL_WIDTH - 4;
const _sumRight = (view) => _columnRight(view, view.present.length - 1) + SUM_WIDTH - 4;
const _agreeRight = (view) => _sumRight(view) + AGREE_WIDTH;

// How wide the totals are.
const besideWidth = (view) => view.present.length * TOTAL_WIDTH + SUM_WIDTH + 10 + (view.agreedOf ? AGREE_WIDTH : 0);

// Above the totals: which state each column is of, and the unit.
function drawTotalsHead(context, view) {
  const { surface, hidden } = view;
  context.font = `400 11px ${surface.font}`;
  context.textBaseline = "alphabetic";
  context.textAlign = "right";
  view.present.forEach((code, column) => {
    const right = _columnRight(view, column);
    context.globalAlpha = hidden[code] ? 0.45 : 1;
    context.fillStyle = surface.muted;
    const parts = STATES[CODES[code]].words.split(" ");
    context.fillText(parts[0], right, parts.length > 1 ? 14 : 27);
    if (parts.length > 1) context.fillText(parts[1], right, 27);
    context.fillStyle = stateFill(context, CODES[code], surface.theme);
    context.fillRect(right - 30, 33, 30, 7);
    context.strokeStyle = stateStroke(CODES[code], surface.theme);
    context.lineWidth = 1;
    context.strokeRect(right - 29.5, 33.5, 29, 6);
    context.globalAlpha = 1;
  });
  context.fillStyle = surface.muted;
  context.fillText("sum", _sumRight(view), 14);
  const [from, to] = view.summed();
  context.fillText(totalsUnit(to - from).words, _sumRight(view), 27);
  if (!view.agreedOf) return;
  context.fillText("lanes", _agreeRight(view), 14);
  context.fillText("agree", _agreeRight(view), 27);
}

// Beside a row's strips: the time in each state over what is summed, one line a lane, and what it adds up to.
function drawRowTotals(context, view, row, top) {
  const { surface, hidden, rowHeight } = view;
  const [from, to] = view.summed(), each = view.rows[row], sums = sumsOfRow(view, each, [from, to]);
  const two = sums.lanes.length > 1;
  context.font = `${each.members ? 600 : 400} ${two ? 10.5 : 12}px ${surface.font}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  const unit = totalsUnit(to - from);
  sums.lanes.forEach((lane, k) => {
    const y = top + (two ? view.laneTop(k) + view.box.stripHeight / 2 + 0.5 : rowHeight / 2);
    const cells = totalsWords(lane, unit);
    view.present.forEach((code, column) => {
      context.globalAlpha = hidden[code] ? 0.45 : 1;
      context.fillStyle = cells[code] ? surface.ink : surface.line;
      context.fillText(cells[code] || "·", _columnRight(view, column), y);
    });
    context.globalAlpha = 1;
    context.fillStyle = surface.muted;
    context.fillText(sumWords(lane, unit), _sumRight(view), y);
  });
  if (!sums.agreed) return;
  context.font = `${each.members ? 600 : 400} 12px ${surface.font}`;
  context.fillStyle = surface.ink;
  context.fillText(agreedPercent(sums.agreed), _agreeRight(view), top + rowHeight / 2);
}

// Over the strips: the moment under the pointer.
function drawPointed(context, view, pointed) {
  if (pointed === null) return;
  const { surface, box } = view;
  const x = Math.round(view.toX(pointed)) + 0.5;
  context.fillStyle = surface.muted;
  context.fillRect(x - 0.5, HEAD - 8, 1, view.height - HEAD + 8);
  const text = view.clock.time(view.at(pointed), (view.t1 - view.t0) / box.width >= MINUTE ? SECOND : 1);
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
