// The line of the moment over the strips. It is an element that slides: while time goes, nothing is drawn for it.

const ABOVE = 8; // pixels of the head that the line reaches into

// `place(view, at)` puts it at a moment [ms from the model's origin]; null, or out of sight: it is not shown.
function momentLine(line) {
  let placed = "";
  return {
    place(view, at) {
      const dpr = devicePixelRatio || 1, shown = at !== null && at >= view.t0 && at < view.t1;
      const lies = shown ? `${Math.round(view.toX(at) * dpr) / dpr} ${view.height}` : "";
      // It moves by whole pixels, so mostly it stays for many frames.
      if (lies === placed) return;
      placed = lies;
      line.hidden = !shown;
      if (!shown) return;
      const [x, height] = lies.split(" ");
      line.style.transform = `translateX(${x}px)`;
      line.style.height = `${height - HEAD + ABOVE}px`;
    },
  };
}

// The same on a picture that is saved.
function drawMoment(context, view, at) {
  if (at === null || at < view.t0 || at >= view.t1) return;
  const dpr = devicePixelRatio || 1, x = view.toX(at), { surface } = view;
  context.setTransform(dpr, 0, 0, dpr, 0, 0);
  context.fillStyle = surface.background;
  context.fillRect(x - 2, HEAD - ABOVE, 4, view.height - HEAD + ABOVE);
  context.fillStyle = surface.accent;
  context.fillRect(x - 1, HEAD - ABOVE, 2, view.height - HEAD + ABOVE);
  context.beginPath();
  context.moveTo(x - 5, HEAD - ABOVE - 1);
  context.lineTo(x + 5, HEAD - ABOVE - 1);
  context.lineTo(x, HEAD - 2);
  context.fill();
}
