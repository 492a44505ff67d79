// A stretch of time that is meant: a clock beside repeats it, and the totals of a timeline alone are those of it.

// With `[` or `]` one end is the moment `at`; the other stays where it can, else it is the edge of what is in sight.
function withEnd(brush, end, at, t0, t1) {
  if (end === 0) return [at, brush && brush[1] > at ? brush[1] : Math.max(t1, at + 1)];
  return [brush && brush[0] < at ? brush[0] : Math.min(t0, at - 1), at];
}

// Over the strips, with a bar on the axis.
function drawBrush(context, view, brush) {
  if (!brush) return;
  const { box, surface } = view;
  const [from, to] = drawStretch(context, surface, [box.left, box.left + box.width], brush.map(view.toX), HEAD, view.height);
  context.fillRect(from, HEAD - 4, Math.max(1, to - from), 4);
}
