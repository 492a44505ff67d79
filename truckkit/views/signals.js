// Telemetry strips: one strip a channel, one line a truck, on the clock that the panes of a page share.

const FOOT = 22, AXIS = 52, LEAST_STRIP = 62, EXACT = 3;
const STOOD = 250; // ms: who seeks on before wants no exact value, and the map comes first
const RANGES = [["whole window", 0], ["± 5 min", 5 * MINUTE], ["± 30 min", 30 * MINUTE], ["± 2 h", 2 * HOUR]];

export function render({ model }) {
  const root = element("div", "signals", "", { role: "region", "aria-label": "Telemetry" });
  const { ask, stop } = questions(model);
  let leave = () => {}, gone = false, asked = 0;
  model.on("remove", () => {
    gone = true;
    stop();
    leave();
  });
  async function begin() {
    const number = (asked += 1);
    const message = root.querySelector(":scope > .message") || root.appendChild(element("div", "message", "", { role: "status" }));
    message.textContent = "Looking for telemetry…";
    try {
      const scene = await ask("signals");
      if (gone || number !== asked) return;
      leave();
      leave = () => {};
      root.replaceChildren();
      if (scene.length > 0 && scene.channels.length) leave = perform(root, scene, ask, model);
      else root.append(element("div", "message", `Nothing was measured in ${scene.name} here; choose another window, or ingest telemetry.`, { role: "status" }));
    } catch (error) {
      message.textContent = error.message;
    }
  }
  model.on("version", begin);
  begin();
  return root;
}

// The name of a channel in words: "speed", "engine load"; its unit stands beside it.
function channelWords({ name, unit, meaning }) {
  const bare = meaning.startsWith("A channel of") ? name : meaning.replace(/^True while /, "").replace(/\.$/, "");
  return unit ? `${bare} [${unit}]` : bare;
}

// A button that opens a list of boxes to tick.
function ticks(words, names, chosen, act) {
  const box = element("details", "ticks");
  const head = box.appendChild(element("summary", "", words));
  const list = box.appendChild(element("div", "list", "", { role: "group", "aria-label": words }));
  names.forEach((name, k) => {
    const label = list.appendChild(element("label"));
    const tick = label.appendChild(element("input", "", "", { type: "checkbox" }));
    tick.checked = chosen().has(k);
    label.append(element("span", "", name));
    tick.addEventListener("change", () => act(k, tick.checked));
  });
  box.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Escape") return;
    box.open = false;
    head.focus();
  });
  const say = () => {
    head.textContent = `${words} (${chosen().size})`;
    [...list.querySelectorAll("input")].forEach((tick, k) => { tick.checked = chosen().has(k); });
  };
  say();
  return { box, say };
}

