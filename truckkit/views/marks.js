// Marks of what happened, small on their truck's row: the shape tells one kind from another, the words say what.

const MARK = 4;
const MARK_SHAPES = [
  [[0, -1], [1, 1], [-1, 1]], [[0, -1], [1, 0], [0, 1], [-1, 0]], [[-1, -1], [1, -1], [1, 1], [-1, 1]], [[-1, -1], [1, -1], [0, 1]],
];

// What the strips themselves show, or what is there to step by.
const SHOWN_AS_STATES = new Set(["cycle", "load", "dump", "delay", "down"]);

// The shared marks that belong on rows, in the model's time.
function pinnedOf(shared, origin) {
  return shared.marks.filter(({ kind }) => !SHOWN_AS_STATES.has(kind)).map((mark) => ({ ...mark, at: shared.start + mark.at - origin }));
}

// The marks in sight: [{x, y, shape, words}]; `marks` have `at` [ms from the model's origin].
function marksInSight(view, marks, top) {
  const kinds = [...new Set(marks.map((mark) => mark.kind))].sort();
  if (!marks.length) return [];
  const rows = new Map(view.rows.map(({ truck }, row) => [truck, row]));
  return marks.flatMap((mark) => {
    const row = rows.get(mark.truck);
    const y = HEAD + (row + 0.5) * view.rowHeight - top;
    if (row === undefined || mark.at < view.t0 || mark.at >= view.t1 || y < HEAD + MARK || y > view.height) return [];
    return [{ x: view.toX(mark.at), y, row, shape: MARK_SHAPES[kinds.indexOf(mark.kind) % MARK_SHAPES.length], words: mark.words }];
  });
}

// Ink with a rim of the ground: seen over any state's colour.
function drawMarks(context, view, seen) {
  context.fillStyle = view.surface.ink;
  context.strokeStyle = view.surface.background;
  context.lineWidth = 3;
  context.lineJoin = "round";
  for (const { x, y, shape } of seen) {
    context.beginPath();
    for (const [right, down] of shape) context.lineTo(x + right * MARK, y + down * MARK);
    context.closePath();
    context.stroke();
    context.fill();
  }
}

function markAt(seen, spot, row) {
  const near = seen.filter((mark) => mark.row === row && Math.abs(mark.x - spot.x) <= MARK + 3);
  return near.sort((a, b) => Math.abs(a.x - spot.x) - Math.abs(b.x - spot.x))[0];
}
