// A stretch of time that is meant, over what is drawn in time: what lies outside it is veiled, its ends are lines.

// `room` [x, x] is what time fills, `ends` [x, x] the stretch's own, which may lie outside it; from `top` to `bottom`.
function drawStretch(context, surface, room, ends, top, bottom) {
  const [from, to] = ends.map((x) => Math.min(room[1], Math.max(room[0], x)));
  context.fillStyle = surface.background;
  context.globalAlpha = 0.6;
  context.fillRect(room[0], top, from - room[0], bottom - top);
  context.fillRect(to, top, room[1] - to, bottom - top);
  context.globalAlpha = 1;
  context.fillStyle = surface.accent;
  ends.forEach((x, k) => {
    if (x >= room[0] && x <= room[1]) context.fillRect([from, to][k] - 0.5, top, 1, bottom - top);
  });
  return [from, to];
}
