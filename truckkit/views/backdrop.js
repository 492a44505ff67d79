// The picture of what happened on the ground: asked for what is seen, once the map has stood for a moment, and
// coloured here. Its pixels are squares of the site's plane, so each of them has one value that can be read.

const FINEST = 3; // metres a pixel of the backdrop: finer ones would show single positions as specks
const MOST_PIXELS = 2400;
const STRENGTH = 0.82, STATE_STRENGTH = 0.6; // the trucks of a state are told from the ground of the same

class Backdrop {
  // `changed` hears that there is another picture or another answer.
  constructor(scene, viewport, ask, changed) {
    Object.assign(this, { scene, viewport, ask, changed });
    this.shown = true;
    this.kind = "density";
    this.period = this.source = "";
    this.seen = this.whole = this.answer = this.scale = null;
    this.failed = "";
    this.waiting = false;
    this._wanted = this._version = 0;
    this._asking = this._again = false;
  }

  // Another kind, period or source from now on.
  choose({ kind = this.kind, period = this.period, source = this.source }) {
    if (kind === this.kind && period === this.period && source === this.source) return;
    Object.assign(this, { kind, period, source });
    this.seen = this.whole = this.answer = this.scale = null;
    this.failed = "";
    this._version += 1;
    this.want();
    this.changed();
  }

  // Colours are those of a scale {low, high, log} from now on; gives whether they are others than before.
  scaled(scale) {
    if (this.scale && this.scale.low === scale.low && this.scale.high === scale.high) return false;
    this.scale = scale;
    for (const picture of [this.seen, this.whole]) if (picture) picture.theme = "";
    return true;
  }

  want() {
    if (!this.shown || this.scene.trucks.length === 0 || this.viewport.width < 2) return;
    clearTimeout(this._wanted);
    this._wanted = setTimeout(() => this._fetch(), this.seen ? 140 : 0);
  }

  // The frame that is seen, cut along squares: {west, south, east, north} from the origin [m], side, width, height.
  _frame(margin) {
    const { viewport, scene: { origin: [ox, oy] } } = this;
    const seen = viewport.bounds(margin);
    let side = FINEST * 2 ** Math.max(0, Math.round(Math.log2(1 / (viewport.scale * FINEST))));
    for (;;) {
      const west = Math.floor((seen.west + ox) / side), east = Math.ceil((seen.east + ox) / side);
      const south = Math.floor((seen.south + oy) / side), north = Math.ceil((seen.north + oy) / side);
      if (Math.max(east - west, north - south) <= MOST_PIXELS) {
        return {
          west: west * side - ox, east: east * side - ox, south: south * side - oy, north: north * side - oy,
          side, width: east - west, height: north - south,
        };
      }
      side *= 2;
    }
  }

  async _fetch() {
    if (this._asking) {
      this._again = true;
      return;
    }
    this._again = false;
    const { scene, _version: version } = this, [ox, oy] = scene.origin, frame = this._frame(MARGIN);
    // The map moved within the squares that are here, or came back to them.
    if (this.seen && Object.keys(frame).every((side) => frame[side] === this.seen.frame[side])) {
      this.failed = "";
      return;
    }
    this._asking = this.waiting = true;
    this.changed();
    try {
      const answer = await this.ask("backdrop", {
        west: frame.west + ox, south: frame.south + oy, east: frame.east + ox, north: frame.north + oy,
        width: frame.width, height: frame.height, backdrop: this.kind, period: this.period, source: this.source,
      });
      const codes = answer.picture ? await _codes(answer.picture, frame) : new Uint8Array(frame.width * frame.height);
      if (version === this._version) this._take(frame, answer, codes);
    } catch (error) {
      // The map is whole without it, and the next zoom asks again.
      if (version === this._version) this.failed = error.message;
    }
    this._asking = this.waiting = false;
    if (version !== this._version) this._again = true;
    if (this._again) this.want();
    this.changed();
  }

  _take(frame, answer, codes) {
    this.answer = answer;
    this.failed = "";
    this.scale = { low: answer.low, high: answer.high, log: answer.log };
    this.seen = { frame, answer, codes, theme: "", tinted: null };
    const [ox, oy] = this.scene.origin, [west, south, east, north] = this.scene.bounds;
    const all = frame.west + ox <= west && frame.south + oy <= south && frame.east + ox >= east && frame.north + oy >= north;
    if (all) this.whole = this.seen;
  }

  // The picture of what is seen, and where the map has run out of it that of the whole.
  draw(context, surface, width, height) {
    const { viewport, seen, whole } = this;
    if (!this.shown || !seen?.answer.picture) return;
    // Counts of squares of another size would be of another colour than those beside them.
    if (whole && whole !== seen && this.kind !== "density" && this.kind !== "payload") {
      const { west, south, east, north } = seen.frame;
      const left = viewport.toScreenX(west), top = viewport.toScreenY(north);
      context.save();
      context.beginPath();
      context.rect(-width, -height, 3 * width, 3 * height);
      context.rect(left, top, viewport.toScreenX(east) - left, viewport.toScreenY(south) - top);
      context.clip("evenodd");
      this._drawOne(context, surface, whole);
      context.restore();
    }
    this._drawOne(context, surface, seen);
  }

  _drawOne(context, surface, picture) {
    const { frame } = picture, { viewport } = this;
    if (picture.theme !== surface.theme) {
      picture.theme = surface.theme;
      picture.tinted = colouredGround(picture.codes, frame.width, frame.height, picture.answer, this.scale, surface.theme);
    }
    context.save();
    context.globalAlpha = this.kind === "state" ? STATE_STRENGTH : STRENGTH;
    context.imageSmoothingEnabled = this.kind !== "state" || frame.side * viewport.scale < 1;
    context.drawImage(
      picture.tinted, viewport.toScreenX(frame.west), viewport.toScreenY(frame.north),
      (frame.east - frame.west) * viewport.scale, (frame.north - frame.south) * viewport.scale,
    );
    context.restore();
  }

  // The code at a place of the plane [m from the origin]; null where no picture reaches.
  codeAt(x, y) {
    if (!this.seen) return null;
    const { frame, codes } = this.seen;
    const column = Math.floor((x - frame.west) / frame.side), row = Math.floor((frame.north - y) / frame.side);
    return column < 0 || row < 0 || column >= frame.width || row >= frame.height ? null : codes[row * frame.width + column];
  }

  stop() {
    clearTimeout(this._wanted);
    this._version += 1;
    this.changed = () => {};
  }
}

// The greys of a picture, row by row.
async function _codes(picture, { width, height }) {
  const blob = new Blob([picture], { type: "image/png" });
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height), codes = new Uint8Array(width * height);
  for (let k = 0; k < codes.length; k += 1) codes[k] = data[4 * k];
  return codes;
}
