// The trucks. An arrow drives, a circle stands; filled is loaded, outlined is empty; a
// dashed hollow circle was not heard and stays where it was heard last.

const MOVING_KMH = 1.5;
const PAYLOAD_FROM = 0.12; // pixels a metre: from here on there is room for what a truck carries

class Markers {
  constructor(canvas, scene, viewport) {
    this.canvas = canvas;
    this.scene = scene;
    this.viewport = viewport;
    this.hits = [];
    this.trails = new Trails();
    this._sprites = new Sprites();
    this._sides = new Map();
    this._fills = new Map();
  }

  // Draws one frame. `reads[i]` and `does[i]` are what Tracks and Doings read of truck i.
  // `names` are the boxes of what is written on the ground; `hides(truck)` says which truck is left out.
  // The followed truck never is. `quick`: time goes so fast that nobody sees half a pixel.
  draw(surface, reads, does, { tracks, now, trail, followed, names, quick = false, hides = () => false, loads = null }) {
    this._hides = (truck) => truck !== followed && hides(truck);
    const { canvas, viewport } = this;
    const dpr = globalThis.devicePixelRatio || 1;
    this._sprites.on(surface, dpr);
    if (this._dpr !== dpr) this._fills.clear();
    this._dpr = dpr;
    const width = Math.round(viewport.width * dpr), height = Math.round(viewport.height * dpr);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const context = canvas.getContext("2d");
    context.setTransform(dpr, 0, 0, dpr, 0, 0);
    context.clearRect(0, 0, viewport.width, viewport.height);
    if (trail > 0) this._drawTrails(context, surface, reads, tracks, now, trail);
    this.hits.length = 0;
    for (let truck = 0; truck < reads.length; truck += 1) {
      if (!this._hides(truck)) this._see(truck, reads[truck]);
    }
    this._payload = (truck) => (loads && does[truck].loaded && reads[truck].status === HEARD && viewport.scale >= PAYLOAD_FROM ? loads.words(truck, now) : "");
    this._drawNames(context, reads, followed, names);
    for (const { truck, x, y } of this.hits) {
      if (truck !== followed) this._drawTruck(context, surface, x, y, reads[truck], does[truck], false, quick);
    }
    for (const { truck, x, y } of this.hits) {
      if (truck === followed) this._drawTruck(context, surface, x, y, reads[truck], does[truck], true, quick);
    }
  }

  _see(truck, read) {
    if (read.status !== HEARD && read.status !== NOT_HEARD) return;
    const x = this.viewport.toScreenX(read.x), y = this.viewport.toScreenY(read.y);
    if (x < -60 || y < -30 || x > this.viewport.width + 30 || y > this.viewport.height + 30) return;
    this.hits.push({ truck, x, y });
  }

  // A name stands beside its truck, where no truck and no other name is; at worst over a name on the ground.
  // Where there is no such spot it is left out: the pointer tells it. It keeps its side for as long as it can.
  _drawNames(context, reads, followed, names) {
    const { hits, _sprites: sprites } = this, taken = new Taken();
    const trucks = hits.map(({ x, y }) => taken.add([x - 8, y - 8, x + 8, y + 8]));
    const place = (k) => {
      const { truck, x, y } = hits[k], away = truck === followed ? 19 : 11;
      const words = this._payload(truck), payload = words ? sprites.payload(words) : null;
      const name = sprites.name(this.scene.trucks[truck].name, reads[truck].status === HEARD, Boolean(payload));
      const width = name.width + (payload?.width ?? 0), { height } = name;
      const corner = (side) => (side === 0 ? [x + away, y - height / 2] : side === 1 ? [x - away - width, y - height / 2]
        : side === 2 ? [x - width / 2, y - away - height] : [x - width / 2, y + away]);
      let free = -1, found = -1;
      for (const side of [this._sides.get(truck) || 0, 0, 1, 2, 3]) {
        const [left, top] = corner(side), box = [left, top + 2, left + width, top + height - 2];
        if (!taken.free(box, trucks[k])) continue;
        if (free < 0) free = side;
        if (names.some((other) => box[0] <= other[2] && box[2] >= other[0] && box[1] <= other[3] && box[3] >= other[1])) continue;
        found = side;
        break;
      }
      const side = found >= 0 ? found : free >= 0 ? free : truck === followed ? 0 : -1;
      if (side < 0) return;
      this._sides.set(truck, side);
      const [left, top] = corner(side);
      taken.add([left, top + 2, left + width, top + height - 2]);
      sprites.copy(context, name, left, top);
      if (payload) sprites.copy(context, payload, left + name.width, top);
    };
    const first = hits.findIndex(({ truck }) => truck === followed);
    if (first >= 0) place(first);
    for (let k = 0; k < hits.length; k += 1) if (k !== first) place(k);
  }

