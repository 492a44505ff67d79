// What the ground tells of, and of when: the choice in the map's corner, the scale on each map, and the second map.

const PERIODS = [
  ["window", "This window"], ["last_shift", "Last shift"], ["previous_shift", "Shift before that"],
  ["last_week", "Last week"], ["previous_week", "Week before that"], ["other", "Another period…"],
];

// `act`: {ask, redraw, clock, moved, tell, source}; `shown`: {backdrop, period, compare} as an address has them.
function groundTools(stage, pane, viewport, scene, ground, shown, act) {
  const beside = mapBeside(stage, pane, viewport, scene, act.ask, { moved: act.moved, pointed: (spot) => point(spot) });
  const maps = [
    { ground, picture: ground.picture, box: pane.appendChild(element("div", "ramp", "", { role: "group", "aria-label": "What the ground tells" })), said: "" },
    { ground: beside.ground, picture: beside.ground.picture, box: beside.pane.appendChild(element("div", "ramp", "", { role: "group", "aria-label": "What the ground of the other map tells" })), said: "" },
  ];
  let surface = null, spot = null;
  for (const map of maps) {
    map.here = element("div", "here");
    map.ground.changed = () => {
      settle();
      act.redraw();
    };
  }

  // The choice ------------------------------------------------------------------------------------
  const popover = element("div", "grounds", "", { role: "dialog", "aria-label": "Backdrop" });
  popover.hidden = true;
  const kind = choice("What the ground tells", Object.entries(GROUND_KINDS).map(([name, { menu }]) => [menu, name]), () => choose());
  const fault = element("div", "why", "", { role: "status" });
  const period = periodChoice("Of which period", PERIODS, () => choose());
  const compare = periodChoice("Compare with", [["", "nothing"], ...PERIODS], () => choose());
  for (const [words, made] of [["Backdrop", [kind]], ["Period", period.parts], ["Beside it", compare.parts]]) {
    const line = element("div", "line");
    line.append(element("span", "", words), ...made);
    popover.append(line);
  }
  popover.append(fault);
  const attribution = stage.appendChild(element("div", "attribution"));
  attribution.hidden = true;
  if (scene.tiles) popover.append(tilesChoice());
  const opened = button("What the ground tells, and of which period (G)", "Backdrop", () => open(popover.hidden));
  opened.setAttribute("aria-expanded", "false");
  opened.setAttribute("aria-haspopup", "dialog");
  function open(wanted) {
    popover.hidden = !wanted;
    opened.setAttribute("aria-expanded", String(wanted));
    if (wanted) kind.focus();
    else if (popover.contains(stage.getRootNode().activeElement)) opened.focus();
  }
  popover.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") open(false);
  });
  stage.append(popover);

  function periodChoice(label, options, changed) {
    const select = choice(label, options.map(([name, words]) => [words, name]), () => {
      ends.hidden = select.value !== "other";
      if (select.value !== "other") changed();
      else ends.firstChild.focus();
    });
    const ends = element("span", "ends");
    ends.hidden = true;
    for (const which of ["start", "stop"]) {
      const field = element("input", "", "", { type: "text", "aria-label": `${label}: its ${which}, in site time`, placeholder: which === "start" ? "2026-11-22 06:00" : "2026-11-22 18:00" });
      field.addEventListener("change", () => { if ([...ends.children].every((each) => each.value.trim())) changed(); });
      ends.append(field);
    }
    const known = new Set(options.map(([name]) => name));
    return {
      parts: [select, ends],
      value: () => (select.value === "other" ? [...ends.children].map((each) => each.value.trim().replace(" ", "T")).join("/") : select.value),
      set(value) {
        const other = value && !known.has(value);
        select.value = other ? "other" : value;
        ends.hidden = !other;
        if (other) value.split("/").forEach((end, k) => { if (ends.children[k]) ends.children[k].value = end.replace("T", " "); });
      },
    };
  }

  function tilesChoice() {
    const line = element("label", "line"), box = element("input", "", "", { type: "checkbox" });
    box.addEventListener("change", () => {
      for (const map of maps) {
        map.ground.tiles.on = box.checked;
        map.ground.redraw();
      }
      attribution.textContent = scene.tiles.attribution;
      attribution.hidden = !box.checked || !scene.tiles.attribution;
      act.redraw();
    });
    line.append(element("span", "", "Map tiles"), box);
    line.title = `Tiles of ${scene.tiles.url}; the browser asks that server for what is seen.`;
    return line;
  }

  function choose() {
    maps[0].picture.choose({ kind: kind.value, period: period.value(), source: act.source() });
    const other = compare.value();
    beside.show(Boolean(other));
    if (other) maps[1].picture.choose({ kind: kind.value, period: other, source: act.source() });
    maps[1].picture.shown = Boolean(other) && maps[0].picture.shown;
    maps[1].picture.want();
    beside.ground.redraw();
    settle();
    act.redraw();
  }

  // Both maps are of one scale, or their colours could not be compared.
  function settle() {
    const told = maps.filter(({ picture }, k) => (k === 0 || beside.shown()) && picture.seen && picture.answer?.picture);
    const alike = told.length > 1 && told.every(({ picture }) => picture.seen.frame.side === told[0].picture.seen.frame.side);
    for (const { picture, ground: drawn } of told) {
      const { answer } = picture;
      const among = alike ? told.map((map) => map.picture.answer) : [answer];
      const scale = { low: Math.min(...among.map(({ low }) => low)), high: Math.max(...among.map(({ high }) => high)), log: answer.log };
      if (picture.scaled(scale)) drawn.redraw();
    }
    say();
  }

  // Words -----------------------------------------------------------------------------------------
  function stretchWords({ start, stop, words }) {
    const clock = act.clock();
    const grain = [MINUTE, SECOND, 1].find((each) => start % each === 0 && stop % each === 0);
    const day = clock.date(start) === clock.date(stop) ? "" : `${clock.date(stop)} `;
    return [words, `${clock.date(start)} ${clock.time(start, grain)} – ${day}${clock.time(stop, grain)}`];
  }
  function say() {
    if (!surface) return;
    for (const [k, map] of maps.entries()) {
      const { picture, box } = map, { answer, scale } = picture;
      box.hidden = !picture.shown || !scene.trucks.length || (k === 1 && !beside.shown());
      const named = answer ? stretchWords(answer.period) : [];
      const told = JSON.stringify([picture.kind, named, answer && [answer.why, answer.low, answer.high, answer.states], scale, picture.seen?.frame.side, picture.waiting, picture.failed, surface.theme]);
      if (map.said !== told) {
        map.said = told;
        box.replaceChildren(element("strong", "", GROUND_KINDS[picture.kind].title));
        for (const words of named) box.append(element("div", "period", words));
        if (picture.failed) box.append(element("div", "why", picture.failed));
        else if (answer?.why) box.append(element("div", "why", answer.why));
        else if (answer) box.append(groundScale(answer, scale, picture.seen.frame.side, surface), map.here);
        if (picture.waiting && !answer) box.append(element("div", "why", "Adding up the positions of this period…", { role: "status" }));
        box.setAttribute("aria-busy", String(picture.waiting));
      }
    }
    sayHere();
    fault.textContent = maps.map(({ picture }) => picture.failed).find(Boolean) || "";
  }
  // What lies under the pointer, on either map; without one, in the middle.
  function sayHere() {
    const { x, y } = spot || { x: viewport.width / 2, y: viewport.height / 2 };
    for (const { picture, here } of maps) {
      if (!picture.answer?.picture) continue;
      const code = picture.codeAt(viewport.toPlaneX(x), viewport.toPlaneY(y));
      const words = `${spot ? "here" : "in the middle"}: ${code === null ? "…" : groundWords(picture.answer, code)}`;
      if (here.textContent !== words) here.textContent = words;
    }
  }
  function point(where) {
    spot = where;
    sayHere();
  }
  pane.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse") return;
    const edge = pane.getBoundingClientRect();
    point({ x: event.clientX - edge.left, y: event.clientY - edge.top });
  });
  pane.addEventListener("pointerleave", () => point(null));

  // As the address has it -------------------------------------------------------------------------
  // A period that was typed by the site's clock is told by its instants.
  const written = (picture) => {
    const { period: said, answer } = picture;
    return said.includes("/") && answer?.period ? [answer.period.start, answer.period.stop].map(writtenInstant).join("/") : said;
  };
  kind.value = GROUND_KINDS[shown.backdrop] ? shown.backdrop : "density";
  period.set(shown.period || "window");
  compare.set(shown.compare || "");
  choose();

  return {
    button: opened, beside, maps,
    keys: { g: () => open(popover.hidden) },
    escape: () => open(false),
    // Another source tells of the states, or the paths are hidden or shown.
    renew: choose,
    address: () => ({
      backdrop: kind.value === "density" ? "" : kind.value,
      period: period.value() === "window" ? "" : written(maps[0].picture),
      compare: compare.value() ? written(maps[1].picture) : "",
    }),
    draw(seen, now) {
      if (surface !== seen) {
        surface = seen;
        settle();
      }
      beside.draw(seen, now);
      if (!spot) sayHere();
    },
    stop: () => beside.ground.stop(),
  };
}
