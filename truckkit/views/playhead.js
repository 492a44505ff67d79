// The one clock that every pane hangs on. Times are milliseconds from the window's start.

const WORDS_EVERY = 100; // ms: faster than this nobody reads

// While it is the same, words stay. Those of all panes change with the same frame, for it lays the page out anew.
const beatOf = (time) => Math.floor(time / WORDS_EVERY);

class Playhead {
  constructor(length) {
    this.length = length;
    this.now = 0;
    this.speed = 60;
    this.playing = false;
    // True while what must be drawn is not here yet: time stands rather than run past what is unknown.
    this.waiting = false;
    // [from, to): where time comes round again; null: nowhere.
    this.loop = null;
    this._watchers = new Set();
  }

  // Calls back with "play", "pause", "seek", "speed", "loop" or "tick"; gives the function that stops it.
  watch(watcher) {
    this._watchers.add(watcher);
    return () => this._watchers.delete(watcher);
  }

  // The last moment that can be shown; the window ends before its stop.
  get last() {
    return Math.max(0, this.length - 1);
  }

  play() {
    if (this.playing || this.length <= 0) return;
    if (this.now >= this.last) this.now = 0;
    if (this.loop && (this.now < this.loop[0] || this.now >= this.loop[1])) [this.now] = this.loop;
    this.playing = true;
    this._tell("play");
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    // Standing time is a whole millisecond: what is shown is what was meant.
    this.now = Math.round(this.now);
    this._tell("pause");
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  seek(at) {
    this.now = Math.min(this.last, Math.max(0, Math.round(at)));
    this._tell("seek");
  }

  accelerate(speed) {
    this.speed = speed;
    this._tell("speed");
  }

  // Repeats [from, to) from now on; null ends it.
  repeat(loop) {
    const held = loop && loop.map((at) => Math.min(this.length, Math.max(0, Math.round(at))));
    this.loop = held && held[1] > held[0] ? held : null;
    this._tell("loop");
  }

  // One frame of the screen later, `elapsed` real milliseconds.
  advance(elapsed) {
    if (!this.playing || this.waiting) return;
    this.now += elapsed * this.speed;
    if (this.loop && this.now >= Math.min(this.loop[1], this.last)) {
      const [from, to] = this.loop;
      this.now = from + ((this.now - to) % (to - from));
    }
    if (this.now >= this.last) {
      this.now = this.last;
      this.pause();
      return;
    }
    this._tell("tick");
  }

  _tell(what) {
    for (const watcher of this._watchers) watcher(what);
  }
}
