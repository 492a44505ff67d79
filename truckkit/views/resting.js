// A picture that changes often for a while and then stays. Without a graphics card a browser copies each canvas that
// is drawn on for each frame of the page, also one that nobody touches, but not one that was handed over whole, and
// to hand over each picture of a zoom would cost more than the copies. So what changes is drawn where it is seen, and
// once it has stood for a while one copy takes its place.

const STANDS = 400; // ms without a change

class Resting {
  // `layers`: canvases of one size, as they lie over each other; they still take what pointer and keys do.
  constructor(layers) {
    this.layers = layers;
    this.copy = element("canvas", "copy", "", { "aria-hidden": "true" });
    layers.at(-1).after(this.copy);
    this._shown = this.copy.getContext("bitmaprenderer");
    this._changed = 0;
    this._timer = 0;
    this._turn(false);
  }

  // Something was drawn.
  changed() {
    this._changed = performance.now();
    if (this.resting) this._turn(false);
    this._timer ||= setTimeout(() => this._look(), STANDS);
  }

  stop() {
    clearTimeout(this._timer);
  }

  _look() {
    const left = this._changed + STANDS - performance.now();
    this._timer = left > 0 ? setTimeout(() => this._look(), left) : 0;
    if (this._timer) return;
    const { layers, copy } = this, [{ width, height, style }] = layers;
    const aside = new OffscreenCanvas(Math.max(1, width), Math.max(1, height)), context = aside.getContext("2d");
    for (const layer of layers) if (width && height && !layer.hidden) context.drawImage(layer, 0, 0);
    Object.assign(copy.style, { width: style.width, height: style.height });
    Object.assign(copy, { width: aside.width, height: aside.height });
    this._shown.transferFromImageBitmap(aside.transferToImageBitmap());
    this._turn(true);
  }

  // What is transparent is not copied, and a pointer and the keys reach it.
  _turn(resting) {
    this.resting = resting;
    this.copy.style.visibility = resting ? "" : "hidden";
    for (const layer of this.layers) layer.classList.toggle("resting", resting);
  }
}
