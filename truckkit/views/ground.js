// What lies still: the backdrop, the roads, the places with their names. It is drawn with a
// margin around the pane, so that following a truck moves a finished picture instead of drawing it anew.
// A place is drawn for the time for which it was so; one that was found is outlined.

const MARGIN = 0.2;
const NAMED_FROM = { node: 0.35, unknown: 0.06, park: 0.03, area: 0.005 }; // pixels a metre; others: always
const IMPORTANCE = ["crusher", "load", "dump", "stockpile", "workshop", "fuel", "park", "area", "unknown", "node"];
const ROUND_M = [1, 2, 5];

function placeShape(context, kind, x, y) {
  context.beginPath();
  if (kind === "load") {
    context.moveTo(x, y - 5);
    context.lineTo(x + 5, y + 4);
    context.lineTo(x - 5, y + 4);
  } else if (kind === "dump") {
    context.moveTo(x, y + 5);
    context.lineTo(x + 5, y - 4);
    context.lineTo(x - 5, y - 4);
  } else if (kind === "crusher") {
    context.moveTo(x, y - 6);
    context.lineTo(x + 6, y);
    context.lineTo(x, y + 6);
    context.lineTo(x - 6, y);
  } else if (kind === "node" || kind === "unknown") {
    context.arc(x, y, 1.6, 0, 2 * Math.PI);
  } else {
    context.rect(x - 4, y - 4, 8, 8);
  }
  context.closePath();
}

// Fills the shape that was laid; a found place is outlined.
function paintPlace(context, surface, kind, found) {
  context.fillStyle = found ? surface.background : kind === "node" || kind === "unknown" ? surface.line : surface.muted;
  context.fill();
  if (!found) return;
  context.lineJoin = "round";
  context.strokeStyle = surface.muted;
  context.lineWidth = 1.5;
  context.stroke();
}

// A small canvas with a found place on it, for the legend.
function foundSwatch(surface) {
  const { canvas, context } = swatchCanvas(14);
  placeShape(context, "load", 0, 0);
  paintPlace(context, surface, "load", true);
  return canvas;
}

class Ground {
  constructor(canvas, scene, viewport, ask) {
    this.canvas = canvas;
    this.still = new Still(canvas);
    this.scene = scene;
    this.viewport = viewport;
    this.drawn = null;
    this.stale = false;
    this.picture = new Backdrop(scene, viewport, ask, () => {
      this.redraw();
      this.changed();
      viewport.changed("backdrop");
    });
    this.changed = () => {};
    this.tiles = new Tiles(scene.tiles, scene.origin, () => {
      this.redraw();
      viewport.changed("tiles");
    });
    const [ox, oy] = scene.origin;
    this.places = scene.places
      .map((place) => ({ ...place, x: place.x - ox, y: place.y - oy }))
      .sort((a, b) => IMPORTANCE.indexOf(a.kind) - IMPORTANCE.indexOf(b.kind) || Number(a.found) - Number(b.found));
    const bounds = this.places.flatMap(({ start, stop }) => [start, stop]).filter((at) => typeof at === "number");
    this.changes = [...new Set(bounds)].sort((a, b) => a - b);
    this.now = 0;
    this.written = [];
    this.moved = [0, 0];
    this.roads = scene.roads.map((road) => ({
      ...road, from: [road.from[0] - ox, road.from[1] - oy], to: [road.to[0] - ox, road.to[1] - oy],
    }));
  }

  // The picture of what happened here, null until there is one; and whether it is drawn.
  get backdrop() {
    return this.picture.seen;
  }

  get shown() {
    return this.picture.shown;
  }

  set shown(shown) {
    this.picture.shown = shown;
    this.picture.want();
  }

  // The places that are so at a moment [ms].
  placesAt(now) {
    return this.places.filter(({ start, stop }) => (start ?? -Infinity) <= now && now < (stop ?? Infinity));
  }

  // How many changes of places lie behind a moment: while it is the same, so is the picture.
  _age(now) {
    return this.changes.filter((at) => at <= now).length;
  }

  // Lays the picture of a moment where the viewport is; draws it anew where it does not reach.
  place(surface, now) {
    const { viewport, drawn } = this;
    const age = this._age(now);
    this.now = now;
    const dx = drawn ? (drawn.x - viewport.x) * viewport.scale : 0;
    const dy = drawn ? (viewport.y - drawn.y) * viewport.scale : 0;
    const reaches = drawn && drawn.scale === viewport.scale && drawn.width === viewport.width && drawn.height === viewport.height
      && Math.abs(dx) < MARGIN * viewport.width && Math.abs(dy) < MARGIN * viewport.height;
    if (!reaches || this.stale || drawn.surface !== surface || drawn.age !== age) {
      this._draw(surface);
      // Other colours are no reason to ask again.
      if (!reaches) this.picture.want();
      return;
    }
    this.canvas.style.transform = `translate(${dx}px, ${dy}px)`;
    this.moved = [dx, dy];
  }

  // The boxes of the names that are written, where they now lie [px, in the map].
  names() {
    const [dx, dy] = this.moved;
    return this.written.map(([left, top, right, bottom]) => [left + dx, top + dy, right + dx, bottom + dy]);
  }

  // It is drawn anew with the next frame.
  redraw() {
    this.stale = true;
  }

