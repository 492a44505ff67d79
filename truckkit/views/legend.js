// What the marks on the map mean, and how many trucks are in each state now.

const SHAPES = [
  ["drives", { heard: true, moving: true, heading: 45, state: "", loaded: true }],
  ["stands", { heard: true, moving: false, heading: 0, state: "", loaded: true }],
  ["not heard", { heard: false, moving: false, heading: 0, state: "", loaded: false }],
];

// `found`: whether any place on the map was found rather than told.
function legendOf(found) {
  const list = element("div", "legend", "", { role: "group", "aria-label": "States and marks" });
  let counters = new Map();

  function entry(words, look, title) {
    const made = element("span", "entry", "", { title });
    const number = element("span", "count");
    made.append(look, element("span", "", words), number);
    list.append(made);
    return { made, number, shown: "" };
  }
  return {
    list,
    build(surface) {
      list.replaceChildren();
      counters = new Map();
      for (const [state, look] of Object.entries(STATES)) {
        counters.set(state, entry(look.words, stateSwatch(state, surface.theme, 14), `a truck that ${look.meaning}`));
      }
      counters.set("", entry("not told", stateSwatch("", surface.theme, 14), "nobody says what the truck does"));
      const shapes = list.appendChild(element("span", "shapes"));
      for (const [words, look] of SHAPES) {
        const shape = shapes.appendChild(element("span", "entry"));
        shape.append(truckSwatch(surface, look), element("span", "", words));
        if (words === "not heard") counters.set("not heard", { made: shape, number: shape.appendChild(element("span", "count")), shown: "" });
      }
      for (const [words, loaded] of [["loaded", true], ["empty", false]]) {
        const shape = shapes.appendChild(element("span", "entry"));
        shape.append(truckSwatch(surface, { heard: true, moving: true, heading: 45, state: loaded ? "haul" : "return", loaded }), element("span", "", words));
      }
      if (!found) return;
      const place = shapes.appendChild(element("span", "entry", "", { title: "found from where trucks stood; the mine's own places tell of none there" }));
      place.append(foundSwatch(surface), element("span", "", "found place"));
    },
    count(surface, reads, does) {
      const now = new Map();
      for (let truck = 0; truck < reads.length; truck += 1) {
        const { status } = reads[truck];
        const state = status === HEARD ? does[truck].state : "not heard";
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
