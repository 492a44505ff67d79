// The page of a shift. All names are set as text; what is clicked goes to the server as the mark's name,
// and comes back as the intervals behind it.

const PANES = [
  ["ledger", "Tonnes: from plan to dumped", drawLedger],
  ["usage", "Time usage", drawUsage],
  ["phases", "Cycle phases by route", drawPhases],
  ["loaders", "Queues and hang by loader", drawLoaders],
  ["payload", "Payload", drawPayload],
  ["pareto", "Downtime by component", drawPareto],
  ["worst", "The ten worst cycles", null],
];

export function render({ model }) {
  const root = element(null, "div", "sheet");
  const top = element(root, "header", "top");
  const names = element(top, "div", "names");
  const heading = element(names, "h1");
  const subheading = element(names, "p", "muted");
  const tools = element(top, "div", "tools");
  const button = (text, label, act) => {
    const made = element(tools, "button", "", text);
    made.type = "button";
    made.setAttribute("aria-label", label);
    made.title = label;
    made.addEventListener("click", act);
    return made;
  };
  const step = (by) => {
    const at = model.shifts.findIndex(([name]) => name === model.shift);
    if (model.shifts[at + by]) choose(model.shifts[at + by][0]);
  };
  const earlier = button("‹ Previous", "Previous shift", () => step(-1));
  const list = element(tools, "select");
  list.setAttribute("aria-label", "Shift");
  const later = button("Next ›", "Next shift", () => step(1));
  tools.append(sourceChoice(model.choices, model.source, (chosen) => { model.source = chosen; }));
  button("Print", "Print this page, or save it as PDF", () => print());
  const note = element(root, "p", "note");
  const message = element(root, "p", "message");
  message.setAttribute("role", "status");
  const page = element(root, "div", "page");
  const main = element(page, "div", "main");
  const figures = element(main, "dl", "figures");
  const doubt = element(main, "p", "doubt");
  const charts = element(main, "div", "charts");
  const panes = Object.fromEntries(PANES.map(([name, title]) => [name, pane(charts, name, title)]));
  const remarks = element(charts, "section", "pane remarks");
  element(remarks, "h2", "", "Remarks and handover");
  for (let k = 0; k < 9; k += 1) element(remarks, "div", "ruled");
  const aside = element(page, "aside", "behind");
  aside.setAttribute("aria-label", "Intervals behind the chosen mark");
  const models = element(panes.usage.head, "select");
  models.setAttribute("aria-label", "Time usage model");

  // What is chosen ------------------------------------------------------------------------------
  function choose(shift) {
    if (shift !== model.shift) model.shift = shift;
  }
  list.addEventListener("change", () => choose(list.value));
  models.addEventListener("change", () => { model.model = models.value; });
  // The address says what is shown: a shift is a step back, a mark or a model is not.
  const { press, drawAside, address } = sheet(
    model,
    root,
    aside,
    () => ({
      shift: model.shift,
      source: model.source,
      model: model.model === "gmg" ? "" : model.model,
      mark: model.mark,
    }),
    (words) => {
      const shift = words.get("shift");
      if (shift && shift !== model.shift) model.shift = shift;
      else model.mark = words.get("mark") || "";
    },
  );

  // What is drawn -------------------------------------------------------------------------------
  function drawTop() {
    heading.textContent = model.heading;
    subheading.textContent = model.subheading;
    note.textContent = model.note;
    note.hidden = !model.note;
    message.textContent = model.message;
    message.hidden = !model.message;
    page.hidden = Boolean(model.message);
    list.replaceChildren(...model.shifts.map(([name, words]) => new Option(name, name, false, name === model.shift)).reverse());
    [...list.options].forEach((option) => { option.title = (model.shifts.find(([name]) => name === option.value) || [])[1] || ""; });
    list.hidden = earlier.hidden = later.hidden = !model.shifts.length;
    if (!model.shift) list.selectedIndex = -1;
    const at = model.shifts.findIndex(([name]) => name === model.shift);
    earlier.disabled = at <= 0;
    later.disabled = at < 0 || at >= model.shifts.length - 1;
    models.replaceChildren(...model.models.map((name) => new Option(`model: ${name}`, name, false, name === model.model)));
  }
  function drawFigures() {
    figures.replaceChildren();
    for (const each of model.headline.figures || []) {
      const box = element(figures, "div");
      element(box, "dt", "", each.name);
      element(box, "dd", "figure", each.figure);
      element(box, "dd", "muted", each.told);
    }
    const doubted = model.headline.doubt || model.headline.why;
    doubt.textContent = doubted ? (model.headline.doubt ? `Doubtful: ${doubted}.` : doubted) : "";
    doubt.hidden = !doubted;
  }
  function drawPane([name, , draw]) {
    const box = panes[name], chart = model[name];
    if (draw) draw(box, chart);
    else if (!saysWhy(box, chart)) {
      if (chart.rows.length) listing(box.body, chart.columns, chart.rows, model.links, [3, 4]);
      else element(box.body, "p", "why", "No cycle took longer than is usual.");
    }
    press();
    const drawn = PANES.filter(([each]) => Object.keys(model[each]).length).length;
    root.dataset.drawn = String(drawn);
    root.dataset.ready = String(drawn === PANES.length || Boolean(model.message));
  }
  for (const entry of PANES) model.on(entry[0], () => drawPane(entry));
  model.on("headline", drawFigures);
  for (const name of ["heading", "subheading", "note", "message", "shifts", "models"]) model.on(name, drawTop);
  model.on("message", () => drawPane(PANES[0]));
  model.on("shift", () => { drawTop(); address(true); });
  model.on("model", () => { drawTop(); address(false); });

  drawTop();
  drawFigures();
  PANES.forEach(drawPane);
  drawAside();
  return root;
}
