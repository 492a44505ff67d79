// A box on the map: the trucks that were inside it for the stretch are the ones that all panes mean. It stays
// drawn, with the sentence that says so and the way back.

// A number of trucks in words of the sentence.
function insideWords(many, all, between) {
  if (!many) return `No truck was here between ${between}`;
  return `${many} of ${all} ${all === 1 ? "truck" : "trucks"} ${many === 1 ? "was" : "were"} here between ${between}`;
}

const _moved = ({ west, south, east, north }, x, y) => ({ west: west + x, south: south + y, east: east + x, north: north + y });

// `stretch()` gives [start, stop) in ms of the clock, `between(start, stop)` its words; `ended` is called
// when the tool is put down.
function boxTool(pane, viewport, scene, { shared, ask, redraw, stretch, between, ended, tell }) {
  const note = element("div", "inside", "", { role: "status" });
  note.hidden = true;
  let armed = false, from = null, box = null, asked = 0, narrowed = null;

  const spot = (event) => {
    const edge = pane.getBoundingClientRect();
    return [viewport.toPlaneX(event.clientX - edge.left), viewport.toPlaneY(event.clientY - edge.top)];
  };
  const spanned = ([x, y], [u, v]) => ({
    west: Math.min(x, u), south: Math.min(y, v), east: Math.max(x, u), north: Math.max(y, v),
  });
  // Before the map itself hears of it: a drag draws the box and moves no map.
  const listen = (name, act) => pane.addEventListener(name, (event) => {
    if (!armed && !from) return;
    event.stopImmediatePropagation();
    act(event);
  }, { capture: true });
  listen("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = spot(event);
    box = null;
    pane.setPointerCapture(event.pointerId);
  });
  listen("pointermove", (event) => {
    if (!from) return;
    box = spanned(from, spot(event));
    redraw();
  });
  listen("pointerup", (event) => {
    const drawn = from && spanned(from, spot(event));
    from = null;
    // A click is no box: one may try again.
    if (!drawn || (drawn.east - drawn.west) * viewport.scale < 4 || (drawn.north - drawn.south) * viewport.scale < 4) return;
    arm(false);
    choose(drawn);
  });
  listen("pointercancel", () => leave());

  function arm(on) {
    armed = on;
    pane.classList.toggle("drawing", on);
    if (!on) ended();
  }
  function say(words, failed) {
    note.hidden = !words;
    note.replaceChildren(element("span", "", words));
    if (words) note.append(button(failed ? "Take the box away" : "Show all trucks", failed ? "Take away" : "Show all", leave));
    if (words) tell(words);
  }
  async function choose(chosen) {
    const number = (asked += 1), [start, stop] = stretch();
    box = chosen;
    say("Looking for the trucks that were here…");
    redraw();
    try {
      const found = await ask("inside", { ..._moved(box, ...scene.origin), start, stop });
      if (number !== asked) return;
      narrowed = new Set(found.map((truck) => scene.trucks[truck].name));
      shared.narrow(narrowed);
      say(insideWords(found.length, scene.trucks.length, between(start, stop)));
    } catch (error) {
      if (number === asked) say(error.message, true);
    }
  }
  function leave() {
    asked += 1;
    from = box = null;
    say("");
    if (narrowed && shared.trucks === narrowed) shared.narrow(null);
    narrowed = null;
    redraw();
  }
  const unwatch = shared.watch((what) => {
    // Another stretch is another question; trucks that someone else means are not the box's.
    if (what === "loop" && box && !from) choose(box);
    if (what === "trucks" && narrowed && shared.trucks !== narrowed) leave();
  });

  return {
    note, arm, choose, leave,
    armed: () => armed,
    box: () => box,
    // The box as it lies in the mine, for another scene with another origin.
    lies: () => box && !from && _moved(box, ...scene.origin),
    again: (lies) => choose(_moved(lies, -scene.origin[0], -scene.origin[1])),
    draw(context, surface) {
      if (!box) return;
      const x = viewport.toScreenX(box.west), y = viewport.toScreenY(box.north);
      const width = (box.east - box.west) * viewport.scale, height = (box.north - box.south) * viewport.scale;
      context.globalAlpha = 0.08;
      context.fillStyle = surface.accent;
      context.fillRect(x, y, width, height);
      context.globalAlpha = 1;
      context.setLineDash([6, 4]);
      context.strokeStyle = surface.accent;
      context.lineWidth = 2;
      context.strokeRect(x, y, width, height);
      context.setLineDash([]);
    },
    stop: unwatch,
  };
}
