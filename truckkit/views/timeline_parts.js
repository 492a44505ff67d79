// What a timeline is made of, from the top down: its bar, the moment, the strips with what lies over them, the words.

const BOTH = "both"; // the choice of two lanes among the sources

function timelineParts(model) {
  const root = element("div", "timeline", "", { role: "region", "aria-label": "Timeline of states" });
  const bar = root.appendChild(element("div", "bar"));
  const range = bar.appendChild(element("span", "range"));
  const told = bar.appendChild(element("span", "told"));
  bar.appendChild(element("span", "push"));
  const source = bar.appendChild(sourceChoice(model.choices, model.compare ? BOTH : model.source, (chosen) => {
    model.compare = chosen === BOTH;
    if (chosen !== BOTH) model.source = chosen;
  }));
  source.append(new Option("states: both, as two lanes", BOTH));
  if (model.compare) source.value = BOTH;
  const buttons = bar.appendChild(element("span", "buttons"));
  const moment = root.appendChild(element("div", "moment"));
  const note = root.appendChild(element("div", "note"));
  const stage = root.appendChild(element("div", "stage"));
  const scroll = stage.appendChild(element("div", "scroll", "", { tabindex: "-1" }));
  const sticky = scroll.appendChild(element("div", "sticky"));
  const canvas = sticky.appendChild(element("canvas", "strips", "", { tabindex: "0", role: "application" }));
  const over = sticky.appendChild(element("canvas", "over", "", { "aria-hidden": "true" }));
  const rest = new Resting([canvas, over]);
  const line = sticky.appendChild(element("div", "line", "", { "aria-hidden": "true", hidden: "" }));
  const spacer = scroll.appendChild(element("div"));
  const tip = stage.appendChild(element("div", "tip", "", { "aria-hidden": "true" }));
  const tablebox = stage.appendChild(element("div", "tablebox heard"));
  const totals = totalsTable();
  tablebox.append(totals.table);
  const message = root.appendChild(element("div", "message", "", { role: "status" }));
  const heard = root.appendChild(element("div", "heard", "", { "aria-live": "polite" }));
  const help = root.appendChild(element("div", "help", "", { role: "dialog", "aria-label": "Keys", hidden: "" }));
  const keys = help.appendChild(element("dl"));
  for (const [key, what] of KEYS) keys.append(element("dt", "", key), element("dd", "", what));
  return {
    root, bar, range, told, source, buttons, moment, note, stage, scroll, canvas, over, rest, line, spacer, tip, tablebox, totals,
    message, heard, help,
  };
}

function labelledButton(text, label, act) {
  const made = element("button", "", text, { type: "button", "aria-label": label, title: label });
  made.addEventListener("click", act);
  return made;
}
