// The bar above the strips: what is in sight, and the controls that move, order and save it.

// `act`: {pan, zoom, all, show, swap, compare} of timeline.js; `meant` of timeline_meant.js.
function timelineBar(parts, view, meant, shared, act) {
  const { model } = view;
  const { range, told, buttons, help } = parts;
  const jump = element("select", "", "", { "aria-label": "Go to" });
  const controls = {
    back: labelledButton("‹", "Earlier", () => act.pan(-0.5)), on: labelledButton("›", "Later", () => act.pan(0.5)),
    out: labelledButton("−", "Zoom out", () => act.zoom(2)), in: labelledButton("+", "Zoom in", () => act.zoom(0.5)),
    all: labelledButton("All", "Show everything", act.all), keys: labelledButton("?", "Keys", () => { help.hidden = !help.hidden; }),
  };
  const swap = labelledButton("Totals", "Show totals instead of strips", act.swap);
  const sort = element("select", "sort", "", { "aria-label": "Sort" });
  sort.title = "A state: the longest total first, of two lanes that of fms. Agreement: the least first";
  sort.addEventListener("change", () => { model.sort = sort.value; });
  const group = element("select", "group", "", { "aria-label": "Group" });
  group.append(new Option("group: none", ""), new Option("group: model", "model"), new Option("group: loader", "loader"));
  group.title = "Group trucks: by loader means the one that loaded a truck longest in the visible range";
  group.addEventListener("change", () => { model.group = group.value; });
  const lanes = labelledButton("Two lanes", "Compare fms with detected, as two lanes", act.compare);
  lanes.classList.add("lanes");
  const csv = labelledButton("CSV", "Save the intervals in sight as CSV", () =>
    download(new Blob(["\ufeff", csvOf(view)], { type: "text/csv" }), "timeline.csv"));
  const png = labelledButton("PNG", "Save the picture as PNG", async () =>
    download(await pictureOf([parts.canvas, parts.over], view.surface.background, (context) => drawMoment(context, view, meant.at())), "timeline.png"));
  const stretch = labelledButton("", "", () => meant.mean(null)), few = labelledButton("", "Show all trucks", () => shared.narrow(null));
  stretch.hidden = few.hidden = true;
  const replay = element("a", "link", "Open in replay");
  buttons.append(stretch, few, lanes, group, sort, jump, ...Object.values(controls), csv, png, swap);
  jump.addEventListener("change", () => {
    const chosen = model.jumps[Number(jump.value)];
    if (chosen) act.show(chosen[1], chosen[2]);
  });

  return {
    replay, swap,
    help: () => controls.keys.click(),
    // Where one can go, and by what one can sort, as the model has it now.
    offer() {
      jump.replaceChildren(new Option("Go to…", "", true, true), ...model.jumps.map(([name], k) => new Option(name, String(k))));
      jump.options[0].disabled = true;
      jump.hidden = model.jumps.length < 2;
      sort.replaceChildren(new Option("sort: truck", ""), ...view.present.map((code) => new Option(`sort: ${STATES[CODES[code]].words}`, CODES[code])));
      if (view.agreedOf) sort.append(new Option("sort: agreement", AGREEMENT));
      this.sayChoices();
    },
    // The choices are as the model has them.
    sayChoices() {
      sort.value = model.sort;
      if (sort.selectedIndex < 0) sort.value = "";
      group.value = model.group;
      parts.source.value = model.compare ? BOTH : model.source;
      if (parts.source.selectedIndex < 0) parts.source.value = "";
      lanes.hidden = !model.choices.length;
      lanes.setAttribute("aria-pressed", String(model.compare));
    },
    sayRange() {
      const { t0, t1, clock, at } = view;
      const grain = t1 - t0 > MINUTE ? SECOND : 1;
      range.textContent = rangeWords(view);
      told.textContent = [
        durationWords(Math.round((t1 - t0) / grain) * grain),
        clock.zone === clock.hours(at(t0)) ? `site time ${clock.zone}` : `site time ${clock.zone} (${clock.hours(at(t0))})`,
        model.told,
      ].join(" · ");
      controls.back.disabled = t0 <= 0;
      controls.on.disabled = t1 >= model.span;
      controls.out.disabled = controls.all.disabled = t0 <= 0 && t1 >= model.span;
      controls.in.disabled = t1 - t0 <= LEAST_SPAN;
      const chosen = model.jumps.findIndex(([, from, to]) => from === t0 && to === t1);
      jump.value = chosen < 0 ? "" : String(chosen);
      const asked = new URLSearchParams({ start: clock.iso(at(t0)), stop: clock.iso(at(t1)) });
      if (meant.at() !== null) asked.set("at", clock.iso(at(meant.at())));
      if (model.truck) asked.set("truck", model.truck);
      if (model.source) asked.set("source", model.source);
      replay.href = `${model.replay}?${asked}`;
    },
    saySome() {
      const ends = meant.stretch();
      stretch.hidden = !ends;
      if (ends) stretch.textContent = `${shared ? "repeats" : "totals of"} ${rangeWords(view, ...ends)} ×`;
      stretch.setAttribute("aria-label", ends ? `${stretch.textContent.slice(0, -2)}; click clears it` : "");
      few.hidden = view.trucks.length === model.trucks.length;
      few.textContent = `${view.trucks.length} of ${model.trucks.length} trucks · show all`;
    },
  };
}
