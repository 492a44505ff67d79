// Where the trucks were: chunks of positions as chunks.py packs them, and the reading of any moment from
// them. Between two positions a truck is drawn on the straight line; through a hole it is never driven.

const UNKNOWN = 65535;
const FASTEST_M_PER_MS = 0.06; // 216 km/h: nothing in a mine drives that; the position jumped
const HEARD = 1, NOT_HEARD = 2, NEVER = 3, LOADING = 4;
const MOST_ROWS = 4_000_000;
const RUN = 12;
const TOGETHER = 4, LASTS = 2000; // chunks that come in one message, which lasts for so many ms of real time

function _columns(buffer, kind) {
  const view = new DataView(buffer);
  const said = String.fromCharCode(...new Uint8Array(buffer, 0, 4));
  if (said !== kind) throw new Error(`expected ${kind}, got ${said}`);
  const trucks = view.getUint32(4, true), rows = view.getUint32(8, true);
  const begins = new Uint32Array(buffer, 32, trucks + 1);
  return { trucks, rows, begins, start: view.getFloat64(16, true), stop: view.getFloat64(24, true), body: 32 + 4 * (trucks + 1) };
}

function readPositions(buffer, trucks) {
  const chunk = _columns(buffer, "TKC1");
  const n = chunk.rows, body = chunk.body;
  chunk.at = new Int32Array(buffer, body, n);
  chunk.x = new Float32Array(buffer, body + 4 * n, n);
  chunk.y = new Float32Array(buffer, body + 8 * n, n);
  const heading = new Uint16Array(buffer, body + 12 * n, n);
  const speed = new Uint16Array(buffer, body + 14 * n, n);
  chunk.heading = new Float32Array(n);
  chunk.speed = new Float32Array(n);
  // breaks[i] counts the holes up to row i, so any two rows tell whether one lies between them.
  chunk.breaks = new Uint32Array(n);
  chunk.hint = new Int32Array(chunk.trucks);
  for (let truck = 0; truck < chunk.trucks; truck += 1) {
    const first = chunk.begins[truck], end = chunk.begins[truck + 1];
    chunk.hint[truck] = first;
    let facing = 0;
    for (let i = first; i < end; i += 1) {
      if (i > first) {
        const wait = chunk.at[i] - chunk.at[i - 1];
        const way = Math.hypot(chunk.x[i] - chunk.x[i - 1], chunk.y[i] - chunk.y[i - 1]);
        const broken = wait > trucks[truck].gap || way > FASTEST_M_PER_MS * wait + 30;
        chunk.breaks[i] = chunk.breaks[i - 1] + (broken ? 1 : 0);
      }
      let ahead = 0;
      if (i + 1 < end) {
        const dx = chunk.x[i + 1] - chunk.x[i], dy = chunk.y[i + 1] - chunk.y[i];
        const way = Math.hypot(dx, dy);
        ahead = (3600 * way) / Math.max(1, chunk.at[i + 1] - chunk.at[i]);
        if (way > 0.5) facing = (Math.atan2(dx, dy) * 180) / Math.PI;
      }
      if (heading[i] !== UNKNOWN) facing = heading[i] / 100;
      chunk.heading[i] = facing;
      chunk.speed[i] = speed[i] === UNKNOWN ? ahead : speed[i] / 10;
    }
  }
  chunk.before = new Array(chunk.trucks).fill(undefined);
  return chunk;
}

// The chunks of one answer, which follow each other.
function* chunksIn(buffer) {
  for (let from = 0, length; from < buffer.byteLength; from += length) {
    const head = new DataView(buffer, from, 12);
    length = 32 + 4 * (head.getUint32(4, true) + 1) + 16 * head.getUint32(8, true);
    yield length === buffer.byteLength ? buffer : buffer.slice(from, from + length);
  }
}

// A truck's row at or before a moment of a chunk, or -1.
function rowAt(chunk, truck, at) {
  let low = chunk.begins[truck] - 1, high = chunk.begins[truck + 1] - 1;
  const none = low;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (chunk.at[middle] <= at) low = middle;
    else high = middle - 1;
  }
  return low === none ? -1 : low;
}

