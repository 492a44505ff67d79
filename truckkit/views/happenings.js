// What happened: marks on the clock that one steps along, see happenings.py, and how they look on its slider.

const CYCLE_MARK = "cycle"; // to step by alone: on the slider there would be one in every place
const ROUTINE = new Set(["load", "dump"]);
const THUMB = 16; // pixels: the slider's thumb, the middle of which is the moment
const NEAR = 4; // pixels: how near a pointer must come to a mark to be told of it
const MOST_TOLD = 3;

function readHappenings(body) {
  const { at, truck, kind, words, trucks, kinds, texts, left } = JSON.parse(new TextDecoder().decode(body));
  return { left, marks: at.map((ms, k) => ({ at: ms, truck: trucks[truck[k]], kind: kinds[kind[k]], words: texts[words[k]] })) };
}

const isDrawn = (mark) => mark.kind !== CYCLE_MARK;

// The first mark that is not before a moment; marks lie by time.
function markFrom(marks, moment) {
  let low = 0, high = marks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (marks[middle].at < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

// The marks of the nearest instant after `now`, or before it where `direction` is -1; none where there is none.
// `kind`: "event", any that is drawn, or "cycle", starts of haul cycles, of one truck where it is named.
function nextMark(shared, now, direction, kind, truck) {
  const { marks, trucks } = shared;
  const meant = (mark) => (kind === CYCLE_MARK ? mark.kind === CYCLE_MARK && (!truck || mark.truck === truck) : isDrawn(mark))
    && (!trucks || trucks.has(mark.truck)) && mark.at >= 0 && mark.at <= shared.playhead.last;
  const found = [];
  for (let k = direction > 0 ? markFrom(marks, now + 1) : markFrom(marks, now) - 1; k >= 0 && k < marks.length; k += direction) {
    if (found.length && marks[k].at !== found[0].at) break;
    if (meant(marks[k])) found.push(marks[k]);
  }
  return direction > 0 ? found : found.reverse();
}

// What happened at one instant, in words.
function markWords(marks, written) {
  const told = marks.slice(0, MOST_TOLD).map(({ truck, words }) => `${truck}: ${words}`);
  if (marks.length > MOST_TOLD) told.push(`and ${marks.length - MOST_TOLD} more`);
  return `${written(marks[0].at)}, ${told.join("; ")}`;
}

// Fetches what happened as a source tells it, and steps from one to the next. `written(at)`: a moment in words.
function happeningsOf(ask, shared, written) {
  let asked = 0, wanting = "Looking for what happened; step again in a moment.", left = "";
  async function look(source) {
    const number = (asked += 1);
    try {
      const found = readHappenings(await ask("happenings", { source }));
      if (number !== asked) return;
      ({ left } = found);
      wanting = "";
      shared.mark(found.marks);
    } catch (error) {
      if (number === asked) wanting = error.message;
    }
  }
  // Goes `times` marks on or back; gives what to say of where time stands then.
  function step(direction, times, kind, truck) {
    let marks = [];
    for (let k = 0; k < times; k += 1) {
      const next = nextMark(shared, shared.playhead.now, direction, kind, truck);
      if (!next.length) break;
      marks = next;
      shared.playhead.seek(marks[0].at);
    }
    if (marks.length) return markWords(marks, written);
    const what = kind === CYCLE_MARK ? `haul cycle ${truck ? `of ${truck} ` : ""}starts` : "event is";
    const none = `No ${what} ${direction > 0 ? "after" : "before"} ${written(shared.playhead.now)} in this window.`;
    return wanting || [none, left].filter(Boolean).join(" ");
  }
  return { look, step, stop: () => { asked += 1; } };
}

// Ticks along the slider: tall ones for what is out of the ordinary, low ones for loads and dumps. `track` holds
// the slider. They are drawn when marks or the size change, never with a frame.
function markStrip(track, shared, written) {
  const canvas = track.appendChild(element("canvas", "marks", "", { "aria-hidden": "true" }));
  const label = track.appendChild(element("div", "marked", "", { "aria-hidden": "true" }));
  label.hidden = true;
  const still = new Still(canvas);
  let surface = null, told = null;
  const shown = () => shared.marks.filter((mark) => isDrawn(mark) && (!shared.trucks || shared.trucks.has(mark.truck))
    && mark.at >= 0 && mark.at <= shared.playhead.last);
  const place = (at, width) => (at / Math.max(1, shared.playhead.last)) * width;

  function draw() {
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!surface || width < 2) return;
    const context = still.begin(width, height);
    // Marks of one pixel are one tick; more of them make a low one a little taller.
    const counts = [new Map(), new Map()];
    for (const mark of shown()) {
      const lane = counts[ROUTINE.has(mark.kind) ? 0 : 1], x = Math.min(Math.floor(place(mark.at, width)), Math.ceil(width) - 1);
      lane.set(x, (lane.get(x) || 0) + 1);
    }
    context.fillStyle = surface.muted;
    for (const [x, count] of counts[0]) {
      const tall = Math.min(height / 2, 2 + Math.log2(count));
      context.fillRect(x, height - tall, 1, tall);
    }
    context.fillStyle = surface.ink;
    for (const x of counts[1].keys()) context.fillRect(x - 0.5, 0, 2, height);
    still.show();
    // For whoever reads the picture from outside, such as a test.
    canvas.dataset.ticks = String(counts[0].size + counts[1].size);
  }
  // Says something above a moment of the slider; "" ends it.
  function tell(at, words) {
    told = words ? at : null;
    label.hidden = !words;
    if (!words) return;
    label.textContent = words;
    const middle = THUMB / 2 + place(at, canvas.clientWidth), half = label.offsetWidth / 2;
    label.style.left = `${Math.min(Math.max(middle - half, 0), Math.max(0, track.clientWidth - 2 * half))}px`;
  }
  const pointed = (event) => {
    const x = event.clientX - track.getBoundingClientRect().left - THUMB / 2, width = canvas.clientWidth;
    const near = shown().filter((mark) => Math.abs(place(mark.at, width) - x) <= NEAR);
    const away = (mark) => Math.abs(place(mark.at, width) - x) + (ROUTINE.has(mark.kind) ? NEAR : 0);
    const nearest = near.length ? near.reduce((best, mark) => (away(mark) < away(best) ? mark : best)) : null;
    if (nearest) tell(nearest.at, markWords(near.filter((mark) => mark.at === nearest.at), written));
    else tell(0, "");
  };
  track.addEventListener("pointermove", pointed);
  track.addEventListener("pointerleave", () => tell(0, ""));
  const unwatch = shared.watch((what) => {
    if (what === "marks" || what === "trucks" || what === "window") draw();
    // What was said of a mark holds while time stands at it.
    if (told !== null && shared.playhead.now !== told && what !== "marks") tell(0, "");
  });
  const resized = new ResizeObserver(draw);
  resized.observe(track);
  return {
    tell,
    paint(seen) {
      surface = seen;
      draw();
    },
    stop() {
      unwatch();
      resized.disconnect();
    },
  };
}
