// Charts of bars: the ledger's waterfall, time usage, cycle phases, payloads, the pareto of downtime.

const share = (part, whole) => `${whole > 0 ? (100 * part) / whole : 0}%`;

// A row that is one mark: its name, its bar, what it comes to.
function barRow(parent, name, words, bar) {
  const row = mark(parent, bar.mark, words, "row");
  element(row, "span", "name", name);
  const track = element(row, "span", "track");
  const drawn = element(track, "span", "bar");
  drawn.style.left = bar.left;
  drawn.style.width = bar.width;
  for (const text of bar.figures) element(row, "span", "figure", text);
  return drawn;
}

function drawLedger(box, chart) {
  const refused = saysWhy(box, chart);
  if (!chart.bars || !chart.bars.length) return;
  const planned = chart.plan_t !== undefined;
  if (refused && planned) return;
  // Each line starts where the one before it ends; without a plan each starts at nothing.
  let run = planned ? chart.plan_t : 0;
  const spans = chart.bars.map((bar) => {
    const from = planned ? run : 0;
    run = planned ? run - bar.lost_t : 0;
    return planned ? [run, from] : [0, bar.lost_t];
  });
  const every = spans.flat().concat(planned ? [chart.plan_t, chart.actual_t] : []);
  const high = Math.max(...every), low = Math.min(...every);
  // Where all lines lie far above nothing, the scale starts above it and says so.
  const cut = planned && low > 0.5 * high;
  const base = cut ? low - 0.15 * (high - low) : Math.min(0, low);
  const at = (tonnes) => (100 * (tonnes - base)) / (high - base || 1);
  const place = (a, b) => ({ left: `${at(Math.min(a, b))}%`, width: `${Math.abs(at(a) - at(b))}%` });
  const rows = element(box.body, "div", planned ? "rows waterfall" : "rows waterfall plain");
  const whole = (name, tonnes, figure) => {
    const words = name === "plan" ? `plan: ${figure}` : `dumped: ${figure}; lists the loads`;
    const bar = barRow(rows, name, words, {
      mark: chart.loads, left: "0%", width: `${at(tonnes)}%`, figures: [figure, ""],
    });
    bar.classList.add("whole");
    bar.classList.toggle("cut", cut);
  };
  if (planned) {
    element(rows, "div", "row plan");
    const row = rows.lastChild;
    element(row, "span", "name", "plan");
    const bar = element(element(row, "span", "track"), "span", `bar whole${cut ? " cut" : ""}`);
    bar.style.width = `${at(chart.plan_t)}%`;
    element(row, "span", "figure", chart.plan);
    element(row, "span", "figure", "");
  }
  chart.bars.forEach((bar, k) => {
    const words = `${bar.name}: ${bar.tonnes}${bar.spent ? `, ${bar.spent}` : ""}. ${bar.why}`;
    const drawn = barRow(rows, bar.name, words, { mark: bar.mark, ...place(...spans[k]), figures: [bar.tonnes, bar.spent] });
    dress(drawn, bar.state);
    drawn.classList.toggle("won", bar.lost_t < 0);
  });
  if (planned) whole("dumped", chart.actual_t, chart.actual);
  if (cut) {
    const thousands = Math.round(base).toLocaleString("en");
    element(box.body, "p", "aside", `The scale starts at ${thousands} t, not at 0. Bars to the left lose tonnes, those to the right win them or are allowed for.`);
  }
  reach(rows);
}

function drawUsage(box, chart) {
  if (saysWhy(box, chart)) return;
  const legend = element(box.body, "ul", "legend");
  for (const part of chart.parts) {
    const entry = element(legend, "li");
    dress(element(entry, "span", "swatch"), part.state, part.variant);
    element(entry, "span", "", part.name);
    element(entry, "span", "muted", `${part.spent}, ${part.percent}`);
  }
  const rows = element(box.body, "div", "rows stacks");
  for (const truck of chart.trucks) {
    const row = element(rows, "div", "row");
    element(row, "span", "name", truck.truck).title = truck.truck;
    const track = element(row, "span", "track");
    for (const piece of truck.parts) {
      const part = chart.parts[piece.part];
      const made = mark(track, piece.mark, `${truck.truck}: ${part.name} ${piece.spent}, ${piece.percent} of the calendar`, "piece");
      made.style.width = `${100 * piece.share}%`;
      dress(made, part.state, part.variant);
      element(made, "span", "on", piece.percent.replace(/\.\d/, ""));
    }
  }
  const axis = element(rows, "div", "row axis");
  element(axis, "span", "name", "of calendar");
  const ticks = element(axis, "span", "track");
  for (const tick of [0, 25, 50, 75, 100]) element(ticks, "span", "tick", `${tick} %`).style.left = `${tick}%`;
  reach(rows);
  const ratios = element(box.body, "dl", "ratios");
  for (const ratio of chart.ratios) {
    element(ratios, "dt", "", ratio.name);
    const value = element(ratios, "dd");
    element(value, "strong", "", ratio.share);
    element(value, "span", "muted", ratio.told);
  }
  element(box.body, "p", "aside", `Model: ${chart.source}.`);
}

