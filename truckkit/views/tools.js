// The tools of the map: a box that narrows the trucks, a line that measures. One is in hand at a time, and both
// are drawn over the trucks on a canvas of their own.

// `act`: {shared, ask, redraw, clock, tell}; `clock()` is the clock that times are told by.
function mapTools(pane, viewport, scene, { shared, ask, redraw, clock, tell }) {
  const canvas = pane.appendChild(element("canvas", "tools", "", { "aria-hidden": "true" }));
  const still = new Still(canvas), buttons = new Map();
  let blank = true;

  const say = () => {
    for (const [tool, made] of buttons) made.setAttribute("aria-pressed", String(tool.armed()));
  };
  const stretch = () => shared.playhead.loop || [0, scene.length];
  function between(start, stop) {
    const [from, to] = [scene.start + start, scene.start + stop];
    const grain = [MINUTE, SECOND, 1].find((each) => from % each === 0 && to % each === 0);
    const told = clock(), days = told.date(from) === told.date(to) ? ["", ""] : [`${told.date(from)} `, `${told.date(to)} `];
    return `${days[0]}${told.time(from, grain)} and ${days[1]}${told.time(to, grain)}`;
  }
  const box = boxTool(pane, viewport, scene, { shared, ask, redraw, stretch, between, tell, ended: say });
  const measure = measureTool(pane, viewport, { redraw, tell, ended: say });

  function take(tool, other) {
    if (other.armed()) other.arm(false);
    tool.arm(!tool.armed());
    say();
    if (tool.armed()) tell(tool === box ? "drag a box on the map" : "click on the map, or press Enter for its middle, to measure; Escape ends");
    pane.focus({ preventScroll: true });
  }
  const drawBox = (wholeView) => {
    if (!wholeView) {
      take(box, measure);
      return;
    }
    if (box.armed()) box.arm(false);
    box.choose(viewport.bounds());
  };
  const drawLine = () => take(measure, box);
  for (const [tool, label, path, act] of [
    [box, "Draw a box: only the trucks that were in it (B)", "M3 5h14v10H3zM4.5 6.5v7h11v-7z", () => drawBox(false)],
    [measure, "Measure a distance (M)", "M2 13.5 13.5 2 18 6.5 6.5 18zM4.1 13.5l2.4 2.4 9.4-9.4-2.4-2.4-1.2 1.2 1.2 1.2-.9.9-1.2-1.2-1.4 1.4 1.9 1.9-.9.9-1.9-1.9-1.4 1.4 1.2 1.2-.9.9-1.2-1.2z", drawLine],
  ]) {
    const made = button(label, "", act);
    made.append(icon(path));
    made.firstChild.firstChild.setAttribute("fill-rule", "evenodd");
    buttons.set(tool, made);
  }
  say();

  return {
    buttons: [...buttons.values()], note: box.note, box, measure,
    keys: { b: drawBox, m: drawLine },
    took: (spot) => measure.took(spot),
    // Puts the tool in hand down.
    escape() {
      for (const tool of [box, measure]) if (tool.armed()) tool.arm(false);
    },
    draw(surface) {
      const used = box.box() || measure.armed();
      if (!used && blank) return;
      const context = still.begin(viewport.width, viewport.height);
      box.draw(context, surface);
      measure.draw(context, surface);
      still.show();
      blank = !used;
    },
    stop() {
      box.stop();
    },
  };
}
