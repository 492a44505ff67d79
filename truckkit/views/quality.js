// The page of trust: coverage by truck and hour, findings by kind, what came late, the ledger of loads.

const PANES = [
  ["coverage", "Coverage by truck and hour", drawCoverage],
  ["kinds", "Findings by kind", drawKinds],
  ["loads", "Loads: in = kept + rejected + duplicates", drawLoads],
  ["arrivals", "Late data and revisions", drawArrivals],
];

function drawCoverage(box, chart) {
  if (saysWhy(box, chart)) return;
  const table = element(element(box.body, "div", "listing"), "table", "coverage");
  table.style.setProperty("--hours", chart.hours.length);
  const head = element(element(table, "thead"), "tr");
  for (const words of ["Truck", "Hours", "Observed", "Longest silence", "Positions flagged"]) {
    const cell = element(head, "th", /^[OLP]/.test(words) ? "number" : "");
    cell.scope = "col";
    if (words !== "Hours") {
      cell.textContent = words;
      continue;
    }
    const ticks = element(cell, "span", "strip");
    const every = Math.max(1, Math.ceil(chart.ticks.length / 12));
    chart.ticks.forEach((tick, k) => element(ticks, "span", "", k % every ? "" : tick).title = chart.hours[k]);
  }
  const body = element(table, "tbody");
  for (const truck of chart.trucks) {
    const row = element(body, "tr", truck.doubt ? "doubted" : "");
    const name = element(element(row, "th"), "a", "", truck.truck);
    name.href = truck.timeline;
    name.title = `Timeline of ${truck.truck}`;
    row.firstChild.scope = "row";
    const strip = element(element(row, "td"), "span", "strip");
    strip.setAttribute("role", "img");
    strip.setAttribute("aria-label", `${truck.truck}: observed ${truck.share}`);
    truck.hours.forEach((part, k) => {
      const cell = element(strip, "span", part >= 0.9995 ? "hour" : part > 0 ? "hour part" : "hour none");
      cell.title = `${truck.truck}, ${chart.hours[k]}: ${Math.floor(100 * part)} % observed`;
      element(cell, "span").style.height = `${100 * part}%`;
    });
    element(row, "td", "number", truck.doubt ? `${truck.share} ⚠` : truck.share).title = truck.doubt;
    element(row, "td", "number", truck.silent);
    element(row, "td", "number", truck.flagged);
  }
}

function drawKinds(box, chart) {
  if (saysWhy(box, chart)) return;
  const rows = element(box.body, "div", "rows kinds");
  for (const bar of chart.bars) {
    const row = mark(rows, bar.mark, bar.words, "row");
    element(row, "span", "name", bar.name);
    const drawn = element(element(row, "span", "track"), "span", "bar");
    drawn.style.width = `${100 * bar.share}%`;
    element(row, "span", "figure", bar.found);
    element(row, "span", "figure worst", `worst ${bar.worst}`);
  }
  reach(rows);
}

function drawLoads(box, chart) {
  if (!saysWhy(box, chart)) listing(box.body, chart.columns, chart.rows, false, [2, 3, 4, 5, 6]);
}

function drawArrivals(box, chart) {
  if (saysWhy(box, chart)) return;
  for (const table of chart.tables) {
    element(box.body, "h3", "", table.title);
    if (table.why) element(box.body, "p", "why", table.why);
    else listing(box.body, table.columns, table.rows, false);
  }
}

export function render({ model }) {
  const root = element(null, "div", "sheet quality");
  const top = element(root, "header", "top");
  const names = element(top, "div", "names");
  const heading = element(names, "h1");
  const subheading = element(names, "p", "muted");
  const tools = element(top, "div", "tools");
  const list = element(tools, "select");
  list.setAttribute("aria-label", "Shift or day");
  list.addEventListener("change", () => { model.when = list.value; });
  tools.append(sourceChoice(model.choices, model.source, (chosen) => { model.source = chosen; }));
  const printing = element(tools, "button", "", "Print");
  printing.type = "button";
  printing.addEventListener("click", () => print());
  const message = element(root, "p", "message");
  message.setAttribute("role", "status");
  const page = element(root, "div", "page");
  const main = element(page, "div", "main");
  const panes = Object.fromEntries(PANES.map(([name, title]) => [name, pane(main, name, title)]));
  const aside = element(page, "aside", "behind");
  aside.setAttribute("aria-label", "Findings of the chosen kind");

  const { press, drawAside, address } = sheet(
    model,
    root,
    aside,
    () => ({ when: model.when, source: model.source, mark: model.mark }),
    (words) => {
      if (words.get("when") && words.get("when") !== model.when) model.when = words.get("when");
      model.mark = words.get("mark") || "";
    },
  );
  function drawTop() {
    heading.textContent = model.heading;
    subheading.textContent = model.subheading;
    message.textContent = model.message;
    message.hidden = !model.message;
    page.hidden = Boolean(model.message);
    list.replaceChildren();
    for (const [words, names_] of model.times) {
      if (!names_.length) continue;
      const group = element(list, "optgroup");
      group.label = words;
      group.append(...names_.map((name) => new Option(name, name, false, name === model.when)));
    }
  }
  function drawPane([name, , draw]) {
    draw(panes[name], model[name]);
    press();
    const drawn = PANES.filter(([each]) => Object.keys(model[each]).length).length;
    root.dataset.ready = String(drawn === PANES.length || Boolean(model.message));
  }
  for (const entry of PANES) model.on(entry[0], () => drawPane(entry));
  for (const name of ["heading", "subheading", "message", "times"]) model.on(name, drawTop);
  model.on("message", () => drawPane(PANES[0]));
  model.on("when", () => { drawTop(); address(true); });

  drawTop();
  PANES.forEach(drawPane);
  drawAside();
  return root;
}
