// What pages of charts are made of: elements whose text is text, the looks of states, and marks that a
// mouse and a keyboard reach. `STATES` and `stateInk` come from palette.js, before this.

function element(parent, tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  if (parent) parent.appendChild(made);
  return made;
}

// The patterns of looks as backgrounds, so that a bar as wide as its share needs no drawing when it grows.
const PATTERNS = {
  striped: (ink) => `repeating-linear-gradient(135deg, ${ink} 0 1px, transparent 1px 5px)`,
  dotted: (ink) => `radial-gradient(circle at 2px 2px, ${ink} 1px, transparent 1.3px) 0 0 / 5px 5px`,
  hatched: (ink) => `repeating-linear-gradient(135deg, ${ink} 0 1px, transparent 1px 6px), repeating-linear-gradient(45deg, ${ink} 0 1px, transparent 1px 6px)`,
};
const VARIANTS = [null, "striped", "dotted", "hatched"];

// Dresses an element as a state. Where several things have one state's colour, a variant tells them apart.
function dress(made, state, variant = 0) {
  const known = STATES[state];
  if (!known) {
    made.classList.add("nobody");
    return made;
  }
  if (known.pattern === "outline") {
    made.classList.add("outline");
    return made;
  }
  const ink = stateInk(state);
  const pattern = variant ? VARIANTS[variant % VARIANTS.length] : known.pattern;
  const faint = ink === "#FFFFFF" ? "rgba(255,255,255,0.55)" : "rgba(27,31,35,0.5)";
  made.style.background = pattern in PATTERNS ? `${PATTERNS[pattern](faint)}, ${known.colour}` : known.colour;
  if (pattern === "dotted") made.style.backgroundColor = known.colour;
  made.style.color = ink;
  made.style.setProperty("--fill", known.colour);
  return made;
}

// A mark: a button that leads to what is behind it. What it says stands on it, or in its title.
function mark(parent, name, words, className = "") {
  const made = element(parent, "button", `mark ${className}`);
  made.type = "button";
  made.dataset.mark = name;
  made.setAttribute("aria-label", words);
  made.title = words;
  made.tabIndex = -1;
  return made;
}

// The marks of a chart are one stop of the tab key; arrows go from one to the next.
function reach(group) {
  const marks = [...group.querySelectorAll(".mark")];
  if (!marks.length) return;
  (marks.find((each) => each.getAttribute("aria-pressed") === "true") || marks[0]).tabIndex = 0;
  group.onkeydown = (event) => {
    const at = marks.indexOf(event.target);
    if (at < 0) return;
    const next = {
      ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: marks.length - 1,
    }[event.key];
    if (next === undefined || !marks[next]) return;
    event.preventDefault();
    marks[at].tabIndex = -1;
    marks[next].tabIndex = 0;
    marks[next].focus();
  };
}

// Takes on the inks of the surface that a page lies on.
function wear(root, surface) {
  for (const name of ["ink", "muted", "faint", "line", "accent", "row"]) root.style.setProperty(`--${name}`, surface[name]);
  root.style.setProperty("--ground", surface.background);
  root.dataset.theme = surface.theme;
}

// A table of rows as {cells, replay}: the last column leads to the replay, where one is served.
function listing(parent, columns, rows, links, numbers = []) {
  const box = element(parent, "div", "listing");
  const table = element(box, "table");
  const head = element(element(table, "thead"), "tr");
  columns.forEach((column, k) => {
    const cell = element(head, "th", numbers.includes(k) ? "number" : "", column);
    cell.setAttribute("scope", "col");
    if (!column) element(cell, "span", "heard", "Replay");
  });
  const body = element(table, "tbody");
  for (const row of rows) {
    const line = element(body, "tr");
    row.cells.forEach((text, k) => element(line, "td", numbers.includes(k) ? "number" : "", text));
    if (columns[columns.length - 1]) continue;
    const last = element(line, "td", "way");
    if (links && row.replay) {
      const link = element(last, "a", "", "Replay");
      link.href = row.replay;
      link.setAttribute("aria-label", `Replay of ${row.cells[0]} at ${row.cells[1]}`);
    }
  }
  return box;
}

// An error as it stands on a page: a sentence starts with a capital.
function sentence(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

// A pane that says what it shows, and gives the box to draw into.
function pane(parent, name, title) {
  const made = element(parent, "section", `pane ${name}`);
  const head = element(made, "div", "title");
  const heading = element(head, "h2", "", title);
  heading.id = `${name}-title`;
  made.setAttribute("aria-labelledby", heading.id);
  const told = element(made, "p", "told");
  const body = element(made, "div", "body");
  return { made, head, told, body };
}

// Puts the sentence that says why there is nothing in the place of a chart. True where there is one.
function saysWhy(box, chart) {
  box.body.replaceChildren();
  box.told.textContent = chart.told || "";
  const waiting = !Object.keys(chart).length;
  box.made.classList.toggle("waiting", waiting);
  box.made.toggleAttribute("aria-busy", waiting);
  if (waiting) element(box.body, "p", "why", "Reading…");
  else if (chart.why) element(box.body, "p", "why", sentence(chart.why));
  return waiting || Boolean(chart.why);
}
