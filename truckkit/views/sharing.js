// The address of what is shown, to the millisecond; sharing.py reads it. A state: {start, stop, at, loop, range} in
// milliseconds since 1970, {only, truck, speed, source, paths, backdrop, period, compare}, trail [ms], view [x, y, scale].

const KEPT_EVERY = 600; // ms: the address bar of a browser may be changed some hundred times a minute

const writtenInstant = (at) => new Date(Math.round(at)).toISOString();

// The words after the "?" of the address.
function describe(state) {
  const words = new URLSearchParams();
  const say = (name, value) => { if (value !== undefined && value !== null && value !== "") words.append(name, String(value)); };
  const instant = (name, at) => { if (typeof at === "number") say(name, writtenInstant(at)); };
  const stretch = (name, ends) => { if (ends) say(name, ends.map(writtenInstant).join("/")); };
  instant("start", state.start);
  instant("stop", state.stop);
  for (const name of state.only || []) say("only", name);
  say("truck", state.truck);
  instant("at", state.at);
  say("speed", state.speed);
  say("source", state.source);
  if (state.paths === false) say("paths", "off");
  say("backdrop", state.backdrop);
  say("period", state.period);
  say("compare", state.compare);
  if (typeof state.trail === "number") say("trail", state.trail % 1000 ? `${Math.round(state.trail)}ms` : `${state.trail / 1000}s`);
  if (state.view) say("view", state.view.map((each) => Number(each.toPrecision(12))).join(","));
  stretch("range", state.range);
  stretch("loop", state.loop);
  return words.toString();
}

// The whole address: of this page where it serves replays, else of where `pages` says they are served; where
// neither is known, the words alone.
function wholeAddress(words, { page, pages }) {
  const base = page ? location.origin + location.pathname : pages || "";
  return `${base}?${words}`;
}

// A button that gives the address of the moment: to the clipboard, or where that is closed, to be copied by hand.
function shareControl(place, state) {
  const box = element("span", "share");
  const field = element("input", "address", "", { type: "text", readonly: "", "aria-label": "Address of what is shown" });
  const said = element("span", "shared", "", { role: "status" });
  field.hidden = true;
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") field.hidden = true;
  });
  field.addEventListener("blur", () => { field.hidden = true; });
  const copied = button("Copy a link to what is shown", "Copy link", async () => {
    const text = wholeAddress(describe(state()), place);
    box.dataset.address = text;
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = "link copied";
      setTimeout(() => { said.textContent = ""; }, 2500);
    } catch {
      // Without https or leave to write there, the reader copies it from a field.
      field.value = text;
      field.hidden = false;
      field.focus();
      field.select();
      said.textContent = "";
    }
  });
  box.append(copied, field, said);
  return box;
}

// Keeps the address bar at what is shown while time stands. `changed()` says that something may have moved;
// `stop()` ends it.
function keepAddress(playing, state) {
  let timer = 0, last = "";
  const write = () => {
    timer = 0;
    if (playing()) return;
    const words = describe(state());
    if (words === last) return;
    last = words;
    history.replaceState(history.state, "", `?${words}`);
  };
  return {
    changed() { if (!timer && !playing()) timer = setTimeout(write, KEPT_EVERY); },
    stop() { clearTimeout(timer); },
  };
}
