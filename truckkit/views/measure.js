// A line that measures: each click adds a corner; every leg tells its length, the last one the whole.

// "84.3 m", "1.24 km": four figures at most.
function lengthWords(metres) {
  if (metres < 99.95) return `${metres.toFixed(1)} m`;
  if (metres < 999.5) return `${Math.round(metres)} m`;
  return `${(metres / 1000).toFixed(metres < 9995 ? 2 : 1)} km`;
}

// `tell(words)` says a length aloud.
function measureTool(pane, viewport, { redraw, tell, ended }) {
  let on = false, hover = null;
  const corners = [];
  const lengths = (points) => points.slice(1).map(([x, y], k) => Math.hypot(x - points[k][0], y - points[k][1]));
  const whole = (points) => lengths(points).reduce((all, leg) => all + leg, 0);

  function add(corner) {
    corners.push(corner);
    tell(corners.length < 2 ? "measures from here" : `${lengthWords(whole(corners))} in ${corners.length - 1} ${corners.length === 2 ? "leg" : "legs"}`);
    redraw();
  }
  function arm(start) {
    on = start;
    hover = null;
    if (!on) {
      corners.length = 0;
      ended();
    }
    pane.classList.toggle("measuring", on);
    redraw();
  }
  pane.addEventListener("pointermove", (event) => {
    if (!on || event.pointerType !== "mouse") return;
    const edge = pane.getBoundingClientRect();
    hover = [viewport.toPlaneX(event.clientX - edge.left), viewport.toPlaneY(event.clientY - edge.top)];
    redraw();
  });
  pane.addEventListener("pointerleave", () => {
    if (!on) return;
    hover = null;
    redraw();
  });
  pane.addEventListener("keydown", (event) => {
    if (!on || event.target !== pane || !["Enter", "Backspace"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    // Without a pointer a corner is what lies in the middle, such as the truck that is followed.
    if (event.key === "Enter") add([viewport.x, viewport.y]);
    else if (corners.pop()) redraw();
  });

  // Words on a plate, so that what lies under them does not show through.
  function plate(context, surface, words, x, y, strong) {
    context.font = `${strong ? 700 : 600} 12px ${surface.font}`;
    context.textBaseline = "middle";
    const width = context.measureText(words).width + 10;
    context.fillStyle = surface.background;
    context.globalAlpha = 0.9;
    context.beginPath();
    context.roundRect(x - width / 2, y - 10, width, 20, 3);
    context.fill();
    context.globalAlpha = 1;
    context.fillStyle = surface.ink;
    context.fillText(words, x - width / 2 + 5, y);
  }
  return {
    arm,
    armed: () => on,
    corners: () => corners,
    // True where a click on the map was a corner.
    took(spot) {
      if (on) add([viewport.toPlaneX(spot.x), viewport.toPlaneY(spot.y)]);
      return on;
    },
    draw(context, surface) {
      if (!on || !corners.length) return;
      const points = hover ? [...corners, hover] : corners;
      const screen = points.map(([x, y]) => [viewport.toScreenX(x), viewport.toScreenY(y)]);
      const line = (colour, width) => {
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.beginPath();
        screen.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
        context.stroke();
      };
      line(surface.background, 5);
      line(surface.ink, 2);
      for (const [x, y] of screen) {
        context.beginPath();
        context.arc(x, y, 3.5, 0, 2 * Math.PI);
        context.fillStyle = surface.background;
        context.fill();
        context.strokeStyle = surface.ink;
        context.stroke();
      }
      lengths(points).forEach((leg, k) => {
        const [[x, y], [u, v]] = [screen[k], screen[k + 1]];
        if (Math.hypot(u - x, v - y) > 48) plate(context, surface, lengthWords(leg), (x + u) / 2, (y + v) / 2);
      });
      if (points.length < 2) return;
      const [x, y] = screen[screen.length - 1];
      if (points.length > 2 || Math.hypot(x - screen[0][0], y - screen[0][1]) <= 48) {
        plate(context, surface, `${points.length > 2 ? "all " : ""}${lengthWords(whole(points))}`, x, y - 20, true);
      }
    },
  };
}
