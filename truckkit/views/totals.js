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

const LONG = 1000 * HOUR; // what a group of trucks may add up to: hours alone, and the cell says so

// What stands in each state's cell: nothing where the truck was never in it, "<0:01" where the time is
// too short for the unit.
function totalsWords(sums, unit) {
  return apportioned(sums, unit).map((count, code) => {
    if (sums[code] === 0) return "";
    if (unit.ms < HOUR && sums[code] >= LONG) return `${Math.round(sums[code] / HOUR)} h`;
    return count === 0 ? `<${inUnit(1, unit)}` : inUnit(count, unit);
  });
}

// What the states of a row add up to.
function sumWords(sums, unit) {
  const whole = sums.reduce((all, one) => all + one, 0);
  return unit.ms < HOUR && whole >= LONG ? `${Math.round(whole / HOUR)} h` : inUnit(Math.round(whole / unit.ms), unit);
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
  const caption = table.createCaption();
  const head = table.createTHead(), body = table.createTBody();
  // Cells are kept: a table of 300 trucks made anew takes longer than a frame, and mostly few words change.
  function put(line, k, tag, text, scope) {
    let cell = line.cells[k];
    if (cell && cell.tagName.toLowerCase() !== tag) {
      while (line.cells.length > k) line.lastChild.remove();
      cell = undefined;
    }
    if (!cell) {
      cell = line.appendChild(document.createElement(tag));
      if (scope) cell.scope = scope;
    }
    if (cell.textContent !== text) cell.textContent = text;
  }
  function fill(line, words, tag) {
    words.forEach((text, k) => put(line, k, k === 0 ? "th" : tag, text, k === 0 && tag === "td" ? "row" : tag === "th" ? "col" : ""));
    while (line.cells.length > words.length) line.lastChild.remove();
  }
  // `lines`: [{name, sums, agreed, group}, …]; `present` the states that have a column; `compared`: whether lanes are.
  function show(lines, present, span, said, compared) {
    const unit = totalsUnit(span);
    caption.textContent = `${said}, in ${unit.words}`;
    const titles = ["Truck", ...present.map((code) => STATES[CODES[code]].words), "Sum", ...(compared ? ["Lanes agree"] : [])];
    fill(head.rows[0] || head.insertRow(), titles, "th");
    lines.forEach(({ name, sums, agreed, group }, k) => {
      const line = body.rows[k] || body.insertRow();
      const words = totalsWords(sums, unit);
      fill(line, [name, ...present.map((code) => words[code]), sumWords(sums, unit), ...(compared ? [agreed ? agreedPercent(agreed) : ""] : [])], "td");
      line.className = group ? "group" : "";
    });
    while (body.rows.length > lines.length) body.lastChild.remove();
  }
  return { table, show };
}
