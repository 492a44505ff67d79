// The controls of a replay: the clock's buttons, the time that one reads and types, whom to follow.

const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1000];
const STEPS = [["sample", "sample"], ["1 s", SECOND], ["10 s", 10 * SECOND], ["1 min", MINUTE], ["event", "event"], ["haul cycle", "cycle"]];
const TRAILS = [["no trail", 0], ["1 min", MINUTE], ["3 min", 3 * MINUTE], ["10 min", 10 * MINUTE], ["30 min", 30 * MINUTE]];
const ICONS = {
  play: "M5 3v14l12-7z", pause: "M5 3h4v14H5zM11 3h4v14h-4z",
  back: "M4 3h2.5v14H4zM17 3v14L7.5 10z", on: "M13.5 3H16v14h-2.5zM3 3v14l9.5-7z",
};
const KEYS = [
  ["Space", "play and pause"], ["← →", "a step back and on; with Shift ten"], ["↑ ↓", "faster and slower"],
  ["Home End", "to the start and the end"], ["[ ]", "repeat from here, to here"], ["L", "repeat the stretch, or no more"], ["N", "follow the newest data"], ["+ −", "zoom in and out"], ["0", "fit all"],
  ["B", "draw a box: only the trucks that were in it; with Shift the whole view"],
  ["G", "what the ground tells, of which period, and what is beside it"],
  ["M", "measure: click, or Enter for the middle; Backspace takes back, Esc ends"],
  ["T", "type a time"], ["F", "follow the next truck; with Shift nobody"], ["?", "show or hide this"],
  ["drag", "move the map; two fingers zoom"], ["wheel", "zoom around the pointer"], ["click", "follow a truck"],
];

function icon(path) {
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  drawn.setAttribute("viewBox", "0 0 20 20");
  drawn.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  drawn.append(line);
  return drawn;
}

function button(label, text, act) {
  const made = element("button", "", text, { type: "button", "aria-label": label, title: label });
  made.addEventListener("click", act);
  return made;
}

function choice(label, options, act) {
  const made = element("select", "", "", { "aria-label": label, title: label });
  made.append(...options.map(([text, value]) => new Option(text, String(value))));
  made.addEventListener("change", () => act(made.value));
  return made;
}

// The instant [ms since 1970] that a text means. A time alone is of the day of `now`; an offset counts,
// else the clock's. Throws the sentence to show where it cannot be meant.
function readTime(text, clock, now) {
  const found = text.trim().match(
    /^(?:(\d{4})-(\d{2})-(\d{2})[ T]+)?(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,3}))?)?\s*(Z|[+\-−]\d{2}:?\d{2})?$/i,
  );
  const refused = (why) => new Error(`“${text}” ${why}; type 13:04:05.250 or 2025-06-02 13:04:05.250.`);
  if (!found) throw refused("is not a time");
  const [, , , , hour, minute, second = "0", part = "0", zone] = found;
  const [year, month, day] = found[1] ? [found[1], found[2], found[3]].map(Number) : clock.date(now).split("-").map(Number);
  const local = Date.UTC(year, month - 1, day, Number(hour), Number(minute), Number(second), Number(part.padEnd(3, "0")));
  const read = new Date(local);
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59 || read.getUTCDate() !== day || read.getUTCMonth() !== month - 1) {
    throw refused("is not on any clock");
  }
  if (zone) {
    const [, sign, h, m] = zone.match(/([+\-−]?)(\d{2})?:?(\d{2})?/);
    const shift = /z/i.test(zone) ? 0 : (sign === "+" ? 1 : -1) * (Number(h) * HOUR + Number(m) * MINUTE);
    return local - shift;
  }
  // In autumn an hour comes twice: the first is meant. In spring one never comes.
  const meant = [clock.offset(local - DAY), clock.offset(local + DAY)]
    .map((offset) => local - offset)
    .filter((at) => at + clock.offset(at) === local);
  if (!meant.length) throw refused("does not exist: clocks were put forward over it");
  return Math.min(...meant);
}