class Tracks {
  constructor(scene, ask, changed) {
    this.scene = scene;
    this.ask = ask;
    this.changed = changed;
    this.count = Math.ceil(scene.length / scene.chunk);
    this.held = new Map();
    this.asked = new Set();
    this.waiting = 0; // questions, each for one chunk or more
    this.failed = "";
  }

  number(at) {
    return Math.min(this.count - 1, Math.max(0, Math.floor(at / this.scene.chunk)));
  }

  ready(at) {
    return this.scene.trucks.length === 0 || this.held.has(this.number(at));
  }

  // Sees that what is drawn now is here, then what will be, then what the trails came from.
  want(now, ahead, behind) {
    if (this.scene.trucks.length === 0) return;
    const current = this.number(now), wanted = [];
    // What is waited for comes first and alone.
    if (!this.held.has(current)) {
      if (!this.asked.has(current) && this.waiting < 4) this._fetch([current]);
      return;
    }
    const last = this.number(now + Math.max(ahead, this.scene.chunk / 2));
    for (let number = current + 1; number <= Math.min(last, current + 8); number += 1) wanted.push(number);
    for (let number = current - 1; number >= Math.max(this.number(now - behind), current - 8); number -= 1) wanted.push(number);
    for (const number of wanted) {
      // Two at once keep the line busy.
      if (this.waiting >= 2) break;
      if (!this._missing(number)) continue;
      const plays = ahead > 0 && number > current;
      this._fetch(plays ? this._together(number, ahead) : [number], plays ? RUN : 1);
    }
  }

  _missing(number) {
    return number < this.count && !this.held.has(number) && !this.asked.has(number);
  }

  // The chunks to ask for at once from this one on: a message costs the server as much as what is in it.
  _together(number, ahead) {
    const most = Math.min(TOGETHER, Math.round((ahead * LASTS) / AHEAD / this.scene.chunk)), numbers = [number];
    while (numbers.length < most && this._missing(number + numbers.length)) numbers.push(number + numbers.length);
    return numbers;
  }

