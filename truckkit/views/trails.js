// The ways that trucks came: they fade with age and break on holes. Time is cut into pieces, and of each piece the
// corners of all ways are kept until the map is zoomed, so that a frame reads but the rows that came with it. All ways
// of a piece are one line, as faint as its middle is old: few long lines of one pixel are drawn in a third of the time
// of many short ones.

const TRAIL_STEPS = 6; // pieces that a trail is long
const TRAIL_STRENGTH = 0.9;
const TRAIL_PIXELS = 3; // how far spots of a way lie apart at least
const STRAIGHT = 0.25; // pixels: how far a spot may lie off a line
const SEEN_PIXELS = 0.5; // a shorter end is not seen

// What lies between `from` and `to` [ms from its chunk's start], in pixels from the plane's zero.
class TrailPiece {
  // `hidden[truck]`: whether it has no trail.
  constructor(chunk, from, to, scale, hidden) {
    Object.assign(this, { chunk, from, to, scale, until: -Infinity, line: null });
    this.rows = new Int32Array(chunk.trucks);
    // The corners of each truck's way, x after y; NaN where it breaks. From the last one it runs on to its spot.
    this.corners = Array.from(this.rows, () => []);
    this.spots = new Float64Array(2 * chunk.trucks);
    for (let truck = 0; truck < chunk.trucks; truck += 1) {
      const row = rowAt(chunk, truck, from);
      this.rows[truck] = hidden[truck] ? chunk.begins[truck + 1] : (row < 0 ? chunk.begins[truck] : row) - 1;
    }
  }

  // Reads on to a moment.
  reach(until) {
    if (until <= this.until) return;
    this.until = until;
    const { at, begins, trucks } = this.chunk;
    for (let truck = 0; truck < trucks; truck += 1) {
      const first = this.rows[truck] + 1, end = begins[truck + 1];
      let row = first;
      while (row < end && at[row] <= until) row += 1;
      if (row > first) this._pass(truck, first, row);
    }
  }

  // Takes the rows [first, end) of a truck.
  _pass(truck, first, end) {
    const { scale, spots } = this, { x, y, breaks } = this.chunk, corners = this.corners[truck];
    let [ax, ay] = corners.slice(-2), px = spots[2 * truck], py = spots[2 * truck + 1];
    for (let row = first; row < end; row += 1) {
      const sx = x[row] * scale, sy = -y[row] * scale;
      const broken = corners.length > 0 && breaks[row] !== breaks[row - 1];
      if (broken) {
        corners.push(...this._rest(corners, px, py, x[row - 1] * scale, -y[row - 1] * scale), NaN, NaN);
      }
      if (broken || !corners.length) {
        corners.push(sx, sy);
        [ax, ay] = [sx, sy];
      } else {
        if (Math.abs(sx - px) + Math.abs(sy - py) < TRAIL_PIXELS) continue;
        // From the last corner (ax, ay) a line runs to (px, py), and on while it is straight.
        const off = Math.abs((sx - ax) * (py - ay) - (sy - ay) * (px - ax));
        if (off > STRAIGHT * (Math.abs(sx - ax) + Math.abs(sy - ay))) {
          corners.push(px, py);
          [ax, ay] = [px, py];
        }
      }
      [px, py] = [sx, sy];
    }
    spots[2 * truck] = px;
    spots[2 * truck + 1] = py;
    this.rows[truck] = end - 1;
  }

  // What is left of a way after its last corner: by its spot (px, py) to where it ends.
  _rest(corners, px, py, x, y) {
    const rest = px === corners.at(-2) && py === corners.at(-1) ? [] : [px, py];
    if (Math.abs(x - px) + Math.abs(y - py) > SEEN_PIXELS) rest.push(x, y);
    return rest;
  }

  // Lays the ways of all trucks; `reads` is where they are, if this is the piece that time is in.
  lay(line, reads = null) {
    const { chunk, rows, scale, spots } = this;
    this.corners.forEach((corners, truck) => {
      if (!corners.length) return;
      let drawn = false;
      for (let k = 0; k < corners.length; k += 2) {
        const x = corners[k], y = corners[k + 1];
        if (drawn) line.lineTo(x, y);
        else line.moveTo(x, y);
        drawn = !Number.isNaN(x);
      }
      const end = reads ? reads[truck] : { x: chunk.x[rows[truck]], y: chunk.y[rows[truck]] };
      const rest = this._rest(corners, spots[2 * truck], spots[2 * truck + 1], end.x * scale, -end.y * scale);
      for (let k = 0; k < rest.length; k += 2) line.lineTo(rest[k], rest[k + 1]);
    });
    return line;
  }
}

class Trails {
  constructor() {
    this.pieces = new Map();
    this._hidden = new Uint8Array(0);
    this._cut = "";
  }

  // Draws the trails that lead to `now`, each `trail` ms long. `reads[i]` is where truck i is, `hides(i)` whether it
  // has none. Pixels are the plane's, see Markers.
  draw(context, tracks, reads, now, trail, scale, hides) {
    const chunkLong = tracks.scene.chunk, parts = Math.max(1, Math.round((chunkLong * TRAIL_STEPS) / trail)), long = chunkLong / parts;
    this._forget(`${scale} ${parts}`, reads.length, hides);
    const number = tracks.number(now), newest = number * parts + Math.min(parts - 1, Math.floor((now - number * chunkLong) / long));
    let oldest = newest;
    for (; oldest >= 0; oldest -= 1) {
      const from = Math.floor(oldest / parts) * chunkLong + (oldest % parts) * long;
      const age = now - (from + Math.min(now, from + long)) / 2;
      if (age >= trail) break;
      const piece = this._piece(oldest, parts, long, tracks, now, scale);
      if (!piece) continue;
      context.globalAlpha = TRAIL_STRENGTH * (1 - age / trail);
      if (piece.until < piece.to) {
        context.beginPath();
        piece.lay(context, reads);
        context.stroke();
      } else context.stroke((piece.line ??= piece.lay(new Path2D())));
    }
    context.globalAlpha = 1;
    for (const kept of this.pieces.keys()) if (kept <= oldest || kept > newest) this.pieces.delete(kept);
  }

  // The piece of a number as far as time has come; null: its chunk is not here.
  _piece(number, parts, long, tracks, now, scale) {
    const chunk = tracks.held.get(Math.floor(number / parts));
    if (!chunk) return null;
    const from = (number % parts) * long, to = (number % parts + 1) * long, until = Math.min(to, now - chunk.start);
    let piece = this.pieces.get(number);
    if (!piece || piece.chunk !== chunk || piece.until > until) {
      piece = new TrailPiece(chunk, from, to, scale, this._hidden);
      this.pieces.set(number, piece);
    }
    piece.reach(until);
    return piece;
  }

  // What was kept is of use while the map is not zoomed, pieces stay as long as they were, and the same trucks are hidden.
  _forget(cut, count, hides) {
    let same = cut === this._cut && count === this._hidden.length;
    if (count !== this._hidden.length) this._hidden = new Uint8Array(count);
    for (let truck = 0; truck < count; truck += 1) {
      const hidden = Number(hides(truck));
      same &&= hidden === this._hidden[truck];
      this._hidden[truck] = hidden;
    }
    this._cut = cut;
    if (!same) this.pieces.clear();
  }
}
