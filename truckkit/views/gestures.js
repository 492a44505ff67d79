// How the timeline is moved: drag, pinch, wheel and keys. Only the strips take them; the rest of the
// canvas leaves the wheel to the rows.

// In a page that scrolls itself, as a notebook does, the wheel is the page's until the timeline is in use.
function pageScrolls(element) {
  for (let up = _above(element); up; up = _above(up)) {
    const flow = getComputedStyle(up).overflowY;
    const may = flow === "auto" || flow === "scroll" || up === document.scrollingElement;
    if (may && up.scrollHeight > up.clientHeight + 1) return true;
  }
  return false;
}

// `act`: {show, zoom, choose, fold, brush, pointed} of timeline.js; `pointed` hears where the pointer is, or null.
function listenToPointer(canvas, scroll, view, act) {
  const held = new Map();
  let drag = null;
  const place = (event) => {
    const edge = canvas.getBoundingClientRect();
    return { x: event.clientX - edge.left, y: event.clientY - edge.top };
  };
  const middle = (points) => points.reduce((all, point) => all + point.x, 0) / points.length;
  const apart = (points) => Math.max(10, Math.abs(points[0].x - points[1].x));

  function grasp(moved) {
    const points = [...held.values()];
    drag = {
      t0: view.t0, t1: view.t1, top: scroll.scrollTop, x: middle(points), y: points[0].y,
      apart: points.length > 1 ? apart(points) : 0, moved: moved || points.length > 1,
    };
  }
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !view.inStrips(place(event))) return;
    held.set(event.pointerId, place(event));
    canvas.setPointerCapture(event.pointerId);
    grasp(false);
    if (event.shiftKey) drag.from = view.toTime(place(event).x);
  });
  canvas.addEventListener("pointermove", (event) => {
    const spot = place(event);
    canvas.classList.toggle("chrome", !view.inStrips(spot) && !held.size);
    if (!held.has(event.pointerId)) {
      act.pointed(spot);
      return;
    }
    held.set(event.pointerId, spot);
    const points = [...held.values()];
    const x = middle(points);
    if (!drag.moved && Math.hypot(x - drag.x, spot.y - drag.y) < 4) return;
    drag.moved = true;
    if (drag.from !== undefined && points.length === 1) {
      const at = limited(view.toTime(x), view.t0, view.t1);
      drag.range = [Math.min(at, drag.from), Math.max(at, drag.from + 1)];
      act.brush(drag.range, true);
      act.pointed(spot);
      return;
    }
    canvas.classList.add("dragging");
    act.pointed(null);
    const grown = drag.apart && points.length > 1 ? drag.apart / apart(points) : 1;
    const span = view.spanWithin((drag.t1 - drag.t0) * grown);
    const grasped = drag.t0 + ((drag.x - view.box.left) / view.box.width) * (drag.t1 - drag.t0);
    const from = grasped - ((x - view.box.left) / view.box.width) * span;
    act.show(from, from + span);
    if (event.pointerType === "mouse") scroll.scrollTop = drag.top - (spot.y - drag.y);
  });
  const release = (event) => {
    if (!held.delete(event.pointerId)) return;
    canvas.classList.remove("dragging");
    if (held.size) {
      grasp(true);
      return;
    }
    const spot = place(event);
    if (event.type === "pointerup" && !drag.moved && view.inStrips(spot)) {
      const row = view.rows[view.rowAt(spot.y)];
      if (row.members) act.fold(row.head);
      else act.choose(view.toTime(spot.x), row.truck);
    }
    if (drag.range) act.brush(drag.range, false);
    drag = null;
    act.pointed(event.pointerType === "mouse" ? spot : null);
  };
  canvas.addEventListener("click", (event) => {
    const spot = place(event), row = view.isRow(spot.y) ? view.rows[view.rowAt(spot.y)] : null;
    if (row?.members && spot.x < view.box.left) act.fold(row.head);
  });
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => act.pointed(null));

  canvas.addEventListener("wheel", (event) => {
    const spot = place(event);
    const { box, t0, t1 } = view;
    if (spot.x < box.left || spot.x >= box.left + box.width) return;
    if (!event.ctrlKey && canvas.getRootNode().activeElement !== canvas && pageScrolls(canvas)) return;
    event.preventDefault();
    const step = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const moved = (((event.deltaX || event.deltaY) * step) / box.width) * (t1 - t0);
      act.show(t0 + moved, t1 + moved);
    } else {
      const around = t0 + ((spot.x - box.left) / box.width) * (t1 - t0);
      act.zoom(Math.exp(limited(event.deltaY * step, -300, 300) * 0.002), around);
    }
    act.pointed(spot);
  }, { passive: false });
}

const KEYS = [
  ["← →", "move by a tenth of the range"], ["+ −", "zoom in and out"], ["Home", "show everything"],
  ["↑ ↓", "choose a truck"], [", .", "its interval before and after"], ["Page ↑ ↓", "scroll the rows"],
  ["C", "compare what the FMS told with what was detected, as two lanes"], ["F", "fold the chosen truck's group, or unfold it; with Shift all"],
  ["[ ]", "the stretch that is meant starts, stops here"],
  ["Esc", "clear that stretch, then the moment"], ["?", "show or hide this"], ["drag", "move through time and rows; two fingers zoom"],
  ["wheel", "zoom around the pointer; with Shift move"], ["Shift and drag", "choose a stretch: totals are of it, a replay repeats it"], ["click", "choose a moment"],
  ["legend", "click hides a state; Alt-click, or O, shows it alone"],
];

function listenToKeys(canvas, acts) {
  const pressed = {
    ArrowLeft: () => acts.pan(-0.1), ArrowRight: () => acts.pan(0.1), "+": () => acts.zoom(0.5), "=": () => acts.zoom(0.5),
    "-": () => acts.zoom(2), Home: acts.all, 0: acts.all, ArrowUp: () => acts.stepRow(-1), ArrowDown: () => acts.stepRow(1),
    ",": () => acts.stepInterval(-1), ".": () => acts.stepInterval(1), "?": acts.help, Escape: acts.leave,
    "[": () => acts.brushEnd(0), "]": () => acts.brushEnd(1),
    c: acts.compare, f: () => acts.foldChosen(), F: () => acts.foldAll(),
    PageUp: () => acts.page(-1), PageDown: () => acts.page(1),
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !pressed[event.key]) return;
    event.preventDefault();
    // JupyterLab has keys of its own.
    event.stopPropagation();
    pressed[event.key]();
  });
}
