// What part of the plane is seen, and how it is moved: drag, wheel, two fingers. Metres from the
// scene's origin, y to the north; `scale` is pixels a metre.

class Viewport {
  constructor(changed) {
    this.x = 0;
    this.y = 0;
    this.scale = 1;
    this.width = 1;
    this.height = 1;
    this.changed = changed;
  }

  toScreenX(x) {
    return (x - this.x) * this.scale + this.width / 2;
  }

  toScreenY(y) {
    return (this.y - y) * this.scale + this.height / 2;
  }

  toPlaneX(px) {
    return this.x + (px - this.width / 2) / this.scale;
  }

  toPlaneY(py) {
    return this.y - (py - this.height / 2) / this.scale;
  }

  // The seen part, wider by a share of itself on every side.
  bounds(margin = 0) {
    const x = ((0.5 + margin) * this.width) / this.scale, y = ((0.5 + margin) * this.height) / this.scale;
    return { west: this.x - x, south: this.y - y, east: this.x + x, north: this.y + y };
  }

  fit([west, south, east, north]) {
    const room = Math.min(Math.max(40, Math.min(64, this.width / 12)), Math.min(this.width, this.height) / 5);
    this.scale = this._held(Math.min(
      (this.width - 2 * room) / Math.max(20, east - west), (this.height - 2 * room) / Math.max(20, north - south),
    ));
    this.x = (west + east) / 2;
    this.y = (south + north) / 2;
    this.changed("fit");
  }

  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const scale = this._held(this.scale * factor);
    // What lies under the pointer stays there.
    this.x += (px - this.width / 2) * (1 / this.scale - 1 / scale);
    this.y -= (py - this.height / 2) * (1 / this.scale - 1 / scale);
    this.scale = scale;
    this.changed("zoom");
  }

  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y += dy / this.scale;
    this.changed("pan");
  }

  centre(x, y) {
    this.x = x;
    this.y = y;
  }

  _held(scale) {
    return Math.min(40, Math.max(1e-7, scale));
  }
}

// What reaches around the places of trucks that have one, as far as they lie; null where none has.
function boundsOf(reads) {
  const placed = reads.filter(({ status }) => status === HEARD || status === NOT_HEARD);
  if (!placed.length) return null;
  const x = placed.map((read) => read.x), y = placed.map((read) => read.y);
  return [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)];
}

// The wheel belongs to the page while the page scrolls and the map is not in use, as in a notebook.
function _pageScrolls(element) {
  for (let up = _above(element); up; up = _above(up)) {
    const flow = getComputedStyle(up).overflowY;
    const may = flow === "auto" || flow === "scroll" || up === document.scrollingElement;
    if (may && up.scrollHeight > up.clientHeight + 1) return true;
  }
  return false;
}

// `act`: {pointed(spot or null), chosen(spot), moved()} hear where the pointer is, a click, a drag.
function listenToMap(pane, viewport, act) {
  const held = new Map();
  let drag = null;
  const place = (event) => {
    const edge = pane.getBoundingClientRect();
    return { x: event.clientX - edge.left, y: event.clientY - edge.top };
  };
  const grip = () => {
    const points = [...held.values()];
    const x = points.reduce((all, point) => all + point.x, 0) / points.length;
    const y = points.reduce((all, point) => all + point.y, 0) / points.length;
    const apart = points.length > 1 ? Math.hypot(points[0].x - points[1].x, points[0].y - points[1].y) : 0;
    return { x, y, apart };
  };
  pane.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("button")) return;
    held.set(event.pointerId, place(event));
    pane.setPointerCapture(event.pointerId);
    drag = { ...grip(), from: place(event), moved: held.size > 1 };
  });
  pane.addEventListener("pointermove", (event) => {
    const spot = place(event);
    if (!held.has(event.pointerId)) {
      if (event.pointerType === "mouse") act.pointed(spot);
      return;
    }
    held.set(event.pointerId, spot);
    if (!drag.moved && Math.hypot(spot.x - drag.from.x, spot.y - drag.from.y) < 4) return;
    const now = grip();
    if (!drag.moved) act.moved();
    drag.moved = true;
    pane.classList.add("dragging");
    act.pointed(null);
    viewport.pan(now.x - drag.x, now.y - drag.y);
    if (now.apart && drag.apart) viewport.zoom(now.apart / drag.apart, now.x, now.y);
    Object.assign(drag, now);
  });
  const release = (event) => {
    if (!held.delete(event.pointerId)) return;
    pane.classList.remove("dragging");
    if (held.size) Object.assign(drag, grip());
    else if (event.type === "pointerup" && !drag.moved) act.chosen(place(event));
  };
  pane.addEventListener("pointerup", release);
  pane.addEventListener("pointercancel", release);
  pane.addEventListener("pointerleave", () => act.pointed(null));
  pane.addEventListener("wheel", (event) => {
    const used = pane.getRootNode().activeElement;
    if (!event.ctrlKey && !(used && pane.contains(used)) && _pageScrolls(pane)) return;
    event.preventDefault();
    const step = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const spot = place(event);
    viewport.zoom(Math.exp(-Math.min(300, Math.max(-300, event.deltaY * step)) * 0.002), spot.x, spot.y);
  }, { passive: false });
}
