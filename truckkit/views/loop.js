// The stretch that the clock repeats: its two ends are set at the playhead, and it is seen on the slider.

const LOOP_REAL = 10 * SECOND; // of real time: a loop that nobody bounded

function loopControls(playhead, written) {
  const group = element("div", "buttons", "", { role: "group", "aria-label": "Loop" });
  const band = element("div", "span", "", { "aria-hidden": "true" });
  let last = null;

  const ends = () => playhead.loop || [playhead.now, playhead.now];
  const from = () => {
    const stop = playhead.loop && playhead.loop[1] > playhead.now ? playhead.loop[1] : defaultStop();
    playhead.repeat([playhead.now, stop]);
  };
  const to = () => {
    const start = playhead.loop && playhead.loop[0] < playhead.now ? playhead.loop[0] : Math.max(0, 2 * playhead.now - defaultStop());
    playhead.repeat([start, playhead.now]);
  };
  const toggle = () => playhead.repeat(playhead.loop ? null : last || [playhead.now, defaultStop()]);
  function defaultStop() {
    return Math.min(playhead.length, playhead.now + LOOP_REAL * playhead.speed);
  }

  const begin = button("Loop from here", "[", from), loop = button("Loop", "", toggle), end = button("Loop to here", "]", to);
  loop.append(icon("M4 9a6 6 0 0 1 10-3.5V3l4 4-4 4V8.5A3.5 3.5 0 0 0 7 9zM16 11a6 6 0 0 1-10 3.5V17l-4-4 4-4v2.5a3.5 3.5 0 0 0 7-.5z"));
  group.append(begin, loop, end);

  function say() {
    const on = Boolean(playhead.loop);
    const [start, stop] = ends();
    const words = on ? `Repeats ${written(start)} – ${written(stop)}; click ends it` : "Repeat a stretch";
    loop.setAttribute("aria-pressed", String(on));
    loop.setAttribute("aria-label", words);
    loop.title = words;
    band.hidden = !on;
    // A slider's thumb is 16 pixels wide, and its middle is the moment.
    const place = (at) => `calc(8px + (100% - 16px) * ${at / Math.max(1, playhead.last)})`;
    band.style.left = place(start);
    band.style.right = `calc(100% - ${place(Math.min(stop, playhead.last))})`;
  }
  const unwatch = playhead.watch((what) => {
    if (what !== "loop") return;
    if (playhead.loop) last = playhead.loop;
    say();
  });
  say();
  return { group, band, from, to, toggle, say, stop: unwatch };
}
