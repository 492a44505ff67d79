// How the panes of a replay lie: the map beside the timeline and the strips; on a phone the map above, and the
// others behind tabs. Each of the others can be put away, which leaves its room to the map.

const PANES = [["timeline", "Timeline"], ["signals", "Signals"]];

// `children`: {timeline, signals}, the elements of the panes that there are. `changed` hears of another layout.
function paneLayout(stage, children, changed) {
  const box = element("div", "panes");
  const side = element("div", "side");
  const tabs = side.appendChild(element("div", "tabs", "", { role: "tablist", "aria-label": "Panes beside the map" }));
  const there = PANES.filter(([name]) => children[name]);
  const hidden = new Set();
  let chosen = there.length ? there[0][0] : "";
  const slots = new Map(), handles = new Map(), toggles = new Map();

  for (const [name, words] of there) {
    const slot = element("div", `slot ${name}`, "", { role: "group", "aria-label": words });
    slot.append(children[name]);
    side.append(slot);
    slots.set(name, slot);
    const tab = button(`Show ${words.toLowerCase()}`, words, () => {
      chosen = name;
      refresh();
    });
    tab.setAttribute("role", "tab");
    tabs.append(tab);
    handles.set(name, tab);
    const toggle = button("", words, () => {
      if (!hidden.delete(name)) hidden.add(name);
      refresh();
    });
    toggle.className = "layer";
    toggles.set(name, toggle);
  }
  box.append(stage, side);

  function refresh() {
    for (const [name, words] of there) {
      const shown = !hidden.has(name);
      slots.get(name).hidden = !shown;
      slots.get(name).classList.toggle("behind", name !== chosen);
      handles.get(name).setAttribute("aria-selected", String(name === chosen));
      const label = `${shown ? "Hide" : "Show"} the ${words.toLowerCase()}`;
      Object.assign(toggles.get(name), { title: label });
      toggles.get(name).setAttribute("aria-label", label);
      toggles.get(name).setAttribute("aria-pressed", String(shown));
    }
    side.hidden = hidden.size === there.length;
    tabs.hidden = there.length < 2;
    changed();
  }
  refresh();
  return {
    box, toggles: [...toggles.values()],
    // The names of the panes that are put away.
    hidden: () => [...hidden],
    hide(names) {
      hidden.clear();
      for (const name of names) if (slots.has(name)) hidden.add(name);
      refresh();
    },
  };
}
