// A picture that mostly stays as it is, on a canvas. It is drawn aside and handed over whole: without a graphics card
// a browser copies each canvas that is drawn on for each frame of the page, also one that nobody touched. What is drawn
// with each frame is better drawn where it is seen: to hand it over costs more than the copy.

class Still {
  constructor(canvas) {
    this.canvas = canvas;
    this._shown = canvas.getContext("bitmaprenderer");
    this._context = new OffscreenCanvas(1, 1).getContext("2d");
  }

  // A context of an empty picture, in CSS pixels; what is drawn on it is seen once it is shown.
  begin(width, height) {
    const dpr = globalThis.devicePixelRatio || 1, context = this._context, aside = context.canvas;
    const wide = Math.max(1, Math.round(width * dpr)), high = Math.max(1, Math.round(height * dpr));
    if (aside.width !== wide || aside.height !== high) Object.assign(aside, { width: wide, height: high });
    context.setTransform(dpr, 0, 0, dpr, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  }

  show() {
    const { canvas, _context: { canvas: aside } } = this;
    if (canvas.width !== aside.width || canvas.height !== aside.height) Object.assign(canvas, { width: aside.width, height: aside.height });
    this._shown.transferFromImageBitmap(aside.transferToImageBitmap());
  }
}
