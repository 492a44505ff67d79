// A stretch of time that is meant: a clock beside repeats it, and the totals of a timeline alone are those of it.

// With `[` or `]` one end is the moment `at`; the other stays where it can, else it is the edge of what is in sight.
function withEnd(brush, end, at, t0, t1) {
  if (end === 0) return [at, brush && brush[1] > at ? brush[1] : Math.max(t1, at + 1)];
  return [brush && brush[0] < at ? brush[0] : Math.min(t0, at - 1), at];
}

// Over the strips: what lies outside it is veiled, and its ends are lines.
function drawBrush(context, view, brush) {
  if (!brush) return;
  const { box, surface } = view;
  const [from, to] = brush.map((rel) => limited(view.toX(rel), box.left, box.left + box.width));
  context.fillStyle = surface.background;
  context.globalAlpha = 0.6;
  context.fillRect(box.left, HEAD, from - box.left, view.height - HEAD);
  context.fillRect(to, HEAD, box.left + box.width - to, view.height - HEAD);
  context.globalAlpha = 1;
  context.fillStyle = surface.accent;
  context.fillRect(from, HEAD - 4, Math.max(1, to - from), 4);
  for (const [edge, rel] of [[from, brush[0]], [to, brush[1]]]) {
    if (rel >= view.t0 && rel <= view.t1) context.fillRect(edge - 0.5, HEAD - 4, 1, view.height - HEAD + 4);
  }
}
