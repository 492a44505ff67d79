// What sensors said, held by tiles, see signal_tiles.py. Times are ms from the window's start.

const ASK_AGAIN = 5000; // ms: how long what failed is left alone

function readTile(body) {
  const bytes = body instanceof Uint8Array ? body.slice() : new Uint8Array(body.slice ? body.slice(0) : body);
  const look = new DataView(bytes.buffer);
  const rows = look.getUint32(4, true);
  return {
    gap: look.getFloat64(8, true), at: new Float64Array(bytes.buffer, 16, rows),
    measured: new Float32Array(bytes.buffer, 16 + 8 * rows, rows), breaks: new Uint8Array(bytes.buffer, 16 + 12 * rows, rows),
  };
}

// The first row at or after a moment.
function rowFrom(at, moment) {
  let low = 0, high = at.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at[middle] < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

class Series {
  constructor(scene, ask, came) {
    this.scene = scene;
    this.failed = "";
    this._ask = ask;
    this._came = came;
    this._tiles = new Map();
  }

  // The level whose buckets are no wider than a pixel of `ms`.
  level(ms) {
    return Math.max(0, Math.min(this.scene.levels - 1, Math.floor(Math.log(Math.max(1, ms)) / Math.log(4) + 1e-9)));
  }

  // The tiles of a truck's channel over [from, to): those that are here; the others are asked for.
  over(truck, channel, level, from, to) {
    const length = this.scene.buckets * 4 ** level, found = [];
    const last = Math.ceil(Math.min(to, this.scene.length) / length);
    let waiting = false;
    for (let number = Math.max(0, Math.floor(from / length)); number < last; number += 1) {
      const tile = this._tile(truck, channel, level, number);
      if (tile) found.push({ ...tile, from: number * length, to: (number + 1) * length });
      else waiting = true;
    }
    return { found, waiting };
  }

  // What was measured last at a moment: {measured} or {gap} or {waiting}.
  at(truck, channel, level, moment) {
    const { found: [tile] } = this.over(truck, channel, level, moment, moment + 1);
    if (!tile) return { waiting: true };
    const next = rowFrom(tile.at, moment + 1), last = next - 1;
    if (last < 0) return { gap: true };
    if (tile.at[last] < moment && (next < tile.at.length ? tile.breaks[next] : moment - tile.at[last] > tile.gap)) return { gap: true };
    return { measured: tile.measured[last] };
  }

  _tile(truck, channel, level, number) {
    const key = `${truck}/${channel}/${level}/${number}`;
    const held = this._tiles.get(key);
    if (held) {
      // The least recently wanted go first.
      this._tiles.delete(key);
      this._tiles.set(key, held);
      return held.at ? held : null;
    }
    if (this._tiles.size >= 600) this._tiles.delete(this._tiles.keys().next().value);
    this._tiles.set(key, {});
    this._ask("signal", { truck, channel, level, number }).then((body) => {
      this.failed = "";
      this._tiles.set(key, readTile(body));
      this._came();
    }, (error) => {
      this.failed = error.message;
      setTimeout(() => this._tiles.delete(key), ASK_AGAIN);
      this._came();
    });
    return null;
  }
}