function drawPhases(box, chart) {
  if (saysWhy(box, chart)) return;
  const longest = Math.max(...chart.routes.map((route) => Math.max(route.minutes, route.before)));
  const seen = new Set(chart.routes.flatMap((route) => route.phases.filter((phase) => phase.minutes > 0).map((phase) => phase.state)));
  const legend = element(box.body, "ul", "legend");
  for (const state of Object.keys(STATES).filter((each) => seen.has(each))) {
    const entry = element(legend, "li");
    dress(element(entry, "span", "swatch"), state);
    element(entry, "span", "", STATES[state].words);
  }
  const rows = element(box.body, "div", "routes");
  for (const route of chart.routes) {
    const row = element(rows, "div", "route");
    const line = element(row, "div", "line");
    element(line, "strong", "", route.route);
    element(line, "span", "muted", route.told);
    const now = element(row, "div", "stack now");
    now.style.width = share(route.minutes, longest);
    const before = element(row, "div", "stack before");
    before.style.width = share(route.before, longest);
    before.setAttribute("aria-hidden", "true");
    for (const phase of route.phases) {
      if (phase.minutes > 0) {
        const made = mark(now, phase.mark, `${route.route}: ${phase.words}`, "piece");
        made.style.width = share(phase.minutes, route.minutes);
        dress(made, phase.state);
        element(made, "span", "on", `${phase.minutes.toFixed(1)} min`);
      }
      if (phase.before > 0) dress(element(before, "span", "piece"), phase.state).style.width = share(phase.before, route.before);
    }
  }
  reach(rows);
}

function drawPayload(box, chart) {
  if (saysWhy(box, chart)) return;
  const low = Math.min(0.8, ...chart.bins.map((bin) => bin.from)), high = Math.max(1.24, ...chart.bins.map((bin) => bin.to));
  const most = Math.max(...chart.bins.map((bin) => bin.loads));
  const at = (part) => `${(100 * (part - low)) / (high - low)}%`;
  const field = element(box.body, "div", "histogram");
  for (const [part, words] of [[1, "target"], [1.1, "110 %"], [1.2, "120 %"]]) {
    const line = element(field, "span", "bound");
    line.style.left = at(part);
    element(line, "span", "", words);
  }
  const bars = element(field, "div", "bins");
  for (const bin of chart.bins) {
    const made = mark(bars, bin.mark, bin.words, "bin");
    made.style.left = at(bin.from);
    made.style.width = share(bin.to - bin.from, high - low);
    const bar = dress(element(made, "span", "bar"), "load");
    bar.style.height = share(bin.loads, most);
    element(bar, "span", "on", String(bin.loads));
  }
  const mean = element(field, "span", "mean");
  mean.style.left = at(chart.mean);
  mean.title = "mean payload";
  const axis = element(box.body, "div", "shares");
  const every = high - low > 0.8 ? 0.2 : 0.1;
  for (let part = Math.ceil(low / every - 1e-9) * every; part <= high + 1e-9; part += every) {
    element(axis, "span", "tick", `${Math.round(100 * part)} %`).style.left = at(part);
  }
  const clauses = element(box.body, "ul", "clauses");
  for (const clause of chart.clauses) {
    const entry = element(clauses, "li", clause.kept ? "kept" : "broken");
    element(entry, "span", "sign", clause.kept ? "✓" : "✗").setAttribute("aria-hidden", "true");
    element(entry, "span", "", clause.name);
    element(entry, "strong", "", clause.share);
    element(entry, "span", "", clause.kept ? "kept" : "not kept");
  }
  reach(bars);
}

function drawPareto(box, chart) {
  if (saysWhy(box, chart)) return;
  const most = Math.max(...chart.bars.map((bar) => bar.hours));
  const rows = element(box.body, "div", "rows pareto");
  for (const bar of chart.bars) {
    const drawn = barRow(rows, bar.name, `${bar.name}: ${bar.spent}, ${bar.told}`, {
      mark: bar.mark, left: "0%", width: share(bar.hours, most), figures: [bar.spent, `Σ ${Math.round(100 * bar.cumulative)} %`],
    });
    dress(drawn, "down");
  }
  reach(rows);
}