function perform(root, scene, ask, model) {
  const name = model.shared || `alone ${Math.random()}`;
  const shared = enterShared(name, scene.start, scene.length), { playhead } = shared;
  // This window's start as the shared clock counts.
  const shift = () => scene.start - shared.start, now = () => playhead.now - shift();
  const clock = siteClock(scene.clock);
  const numbers = (names, among) => new Set(names.map((each) => among.indexOf(each)).filter((k) => k >= 0));
  const channelNames = scene.channels.map((channel) => channel.name);
  let channels = numbers(model.channels.length ? model.channels : scene.first, channelNames);
  let picked = model.trucks.length ? numbers(model.trucks, scene.trucks) : null;
  let range = 0, from = 0, to = scene.length, surface = null, frame = 0, drag = null;
  // The curves are drawn when they change; while time goes, the playhead alone moves over them.
  let stale = true, valued = -1, width = 0, height = 0, sought = -STOOD, standing = 0, placed = NaN;
  const follow = () => { if (!frame) frame = requestAnimationFrame(draw); };
  const redraw = () => {
    stale = true;
    follow();
  };
  const series = new Series(scene, ask, redraw);
  const trucks = () => {
    if (picked) return picked;
    const followed = scene.trucks.indexOf(shared.truck);
    return new Set([Math.max(0, followed)]);
  };

  // Controls ------------------------------------------------------------------------------------
  const bar = root.appendChild(element("div", "bar"));
  const truckTicks = ticks("Trucks", scene.trucks, trucks, (k, on) => {
    picked = new Set(trucks());
    if (on) picked.add(k);
    else picked.delete(k);
    build();
  });
  const channelTicks = ticks("Channels", scene.channels.map(channelWords), () => channels, (k, on) => {
    if (on) channels.add(k);
    else channels.delete(k);
    channels = new Set([...channels].sort((a, b) => a - b));
    build();
  });
  const ranges = element("select", "", "", { "aria-label": "Stretch of time shown" });
  ranges.append(...RANGES.map(([words, ms]) => new Option(words, String(ms))), new Option("as zoomed", "-1"));
  ranges.options[RANGES.length].disabled = true;
  ranges.addEventListener("change", () => {
    range = Number(ranges.value);
    if (!range) [from, to] = [0, scene.length];
    redraw();
  });
  const moment = element("span", "moment");
  bar.append(truckTicks.box, channelTicks.box, ranges, moment);
  const legend = root.appendChild(element("div", "legend"));
  const stage = root.appendChild(element("div", "stage"));
  const canvas = stage.appendChild(element("canvas", "plot", "", {
    tabindex: "0", role: "application",
    "aria-label": "Telemetry in time. Arrow keys move the clock by a second, with Shift by a minute; plus and minus zoom; 0 shows all.",
  }));
  const rest = new Resting([canvas]);
  const needle = stage.appendChild(element("div", "now", "", { "aria-hidden": "true" }));
  const words = stage.appendChild(element("div", "words"));
  const why = stage.appendChild(element("div", "message", "", { role: "status" }));

  // One heading a channel, with one value a truck.
  let said = [];
  function build() {
    truckTicks.say();
    channelTicks.say();
    const wanted = [...trucks()];
    said = [...channels].map((channel) => {
      const row = element("div", "strip");
      row.append(element("span", "name", channelWords(scene.channels[channel])));
      const values = wanted.map((truck) => {
        const one = row.appendChild(element("span", "value", "", { "data-truck": scene.trucks[truck], "data-channel": channelNames[channel] }));
        one.style.color = look(wanted.indexOf(truck)).colour;
        return one;
      });
      return { row, values };
    });
    words.replaceChildren(...said.map(({ row }) => row));
    legend.replaceChildren(...wanted.map((truck, k) => {
      const key = element("span", "key");
      key.append(swatch(k), element("span", "", scene.trucks[truck]));
      return key;
    }));
    why.textContent = !channels.size ? "No channel is chosen; tick one under Channels."
      : !wanted.length ? "No truck is chosen; tick one under Trucks." : "";
    stage.style.minHeight = `${channels.size * LEAST_STRIP + FOOT}px`;
    redraw();
  }
  const look = (k) => ({ colour: LINES[surface?.theme ?? "light"][k % 6], dash: DASHES[Math.floor(k) % 6] });
  function swatch(k) {
    const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const { colour, dash } = look(k);
    drawn.setAttribute("viewBox", "0 0 30 8");
    drawn.setAttribute("aria-hidden", "true");
    line.setAttribute("d", "M0 4h30");
    line.setAttribute("stroke", colour);
    line.setAttribute("stroke-width", "2");
    line.setAttribute("stroke-dasharray", dash.join(" "));
    drawn.append(line);
    return drawn;
  }

  // Time ----------------------------------------------------------------------------------------
  const view = { from: 0, to: 1, left: AXIS, width: 1, toX: (at) => view.left + ((at - view.from) / (view.to - view.from)) * view.width };
  const toTime = (x) => Math.round(view.from + ((x - view.left) / view.width) * (view.to - view.from));
  const seek = (at) => playhead.seek(Math.min(scene.length - 1, Math.max(0, at)) + shift());
  function show(start, stop) {
    const span = Math.min(scene.length, Math.max(200, stop - start));
    from = Math.min(scene.length - span, Math.max(0, start));
    to = from + span;
    range = -1;
    ranges.value = "-1";
    redraw();
  }
  function zoom(factor, around) {
    const span = (view.to - view.from) * factor, share = (around - view.from) / (view.to - view.from);
    show(around - share * span, around + (1 - share) * span);
  }
  const moved = () => { ranges.value = String(range); };

  // Drawing -------------------------------------------------------------------------------------
  function draw(time) {
    frame = 0;
    if (!surface || !width) return;
    if (range > 0 || stale) drawCurves();
    const x = Math.round(view.toX(now()) * devicePixelRatio) / devicePixelRatio;
    if (x !== placed) {
      placed = x;
      needle.hidden = x < view.left || x > view.left + view.width;
      needle.style.transform = `translateX(${x}px)`;
    }
    if (playhead.playing && !stale && beatOf(time) === valued) return;
    stale = false;
    valued = beatOf(time);
    const wanted = [...trucks()];
    [...channels].forEach((channel, row) => {
      wanted.forEach((truck, k) => sayValue(said[row].values[k], truck, channel, level(), wanted.length > 1));
    });
    const at = scene.start + now();
    moment.textContent = `${clock.date(at)} ${clock.time(at)} site time`;
    if (channels.size && wanted.length) why.textContent = series.failed;
  }
  const level = () => series.level((view.to - view.from) / view.width / (devicePixelRatio || 1));
  function drawCurves() {
    [view.from, view.to] = range > 0 ? [now() - range, now() + range] : [from, to];
    view.width = Math.max(20, width - AXIS - 10);
    const dpr = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * dpr) || canvas.height !== Math.round(height * dpr)) {
      canvas.width = Math.round(width * dpr);
      canvas.height = Math.round(height * dpr);
    }
    rest.changed();
    const context = canvas.getContext("2d");
    context.setTransform(dpr, 0, 0, dpr, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = `11px ${surface.font}`;
    const wanted = [...trucks()];
    const room = (height - FOOT) / Math.max(1, channels.size);
    needle.style.height = `${height - FOOT}px`;
    drawTimes(context, clock, scene.start, view, surface, height - FOOT);
    let waiting = 0, partsDrawn = 0;
    [...channels].forEach((channel, row) => {
      const top = row * room + 22, bottom = (row + 1) * room - 6;
      said[row].row.style.top = `${row * room}px`;
      const each = wanted.map((truck) => series.over(truck, channel, level(), view.from, view.to));
      waiting += each.filter((one) => one.waiting).length;
      const bounds = scene.channels[channel].flag ? [0, 1] : extremes(each.flatMap((one) => one.found), view.from, view.to);
      drawStrip(context, channel, bounds, each, top, bottom, (count) => { partsDrawn += count; });
    });
    const stretch = playhead.loop?.map((at) => view.toX(at - shift()));
    if (stretch) drawStretch(context, surface, [view.left, view.left + view.width], stretch, 0, height - FOOT);
    // For whoever reads the picture from outside, such as a test.
    canvas.dataset.drawn = JSON.stringify({
      from: view.from, to: view.to, left: view.left, width: view.width, level: level(), waiting, parts: partsDrawn, now: now(), strips: channels.size, stretch: stretch || null,
    });
  }
  function drawStrip(context, channel, bounds, each, top, bottom, count) {
    context.strokeStyle = surface.line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(view.left, Math.round(bottom) + 0.5);
    context.lineTo(view.left + view.width, Math.round(bottom) + 0.5);
    context.stroke();
    context.fillStyle = surface.muted;
    context.textAlign = "left";
    context.textBaseline = "middle";
    if (!bounds) {
      const words = each.some((one) => one.waiting) ? "loading…" : "nothing measured here";
      context.fillText(words, view.left + 6, (top + bottom) / 2);
      return;
    }
    // What is measured from 0 up is drawn from 0 up, where that costs little height.
    let [low, high] = bounds;
    if (low > 0 && low < high * 0.6) low = 0;
    if (high - low < 1e-6) [low, high] = [low - 1, high + 1];
    const toY = (value) => bottom - ((value - low) / (high - low)) * (bottom - top);
    context.textAlign = "right";
    const { flag } = scene.channels[channel];
    for (const value of flag ? [0, 1] : axisTicks(low, high, (bottom - top) / 24)) {
      context.fillText(flag ? ["no", "yes"][value] : numberWords(value), view.left - 6, toY(value));
      context.fillRect(view.left - 3, Math.round(toY(value)), 3, 1);
    }
    context.save();
    context.beginPath();
    context.rect(view.left, top - 3, view.width, bottom - top + 6);
    context.clip();
    each.forEach(({ found }, k) => count(drawSeries(context, found, view, toY, { ...look(k), steps: flag })));
    context.restore();
  }
  // Exactly where time stands or goes slowly; else as far as the picture knows, which "≈" says.
  function sayValue(place, truck, channel, level, named) {
    const exact = playhead.playing ? playhead.speed <= 10 : performance.now() - sought >= STOOD;
    let told = exact ? series.at(truck, channel, Math.min(EXACT, level), now()) : { waiting: true };
    let about = "";
    if (told.waiting) {
      told = series.at(truck, channel, level, now());
      about = level > EXACT ? "≈ " : "";
    }
    const { unit, flag } = scene.channels[channel];
    const value = told.waiting ? "…" : told.gap ? "–" : flag ? ["no", "yes"][Math.round(told.measured)] ?? "–"
      : `${about}${numberWords(told.measured)} ${unit}`.trim();
    const text = named ? `${scene.trucks[truck]} ${value}` : value;
    if (place.textContent !== text) place.textContent = text;
  }

  // Hands ---------------------------------------------------------------------------------------
  const spot = (event) => event.clientX - canvas.getBoundingClientRect().left;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    drag = { x: spot(event), from: view.from, to: view.to, pans: event.shiftKey };
    canvas.setPointerCapture(event.pointerId);
    if (!drag.pans) seek(toTime(drag.x));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const by = ((drag.x - spot(event)) / view.width) * (drag.to - drag.from);
    if (drag.pans) show(drag.from + by, drag.to + by);
    else seek(toTime(spot(event)));
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { drag = null; });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = ((event.deltaX || event.deltaY) / view.width) * (view.to - view.from);
      show(view.from + by, view.to + by);
    } else zoom(1.0015 ** event.deltaY, toTime(spot(event)));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? MINUTE : SECOND;
    const act = {
      ArrowLeft: () => seek(now() - step), ArrowRight: () => seek(now() + step), "+": () => zoom(0.5, now()), "-": () => zoom(2, now()),
      0: () => show(0, scene.length), Home: () => seek(0), End: () => seek(scene.length - 1),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });

  const unshare = shared.watch((what) => {
    if (what === "truck" && !picked) build();
    else if (what === "tick" || what === "seek" || what === "marks") follow();
    else redraw();
    if (what !== "seek") return;
    sought = performance.now();
    clearTimeout(standing);
    standing = setTimeout(follow, STOOD);
  });
  const unwatch = watchSurface(root, (seen) => {
    surface = seen;
    for (const ink of ["ink", "muted", "faint", "line", "accent", "row"]) root.style.setProperty(`--${ink}`, seen[ink]);
    root.style.setProperty("--ground", seen.background);
    build();
  });
  const resized = new ResizeObserver(() => {
    [width, height] = [stage.clientWidth, stage.clientHeight];
    redraw();
  });
  resized.observe(stage);
  moved();
  build();
  return () => {
    unshare();
    unwatch();
    resized.disconnect();
    clearTimeout(standing);
    rest.stop();
    cancelAnimationFrame(frame);
    leaveShared(name);
  };
}