  // `run`: how many chunks from the first one on will be wanted, for the server to read at once.
  async _fetch(numbers, run = 1) {
    for (const number of numbers) this.asked.add(number);
    this.waiting += 1;
    try {
      const answer = await this.ask("positions", { number: numbers[0], run, together: numbers.length });
      for (const each of chunksIn(answer)) {
        const number = numbers.shift(), chunk = readPositions(each, this.scene.trucks);
        this.asked.delete(number);
        this.held.set(number, chunk);
        this.failed = "";
        this._forget(number);
        this._remember(number, chunk);
        // A frame waits for one at most.
        if (numbers.length) await new Promise((resolve) => setTimeout(resolve));
      }
    } catch (error) {
      this.failed = error.message;
      // A moment later it may work; a page that asks without end helps nobody.
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
    for (const number of numbers) this.asked.delete(number);
    this.waiting -= 1;
    this.changed();
  }

  _forget(newest) {
    let rows = 0;
    for (const chunk of this.held.values()) rows += chunk.rows;
    const far = [...this.held.keys()].sort((a, b) => Math.abs(b - newest) - Math.abs(a - newest));
    while (rows > MOST_ROWS && far.length > 3) {
      const number = far.shift();
      rows -= this.held.get(number).rows;
      this.held.delete(number);
    }
  }

  // For trucks that a chunk does not place at its start: where they were heard last.
  async _remember(number, chunk) {
    const missing = [], previous = this.held.get(number - 1);
    for (let truck = 0; truck < chunk.trucks; truck += 1) {
      const first = chunk.begins[truck];
      if (first < chunk.begins[truck + 1] && chunk.at[first] <= 0) continue;
      if (this.scene.trucks[truck].first >= chunk.start) chunk.before[truck] = null;
      else if (previous && (chunk.before[truck] = this._lastOf(previous, truck)) !== undefined) continue;
      else missing.push(truck);
    }
    if (missing.length === 0) return;
    try {
      const found = await this.ask("last_known", { before: chunk.start, trucks: missing });
      for (const truck of missing) chunk.before[truck] = found[truck] || null;
    } catch (error) {
      for (const truck of missing) chunk.before[truck] = null;
    }
    this.changed();
  }

  _lastOf(chunk, truck) {
    const length = chunk.stop - chunk.start;
    for (let i = chunk.begins[truck + 1] - 1; i >= chunk.begins[truck]; i -= 1) {
      if (chunk.at[i] < length) return [chunk.start + chunk.at[i], chunk.x[i], chunk.y[i]];
    }
    return chunk.before[truck];
  }

  // The row at or before `at`, or -1. Time mostly moves on, so the search starts where it ended.
  _row(chunk, truck, at) {
    const first = chunk.begins[truck], end = chunk.begins[truck + 1];
    if (first === end || chunk.at[first] > at) return -1;
    let i = chunk.hint[truck];
    if (i >= end || i < first || chunk.at[i] > at || (i + 8 < end && chunk.at[i + 8] <= at)) {
      i = rowAt(chunk, truck, at);
    } else {
      while (i + 1 < end && chunk.at[i + 1] <= at) i += 1;
    }
    chunk.hint[truck] = i;
    return i;
  }

  // Fills `out` with {status, x, y, heading, speed, since}: `since` is when it was last heard.
  read(truck, now, out) {
    const chunk = this.held.get(this.number(now));
    if (!chunk) {
      out.status = LOADING;
      return out;
    }
    const at = now - chunk.start;
    const i = this._row(chunk, truck, at);
    if (i < 0) {
      const before = chunk.before[truck];
      out.status = before ? NOT_HEARD : before === undefined ? LOADING : NEVER;
      if (before) [out.since, out.x, out.y] = before;
      out.speed = 0;
      return out;
    }
    const waited = at - chunk.at[i];
    out.since = chunk.start + chunk.at[i];
    out.x = chunk.x[i];
    out.y = chunk.y[i];
    out.heading = chunk.heading[i];
    out.speed = chunk.speed[i];
    const next = i + 1;
    if (next < chunk.begins[truck + 1] && chunk.breaks[next] === chunk.breaks[i]) {
      const part = waited / (chunk.at[next] - chunk.at[i]);
      const turn = ((chunk.heading[next] - chunk.heading[i] + 540) % 360) - 180;
      out.status = HEARD;
      out.x += part * (chunk.x[next] - chunk.x[i]);
      out.y += part * (chunk.y[next] - chunk.y[i]);
      out.heading += part * turn;
      out.speed += part * (chunk.speed[next] - chunk.speed[i]);
      return out;
    }
    // A position holds for as long as they usually come apart, and half as long again.
    out.status = waited <= Math.max(1000, 1.5 * this.scene.trucks[truck].period) ? HEARD : NOT_HEARD;
    if (out.status === NOT_HEARD) out.speed = 0;
    return out;
  }

  // The nearest sample of a truck (-1: of any) after or before `now` in what is here; null: not here.
  nextSample(truck, now, forward) {
    const chunk = this.held.get(this.number(now));
    if (!chunk) return null;
    const at = now - chunk.start, length = chunk.stop - chunk.start;
    let best = null;
    for (let k = truck < 0 ? 0 : truck; k < (truck < 0 ? chunk.trucks : truck + 1); k += 1) {
      let i = this._row(chunk, k, at);
      if (forward) i = i < 0 ? chunk.begins[k] : i + 1;
      else if (i >= 0 && chunk.at[i] >= at) i -= 1;
      if (i < chunk.begins[k] || i >= chunk.begins[k + 1] || chunk.at[i] < 0 || chunk.at[i] >= length) continue;
      const found = chunk.start + chunk.at[i];
      if (best === null || (forward ? found < best : found > best)) best = found;
    }
    return best;
  }
}