  _draw(surface) {
    const { viewport, canvas } = this;
    const mx = Math.round(MARGIN * viewport.width), my = Math.round(MARGIN * viewport.height);
    const width = viewport.width + 2 * mx, height = viewport.height + 2 * my;
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px`, left: `${-mx}px`, top: `${-my}px`, transform: "none" });
    this.stale = false;
    this.moved = [0, 0];
    this.written = [];
    const context = this.still.begin(width, height);
    context.translate(mx, my);
    const seen = viewport.bounds(MARGIN);
    this.tiles.draw(context, viewport, MARGIN);
    this.picture.draw(context, surface, width, height);
    this._drawRoads(context, surface, seen);
    this._drawPlaces(context, surface, seen);
    this.still.show();
    const { x, y, scale } = viewport;
    this.drawn = { x, y, scale, width: viewport.width, height: viewport.height, surface, age: this._age(this.now) };
  }

  _drawRoads(context, surface, seen) {
    const { viewport } = this;
    const lines = { false: new Path2D(), true: new Path2D() };
    const named = [];
    for (const road of this.roads) {
      const [x1, y1] = road.from, [x2, y2] = road.to;
      if (Math.max(x1, x2) < seen.west || Math.min(x1, x2) > seen.east) continue;
      if (Math.max(y1, y2) < seen.south || Math.min(y1, y2) > seen.north) continue;
      const path = lines[road.closed];
      path.moveTo(viewport.toScreenX(x1), viewport.toScreenY(y1));
      path.lineTo(viewport.toScreenX(x2), viewport.toScreenY(y2));
      if (Math.hypot(x2 - x1, y2 - y1) * viewport.scale > 240) named.push(road);
    }
    context.strokeStyle = surface.line;
    context.lineWidth = 1.25;
    context.stroke(lines.false);
    context.setLineDash([4, 4]);
    context.stroke(lines.true);
    context.setLineDash([]);
    context.font = `400 10.5px ${surface.font}`;
    context.textAlign = "center";
    context.textBaseline = "bottom";
    context.fillStyle = surface.muted;
    const taken = new Set();
    for (const { road, closed, from, to } of named) {
      // Both directions of a road lie on one line: one name is enough.
      const line = [from, to].map(String).sort().join();
      if (taken.has(line)) continue;
      taken.add(line);
      const x1 = viewport.toScreenX(from[0]), y1 = viewport.toScreenY(from[1]);
      const x2 = viewport.toScreenX(to[0]), y2 = viewport.toScreenY(to[1]);
      let angle = Math.atan2(y2 - y1, x2 - x1);
      if (Math.abs(angle) > Math.PI / 2) angle += Math.PI;
      context.save();
      context.translate((x1 + x2) / 2, (y1 + y2) / 2);
      context.rotate(angle);
      context.fillText(closed ? `${road} (closed)` : road, 0, -3);
      context.restore();
    }
  }

  _drawPlaces(context, surface, seen) {
    const { viewport } = this;
    const taken = [];
    const free = (box) => taken.every((other) =>
      box[0] > other[2] || box[2] < other[0] || box[1] > other[3] || box[3] < other[1]);
    context.lineJoin = "round";
    context.textBaseline = "middle";
    const inside = this.placesAt(this.now).filter(({ x, y }) => x > seen.west && x < seen.east && y > seen.south && y < seen.north);
    for (const { kind, x, y, radius, found } of inside) {
      const px = viewport.toScreenX(x), py = viewport.toScreenY(y);
      if (kind === "area") continue;
      if (radius && radius * viewport.scale > 8) {
        context.beginPath();
        context.arc(px, py, radius * viewport.scale, 0, 2 * Math.PI);
        context.strokeStyle = surface.faint;
        context.lineWidth = 1;
        context.stroke();
      }
      placeShape(context, kind, px, py);
      paintPlace(context, surface, kind, found);
      if (kind !== "node" && kind !== "unknown") taken.push([px - 6, py - 6, px + 6, py + 6]);
    }
    for (const { place, kind, x, y } of inside) {
      if (viewport.scale < (NAMED_FROM[kind] || 0)) continue;
      const area = kind === "area", small = kind === "node" || kind === "unknown";
      context.font = area ? `500 12px ${surface.font}` : `${small ? 400 : 500} ${small ? 10.5 : 11}px ${surface.font}`;
      const px = viewport.toScreenX(x), py = viewport.toScreenY(y);
      const wide = context.measureText(place).width;
      // A name that would leave the pane stands on the other side.
      const left = !area && px < viewport.width && px + 9 + wide > viewport.width;
      const box = area ? [px - wide / 2, py - 7, px + wide / 2, py + 7]
        : left ? [px - 9 - wide, py - 7, px - 7.5, py + 7] : [px + 7.5, py - 7, px + 9 + wide, py + 7];
      if (!free(box)) continue;
      taken.push(box);
      this.written.push(box);
      context.textAlign = area ? "center" : left ? "right" : "left";
      const x0 = area ? px : left ? px - 9 : px + 9;
      context.strokeStyle = surface.background;
      context.lineWidth = 3;
      context.strokeText(place, x0, py);
      // Places stay behind the trucks' names.
      context.fillStyle = surface.muted;
      context.fillText(place, x0, py);
    }
  }

  stop() {
    this.picture.stop();
  }
}

// A round length that fits `most` pixels: {metres, pixels, words}.
function scaleBar(scale, most) {
  const longest = most / scale;
  const power = 10 ** Math.floor(Math.log10(longest));
  const metres = power * Math.max(...ROUND_M.filter((round) => round * power <= longest));
  const words = metres >= 1000 ? `${metres / 1000} km` : metres >= 1 ? `${metres} m` : `${Math.round(metres * 100)} cm`;
  return { metres, pixels: metres * scale, words };
}
