// What the marks on the map mean, and how many trucks are in each state now. It filters as the timeline's
// legend does: a click hides a state's trucks or shows them again; Alt-click, double click or the key "o"
// shows them alone, or all again.

const SHAPES = [
  ["drives", { heard: true, moving: true, heading: 45, state: "", loaded: true }],
  ["stands", { heard: true, moving: false, heading: 0, state: "", loaded: true }],
  ["not heard", { heard: false, moving: false, heading: 0, state: "", loaded: false }],
];

// What a truck counts as in the legend: its state, "" where nobody tells it, or "not heard".
const legendKey = (read, doing) => (read.status === HEARD ? doing.state : "not heard");

// `found`: whether any place on the map was found rather than told; `changed` is called when the filter is.
function legendOf(found, changed) {
  const list = element("div", "legend", "", { role: "group", "aria-label": "States and marks" });
  const hidden = new Set();
  let counters = new Map();

  const toggle = (key) => {
    if (!hidden.delete(key)) hidden.add(key);
    refresh();
  };
  const alone = (key) => {
    const already = [...counters.keys()].every((other) => hidden.has(other) === (other !== key));
    hidden.clear();
    if (!already) for (const other of counters.keys()) if (other !== key) hidden.add(other);
    refresh();
  };
  function refresh() {
    for (const [key, { made }] of counters) made.setAttribute("aria-pressed", String(!hidden.has(key)));
    changed();
  }
  function entry(into, key, words, look, title) {
    const made = element("button", "entry", "", { type: "button", "aria-pressed": String(!hidden.has(key)) });
    made.title = `${title}. Click hides them, Alt-click shows them alone.`;
    made.dataset.state = key;
    const number = element("span", "count");
    made.append(look, element("span", "", words), number);
    made.addEventListener("click", (event) => (event.altKey ? alone(key) : toggle(key)));
    made.addEventListener("dblclick", () => alone(key));
    made.addEventListener("keydown", (event) => {
      if (event.key !== "o" || event.ctrlKey || event.metaKey || event.altKey) return;
      event.stopPropagation();
      alone(key);
    });
    into.append(made);
    counters.set(key, { made, number, shown: "" });
  }
  return {
    list,
    hides: (read, doing) => hidden.size > 0 && hidden.has(legendKey(read, doing)),
    build(surface) {
      list.replaceChildren();
      counters = new Map();
      for (const [state, look] of Object.entries(STATES)) {
        entry(list, state, look.words, stillOf(stateSwatch(state, surface.theme, 14)), `a truck that ${look.meaning}`);
      }
      entry(list, "", "not told", stillOf(stateSwatch("", surface.theme, 14)), "nobody says what the truck does");
      const shapes = list.appendChild(element("span", "shapes"));
      for (const [words, look] of SHAPES) {
        if (words === "not heard") {
          entry(shapes, words, words, stillOf(truckSwatch(surface, look)), "a truck that stays where it was heard last");
          continue;
        }
        const shape = shapes.appendChild(element("span", "entry"));
        shape.append(stillOf(truckSwatch(surface, look)), element("span", "", words));
      }
      for (const [words, loaded] of [["loaded", true], ["empty", false]]) {
        const shape = shapes.appendChild(element("span", "entry"));
        shape.append(stillOf(truckSwatch(surface, { heard: true, moving: true, heading: 45, state: loaded ? "haul" : "return", loaded })), element("span", "", words));
      }
      if (!found) return;
      const place = shapes.appendChild(element("span", "entry", "", { title: "found from where trucks stood; the mine's own places tell of none there" }));
      place.append(stillOf(foundSwatch(surface)), element("span", "", "found place"));
    },
    // `meant(truck)`: whether it counts.
    count(reads, does, meant) {
      const now = new Map();
      for (let truck = 0; truck < reads.length; truck += 1) {
        if (!meant(truck)) continue;
        const state = legendKey(reads[truck], does[truck]);
        now.set(state, (now.get(state) || 0) + 1);
      }
      for (const [state, counter] of counters) {
        const many = String(now.get(state) || "");
        if (counter.shown === many) continue;
        counter.shown = many;
        counter.number.textContent = many;
        counter.made.classList.toggle("some", Boolean(many));
      }
    },
  };
}
