// Total time in each state: numbers that add up to the visible range, a table of them and the legend.

// The unit that totals over `span` [ms] are shown in.
function totalsUnit(span) {
  if (span >= 1000 * HOUR) return { ms: HOUR, words: "h" };
  if (span >= HOUR) return { ms: MINUTE, words: "h:mm" };
  if (span >= MINUTE) return { ms: SECOND, words: "min:s" };
  return { ms: 1, words: "s" };
}

function inUnit(count, unit) {
  if (unit.ms === 1) return (count / 1000).toFixed(3);
  if (unit.ms === HOUR) return String(count);
  return `${Math.floor(count / 60)}:${padded(count % 60)}`;
}

// Whole units for each state that add up to the whole: the largest remainders are rounded up.
function apportioned(sums, unit) {
  const exact = Array.from(sums, (ms) => ms / unit.ms);
  const counts = exact.map(Math.floor);
  const whole = Math.round(exact.reduce((all, one) => all + one, 0));
  let left = whole - counts.reduce((all, one) => all + one, 0);
  const order = exact.map((_, code) => code).sort((a, b) => exact[b] - counts[b] - (exact[a] - counts[a]));
  for (const code of order) {
    if (left <= 0 || exact[code] === 0) break;
    counts[code] += 1;
    left -= 1;
  }
  return counts;
}

// What stands in each state's cell: nothing where the truck was never in it, "<0:01" where the time is
// too short for the unit.
function totalsWords(sums, unit) {
  return apportioned(sums, unit).map((count, code) => {
    if (sums[code] === 0) return "";
    return count === 0 ? `<${inUnit(1, unit)}` : inUnit(count, unit);
  });
}

// A fleet's time in a state: "1,231 h", "24 h 30 min", "12.250 s".
function fleetWords(ms) {
  if (ms >= 100 * HOUR) return `${Math.round(ms / HOUR).toLocaleString("en")} h`;
  return durationWords(ms >= MINUTE ? Math.round(ms / MINUTE) * MINUTE : ms);
}

function shareWords(part, whole) {
  const share = whole > 0 ? (100 * part) / whole : 0;
  return share > 0 && share < 0.5 ? "<1 %" : `${Math.round(share)} %`;
}

// The totals as a real table: read by screen readers, and shown in place of the strips on a phone.
function totalsTable() {
  const table = document.createElement("table");
  table.className = "totals";
  const cell = (row, tag, text, scope) => {
    const made = row.appendChild(document.createElement(tag));
    made.textContent = text;
    if (scope) made.scope = scope;
    return made;
  };
  // `each[row]` are the sums of one truck; `present` the states that have a column.
  function show(trucks, each, present, span, caption) {
    const unit = totalsUnit(span);
    table.replaceChildren();
    table.appendChild(document.createElement("caption")).textContent = `${caption}, in ${unit.words}`;
    const head = table.createTHead().insertRow();
    cell(head, "th", "Truck", "col");
    for (const code of present) cell(head, "th", STATES[CODES[code]].words, "col");
    cell(head, "th", "Sum", "col");
    const body = table.createTBody();
    trucks.forEach((truck, row) => {
      const line = body.insertRow();
      cell(line, "th", truck, "row");
      const words = totalsWords(each[row], unit);
      for (const code of present) cell(line, "td", words[code]);
      const whole = each[row].reduce((all, one) => all + one, 0);
      cell(line, "td", inUnit(Math.round(whole / unit.ms), unit));
    });
  }
  return { table, show };
}

// The legend, which filters: a click hides a state or shows it again; Alt-click, double click or the
// key "o" shows it alone, or all again.
function legendOf(hidden, changed) {
  const list = document.createElement("div");
  list.className = "legend";
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", "States: choose which are drawn");
  const heading = list.appendChild(document.createElement("span"));
  heading.className = "heading";
  const buttons = new Map();

  const toggle = (code) => {
    hidden[code] = hidden[code] ? 0 : 1;
    refresh();
    changed();
  };
  const alone = (code) => {
    const already = CODES.every((_, other) => (other === code ? !hidden[other] : hidden[other] || !buttons.has(other)));
    CODES.forEach((_, other) => {
      hidden[other] = already || other === code ? 0 : 1;
    });
    refresh();
    changed();
  };
  const refresh = () => {
    for (const [code, button] of buttons) button.setAttribute("aria-pressed", String(!hidden[code]));
  };

  function build(present, theme) {
    const focused = [...buttons].find(([, button]) => button.getRootNode().activeElement === button);
    for (const button of buttons.values()) button.remove();
    buttons.clear();
    for (const code of present) {
      const state = CODES[code];
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.state = state;
      button.title = `${STATES[state].words}: the truck ${STATES[state].meaning}. Click hides it, Alt-click shows it alone.`;
      button.append(stillOf(stateSwatch(state, theme, 14)));
      for (const [part, text] of [["state", STATES[state].words], ["time", ""]]) {
        const span = button.appendChild(document.createElement("span"));
        span.className = part;
        span.textContent = text;
      }
      button.addEventListener("click", (event) => (event.altKey ? alone(code) : toggle(code)));
      button.addEventListener("dblclick", () => alone(code));
      button.addEventListener("keydown", (event) => {
        if (event.key === "o") alone(code);
      });
      buttons.set(code, button);
      list.append(button);
      if (focused && focused[0] === code) button.focus();
    }
    refresh();
  }

  // `unseen` trucks are no_data all the time.
  function show(sums, trucks, span, unseen) {
    const whole = trucks * span;
    heading.textContent = `${trucks} ${trucks === 1 ? "truck" : "trucks"} × ${durationWords(span)}${unseen ? `, ${unseen} not observed` : ""}`;
    for (const [code, button] of buttons) {
      const words = fleetWords(sums[code]);
      button.querySelector(".time").textContent = sums[code] ? `${words} · ${shareWords(sums[code], whole)}` : "none here";
    }
  }
  return { list, build, show, refresh };
}