// Builds the row of controls. `act` does what they ask for; `say` moves them to what is so.
function clockRow(scene, act) {
  const row = element("div", "clock", "", { role: "group", "aria-label": "Clock" });
  const site = siteClock(scene.clock), utc = siteClock({ zone: "UTC", offsets: [[0, 0]] });
  let typing = false, sliding = false;

  const play = button("Play", "", act.toggle);
  play.className = "play";
  const back = button("Step back", "", () => act.step(-1)), on = button("Step on", "", () => act.step(1));
  back.append(icon(ICONS.back));
  on.append(icon(ICONS.on));
  const step = choice("Length of a step", STEPS.map(([text, ms]) => [`step ${text}`, ms]), (length) => act.stepLength(Number(length) || length));
  step.value = String(SECOND);
  const speed = choice("Speed", SPEEDS.map((times) => [`${times}×`, times]), (times) => act.speed(Number(times)));
  const time = element("input", "time", "", {
    type: "text", "aria-label": "Time, to the millisecond; type one to go there", title: "Type a time and press Enter",
    spellcheck: "false", autocomplete: "off", inputmode: "text",
  });
  const zone = choice("Which clock the time is told by", [
    ["site time", "site"], ["UTC", "utc"],
  ], () => act.redraw());
  const slider = element("input", "slider", "", { type: "range", min: "0", step: "1", max: String(scene.length - 1), "aria-label": "Moment" });
  const track = element("div", "track");
  track.append(slider);
  const follow = choice("Follow a truck", [["follow nobody", -1], ...scene.trucks.map((truck, k) => [`follow ${truck.name}`, k])],
    (truck) => act.follow(Number(truck)));
  const trail = choice("Length of the trails", TRAILS.map(([text, ms]) => [ms ? `trail ${text}` : text, ms]), (ms) => act.trail(Number(ms)));
  const source = sourceChoice(scene.choices, scene.told_by, act.tell);
  const keys = button("Keys", "?", act.help);
  const fault = element("div", "fault", "", { role: "alert" });

  const clock = () => (zone.value === "utc" ? utc : site);
  const written = (at) => `${clock().date(at)} ${clock().time(at)}`;
  const leave = () => {
    typing = false;
    fault.textContent = "";
    time.removeAttribute("aria-invalid");
  };
  time.addEventListener("focus", () => time.select());
  time.addEventListener("input", () => { typing = true; });
  time.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") {
      leave();
      act.redraw();
      act.home();
    }
    if (event.key !== "Enter") return;
    try {
      const at = readTime(time.value, clock(), scene.start + act.now());
      if (at < scene.start || at >= scene.start + scene.length) {
        throw new Error(`${written(at)} lies outside what is shown, ${written(scene.start)} – ${written(scene.start + scene.length)}.`);
      }
      leave();
      act.seek(at - scene.start);
      time.select();
    } catch (error) {
      fault.textContent = error.message;
      time.setAttribute("aria-invalid", "true");
    }
  });
  time.addEventListener("blur", () => {
    if (!typing) return;
    leave();
    act.redraw();
  });
  slider.addEventListener("input", () => {
    sliding = true;
    act.seek(Number(slider.value));
  });
  for (const name of ["change", "pointerup", "pointercancel", "blur"]) slider.addEventListener(name, () => { sliding = false; });

  row.append(
    Object.assign(element("div", "buttons"), { hidden: false }), time, zone, track, follow, trail, source, keys,
  );
  row.firstChild.append(back, play, on, step, speed);

  return {
    row, fault, clock, written, time, follow, track,
    // Puts a group of controls before the last one, which explains the keys.
    add: (group) => row.insertBefore(group, keys),
    // True while a finger holds the slider: time stands under it.
    held: () => sliding,
    say({ now, playing, times, followed, trailed }) {
      const at = scene.start + now;
      if (!typing) time.value = written(at);
      if (!sliding) slider.value = String(Math.round(now));
      slider.setAttribute("aria-valuetext", `${written(at)} ${zone.value === "utc" ? "UTC" : "site time"}`);
      const label = playing ? "Pause" : "Play";
      if (!play.firstChild || play.getAttribute("aria-label") !== label) {
        play.setAttribute("aria-label", label);
        play.title = `${label} (space)`;
        play.replaceChildren(icon(playing ? ICONS.pause : ICONS.play));
      }
      if (![...speed.options].some((option) => option.value === String(times))) speed.append(new Option(`${times}×`, String(times)));
      for (const [made, chosen] of [[speed, times], [follow, followed], [trail, trailed]]) {
        if (made.value !== String(chosen)) made.value = String(chosen);
      }
    },
    faster(by) {
      const sorted = [...speed.options].map((option) => Number(option.value)).sort((a, b) => a - b);
      const next = sorted[sorted.indexOf(Number(speed.value)) + by];
      if (next) act.speed(next);
    },
  };
}

function listenToKeys(root, acts) {
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const name = event.composedPath()[0].tagName;
    // A list and a slider have keys of their own; a button takes the space bar.
    if (name === "SELECT" || (name === "BUTTON" && event.key === " ") || (name === "INPUT" && /^(Arrow|Home|End|Page)/.test(event.key))) return;
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    // JupyterLab has keys of its own.
    event.stopPropagation();
    act(event.shiftKey);
  });
}
