// What is drawn sixty times a second is drawn once and copied: the names of trucks, and trucks as they look while
// time goes fast. Text and outlines are dear; a copy at whole pixels costs a fifth.

const TURNS = 64; // as many headings as one sees apart on an arrow of twenty pixels
const TRUCK_SIZE = 30;
const MOST_SPRITES = 4000;

class Sprites {
  constructor() {
    this._held = new Map();
    this._surface = null;
    this._dpr = 0;
  }

  // What was drawn for another surface or another screen is of no use.
  on(surface, dpr) {
    if (this._surface === surface && this._dpr === dpr) return;
    this._surface = surface;
    this._dpr = dpr;
    this._held.clear();
  }

  // Copies a sprite onto the canvas, at the whole pixels nearest to a spot.
  copy(context, { bitmap, width, height }, left, top) {
    const dpr = this._dpr;
    context.drawImage(bitmap, Math.round(left * dpr) / dpr, Math.round(top * dpr) / dpr, width, height);
  }

  // A truck, see truckShape, whose middle is the sprite's.
  truck(look) {
    const turn = look.heard && look.moving ? Math.round((look.heading * TURNS) / 360) & (TURNS - 1) : -1;
    const key = `${turn} ${look.heard} ${look.loaded} ${look.state}`;
    return this._held.get(key) || this._make(key, TRUCK_SIZE, TRUCK_SIZE, (context) => {
      context.translate(TRUCK_SIZE / 2, TRUCK_SIZE / 2);
      truckShape(context, this._surface, { ...look, heading: (turn * 360) / TURNS });
    });
  }

  // A truck's name, where what it carries follows it or not. What lies under it does not show through.
  name(name, heard, followed) {
    const key = `name ${heard} ${followed} ${name}`;
    return this._held.get(key) || this._plate(key, name, 600, heard, 3, [3, followed ? 0 : 3, followed ? 0 : 3, 3]);
  }

  // What a truck carries, to follow its name: many carry the same.
  payload(words) {
    const key = `payload ${words}`;
    return this._held.get(key) || this._plate(key, words, 500, true, 0, [0, 3, 3, 0]);
  }

  _plate(key, words, weight, heard, before, corners) {
    const surface = this._surface, font = `${weight} 11.5px ${surface.font}`, height = 18;
    this._measured ??= new OffscreenCanvas(1, 1).getContext("2d");
    this._measured.font = font;
    const width = Math.min(220, Math.ceil(this._measured.measureText(words).width) + before + 3);
    return this._make(key, width, height, (context) => {
      context.font = font;
      context.textBaseline = "middle";
      context.fillStyle = surface.background;
      context.globalAlpha = 0.85;
      context.beginPath();
      context.roundRect(0, 2, width, height - 4, corners);
      context.fill();
      context.globalAlpha = 1;
      context.fillStyle = heard ? surface.ink : surface.muted;
      context.fillText(words, before, height / 2, 217 - before);
    });
  }

  _make(key, wide, high, draw) {
    const dpr = this._dpr, canvas = new OffscreenCanvas(Math.ceil(wide * dpr), Math.ceil(high * dpr));
    const context = canvas.getContext("2d");
    context.scale(dpr, dpr);
    draw(context);
    if (this._held.size >= MOST_SPRITES) this._held.clear();
    // A canvas would be copied anew for each picture that it is drawn on.
    const sprite = { bitmap: canvas.transferToImageBitmap(), width: canvas.width / dpr, height: canvas.height / dpr };
    this._held.set(key, sprite);
    return sprite;
  }
}
