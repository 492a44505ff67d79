// Steps from truck to truck and from interval to interval, and the folding of groups.

// `folded` is called when other rows are to be shown.
function timelineSteps(parts, view, meant, mover, folded) {
  const { model } = view;
  function stepRow(by) {
    const now = view.trucks.findIndex(({ truck }) => truck === model.truck);
    const next = view.trucks[limited(now < 0 ? 0 : now + by, 0, view.trucks.length - 1)];
    meant.choose(meant.at(), next.truck);
    const row = view.rowOf(next.truck);
    if (row >= 0) parts.scroll.scrollTop = limited(parts.scroll.scrollTop, HEAD + (row + 1) * view.rowHeight - view.height, row * view.rowHeight);
    if (meant.at() === null) parts.heard.textContent = next.truck;
  }
  function stepInterval(by) {
    const { data, t0, t1 } = view;
    const { truck, lanes } = view.trucks.find((each) => each.truck === model.truck) || view.trucks[0];
    const row = lanes[0], now = firstAfter(data, row, meant.at() === null ? t0 : meant.at());
    const next = limited(meant.at() === null ? now : now + by, data.rows[row], data.rows[row + 1] - 1);
    const start = limited(data.starts[next], 0, model.span - 1);
    meant.choose(start, truck);
    if (start < t0 || start >= t1) mover.show(start - (t1 - t0) / 2, start + (t1 - t0) / 2);
  }
  function fold(name) {
    if (!view.folded.delete(name)) view.folded.add(name);
    folded();
  }
  function foldChosen() {
    const head = view.rows.find(({ members }) => members?.some(({ truck }) => truck === model.truck));
    if (head) fold(head.head);
  }
  function foldAll() {
    const heads = view.rows.filter(({ members }) => members), open = heads.some(({ folded }) => !folded);
    view.folded = new Set(open ? heads.map(({ head }) => head) : []);
    folded();
  }
  return { stepRow, stepInterval, fold, foldChosen, foldAll };
}