  // In pixels from the plane's zero, which a map that moves leaves as they are.
  _drawTrails(context, surface, reads, tracks, now, trail) {
    const { viewport, _dpr: dpr } = this, { scale } = viewport;
    context.setTransform(dpr, 0, 0, dpr, dpr * viewport.toScreenX(0), dpr * viewport.toScreenY(0));
    context.strokeStyle = surface.theme === "dark" ? "#DDE6EC" : "#26323B";
    context.lineWidth = 1;
    context.lineJoin = "bevel";
    this.trails.draw(context, tracks, reads, now, trail, scale, this._hides);
    context.setTransform(dpr, 0, 0, dpr, 0, 0);
  }

  _drawTruck(context, surface, x, y, read, doing, followed, quick) {
    if (followed) {
      context.beginPath();
      context.arc(x, y, 16, 0, 2 * Math.PI);
      context.strokeStyle = surface.accent;
      context.lineWidth = 2;
      context.stroke();
    }
    const look = {
      heard: read.status === HEARD, moving: read.speed >= MOVING_KMH, heading: read.heading, state: doing.state, loaded: doing.loaded,
    };
    if (quick) {
      const sprite = this._sprites.truck(look);
      this._sprites.copy(context, sprite, x - sprite.width / 2, y - sprite.height / 2);
      return;
    }
    context.translate(x, y);
    truckShape(context, surface, look, this._fills);
    context.translate(-x, -y);
  }

  // The truck nearest to a spot, within reach of a finger, or -1.
  at(spot) {
    let best = -1, nearest = 18;
    for (const { truck, x, y } of this.hits) {
      const away = Math.hypot(spot.x - x, spot.y - y);
      if (away < nearest) [best, nearest] = [truck, away];
    }
    return best;
  }
}

// One truck at the canvas' zero: {heard, moving, heading, state, loaded}; state "" is not told.
function truckShape(context, surface, look, fills = new Map()) {
  const { state } = look;
  const outline = () => {
    context.beginPath();
    if (look.heard && look.moving) {
      const turn = (look.heading * Math.PI) / 180, sin = Math.sin(turn), cos = Math.cos(turn);
      // Clockwise from north on a canvas whose y runs down.
      const point = (x, y, draw) => context[draw](x * cos - y * sin, x * sin + y * cos);
      point(0, -10, "moveTo");
      point(7, 8, "lineTo");
      point(0, 4.5, "lineTo");
      point(-7, 8, "lineTo");
      context.closePath();
    } else {
      context.arc(0, 0, 6.5, 0, 2 * Math.PI);
    }
  };
  context.lineJoin = "round";
  outline();
  if (!look.heard) {
    context.strokeStyle = surface.muted;
    context.lineWidth = 1.5;
    context.setLineDash([2.5, 2.5]);
    context.stroke();
    context.setLineDash([]);
    return;
  }
  if (state === "no_data") {
    context.fillStyle = surface.background;
    context.fill();
    context.strokeStyle = stateStroke(state, surface.theme);
    context.lineWidth = 1.5;
    context.stroke();
    return;
  }
  const edge = surface.theme === "dark" ? "#0D1114" : "#1B1F23";
  if (state === "" || look.loaded) {
    const key = `${state}|${surface.theme}`;
    if (!fills.has(key)) fills.set(key, stateFill(context, state, surface.theme));
    context.fillStyle = fills.get(key);
    context.fill();
    context.strokeStyle = edge;
    context.lineWidth = 1.25;
    context.stroke();
    return;
  }
  // Empty: the state's colour is a ring between two edges, broken where the state has a pattern.
  const colour = STATES[state].colour, pattern = STATES[state].pattern;
  context.fillStyle = surface.background;
  context.fill();
  context.strokeStyle = edge;
  context.lineWidth = 5;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = 3;
  if (pattern === "striped") context.setLineDash([3.4, 1.7]);
  if (pattern === "dotted") context.setLineDash([1.5, 1.9]);
  context.stroke();
  context.setLineDash([]);
  if (pattern === "hatched") {
    context.beginPath();
    context.moveTo(-3, -3);
    context.lineTo(3, 3);
    context.moveTo(3, -3);
    context.lineTo(-3, 3);
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.stroke();
  }
}

// A small canvas whose zero is its middle.
function swatchCanvas(size) {
  const dpr = globalThis.devicePixelRatio || 1;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.round(size * dpr);
  canvas.style.width = canvas.style.height = `${size}px`;
  canvas.setAttribute("aria-hidden", "true");
  const context = canvas.getContext("2d");
  context.scale(dpr, dpr);
  context.translate(size / 2, size / 2);
  return { canvas, context };
}

// A small canvas with one truck on it, for the legend.
function truckSwatch(surface, look, size = 22) {
  const { canvas, context } = swatchCanvas(size);
  truckShape(context, surface, look);
  return canvas;
}
