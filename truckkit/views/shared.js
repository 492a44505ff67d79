// What the panes of one replay share: the clock, the truck that is followed, the trucks and the stretch of time
// that are meant, and the marks on the clock. Each pane is a module of its own, so they meet by a name in the page.

class Shared {
  // `start` is in milliseconds since 1970; the playhead counts from it.
  constructor(start, length) {
    this.start = start;
    this.playhead = new Playhead(length);
    this.truck = "";
    this.trucks = null;
    this.source = "";
    this.marks = [];
    this.users = 0;
    // Of several pictures of one replay, one alone moves the clock on.
    this.driver = null;
    this._watchers = new Set();
  }

  // Another window of the same replay: the moment stays what it was, as far as it lies in it.
  move(start, length) {
    if (start === this.start && length === this.playhead.length) return;
    const at = this.start + this.playhead.now, by = this.start - start;
    this.marks = this.marks.map((mark) => ({ ...mark, at: mark.at + by }));
    this.start = start;
    this.playhead.length = length;
    this.playhead.loop = null;
    this.playhead.seek(at - start);
    this._tell("window");
  }

  // Calls back with "truck", "trucks", "source", "marks", "window", or what the playhead tells; gives the function that stops it.
  watch(watcher) {
    this._watchers.add(watcher);
    const stop = this.playhead.watch(watcher);
    return () => {
      this._watchers.delete(watcher);
      stop();
    };
  }

  // The truck to follow by its name; "": none.
  follow(truck) {
    if (truck === this.truck) return;
    this.truck = truck;
    this._tell("truck");
  }

  // The trucks that are meant, as a Set of names; null: all.
  narrow(trucks) {
    this.trucks = trucks;
    this._tell("trucks");
  }

  // Who tells of the states; "": left to the site.
  tell(source) {
    this.source = source;
    this._tell("source");
  }

  // What happened: [{at, truck, kind, words}] by time [ms from `start`]; kind "cycle" is to step by, not to draw.
  mark(marks) {
    this.marks = marks;
    this._tell("marks");
  }

  _tell(what) {
    for (const watcher of this._watchers) watcher(what);
  }
}

// The shared state of a name; whoever comes first makes it. Give it back with `leaveShared`.
function enterShared(name, start, length) {
  globalThis.truckkitShared ??= new Map();
  let shared = globalThis.truckkitShared.get(name);
  if (!shared) globalThis.truckkitShared.set(name, (shared = new Shared(start, length)));
  shared.users += 1;
  return shared;
}

function leaveShared(name) {
  const shared = globalThis.truckkitShared?.get(name);
  if (!shared) return;
  shared.users -= 1;
  if (shared.users <= 0) globalThis.truckkitShared.delete(name);
}
