// The replay: a map on one clock. The server answers questions; everything that moves, moves here.

const WORDS_EVERY = 100; // ms: faster than this nobody reads
const AHEAD = 3000; // ms of real time to hold ready ahead of the clock

export function render({ model }) {
  const host = element("div", "host"), stage = host.appendChild(element("div", "host"));
  // Panel fills a child where it lies when this has been rendered; the layout comes with the scene.
  const nursery = host.appendChild(element("div", "nursery", "", { "aria-hidden": "true" }));
  const { ask, stop } = questions(model);
  const children = {};
  for (const name of ["timeline", "signals"]) if (model[name]) children[name] = nursery.appendChild(model.get_child(name));
  let leave = () => {}, gone = false, asked = 0;
  model.on("remove", () => {
    gone = true;
    stop();
    leave();
  });
  // `kept` is what goes over from the performance before: what is seen, and how.
  const begin = async (question, kept) => {
    const number = (asked += 1);
    try {
      const scene = await ask("scene", question);
      if (gone || number !== asked) return;
      leave();
      leave = perform(stageOf(stage), scene, ask, model, children, kept, begin);
      if (kept) model.generation = scene.generation;
    } catch (error) {
      const message = host.querySelector(".message");
      if (message && !gone && number === asked) message.textContent = error.message;
    }
  };
  stageOf(stage).append(element("div", "message", "Looking for positions…", { role: "status" }));
  begin({}, null);
  return host;
}

// An empty replay in the place of the one before.
function stageOf(stage) {
  const root = element("div", "replay", "", { role: "region", "aria-label": "Replay", tabindex: "0" });
  stage.replaceChildren(root);
  return root;
}

// Everything once the scene is known; gives the function that ends it.
function perform(root, scene, ask, model, children, kept, begin) {
  const bar = element("div", "bar"), stage = element("div", "stage");
  const count = scene.trucks.length;
  const [ox, oy] = scene.origin;
  const bounds = [scene.bounds[0] - ox, scene.bounds[1] - oy, scene.bounds[2] - ox, scene.bounds[3] - oy];
  const site = siteClock(scene.clock);
  const shared = enterShared(model.shared, scene.start, scene.length), { playhead } = shared;
  shared.move(scene.start, scene.length);
  const reads = scene.trucks.map(() => ({ status: LOADING, x: 0, y: 0, heading: 0, speed: 0, since: 0 }));
  const does = scene.trucks.map(() => ({ state: "", since: 0, loaded: false, teller: 0, sure: UNSURE }));
  let surface = null, frame = 0, last = 0, said = 0, missing = 0;
  const numbered = new Map(scene.trucks.map((truck, k) => [truck.name, k]));
  if (!kept) shared.follow(model.truck);
  let followed = numbered.get(shared.truck) ?? -1;
  let { trail, stepLength } = kept || { trail: 3 * MINUTE, stepLength: SECOND };
  let fitted = "";

  const redraw = () => { if (!frame) frame = requestAnimationFrame(draw); };
  const tracks = new Tracks(scene, ask, redraw), doings = new Doings(scene, scene.told_by, ask, redraw);
  const viewport = new Viewport(redraw);
  const pane = stage.appendChild(element("div", "pane", "", { role: "application", tabindex: "0", "aria-label": mapWords() }));
  const groundCanvas = pane.appendChild(element("canvas", "ground", "", { "aria-hidden": "true" }));
  const markersCanvas = pane.appendChild(element("canvas", "markers", "", { "aria-hidden": "true" }));
  const ground = new Ground(groundCanvas, scene, viewport, ask);
  const markers = new Markers(markersCanvas, scene, viewport);

  // Whose state the legend hides, and who is not among the trucks that the panes mean, is not drawn.
  const meant = (truck) => !shared.trucks || shared.trucks.has(scene.trucks[truck].name);
  const leftOut = (truck) => !meant(truck) || legend.hides(reads[truck], does[truck]);

  // Around the map ------------------------------------------------------------------------------
  const zoomed = (factor) => () => viewport.zoom(factor);
  const fit = () => {
    letGo();
    viewport.fit((shared.trucks && boundsOf(reads.filter((_, truck) => meant(truck)))) || bounds);
  };
  const corner = stage.appendChild(element("div", "corner", "", { role: "group", "aria-label": "Map" }));
  corner.append(button("Zoom in", "+", zoomed(1.6)), button("Zoom out", "−", zoomed(1 / 1.6)), button("Fit all", "All", fit));
  const tracksShown = button("Hide where trucks drove", "Paths", () => {
    ground.shown = !ground.shown;
    tracksShown.setAttribute("aria-pressed", String(ground.shown));
    tracksShown.setAttribute("aria-label", ground.shown ? "Hide where trucks drove" : "Show where trucks drove");
    tracksShown.title = tracksShown.getAttribute("aria-label");
    ground.redraw();
    redraw();
  });
  tracksShown.setAttribute("aria-pressed", "true");
  corner.append(tracksShown);
  const scale = stage.appendChild(element("div", "scale"));
  const card = stage.appendChild(element("div", "card"));
  card.hidden = true;
  const note = stage.appendChild(element("div", "note", "", { role: "status" }));
  note.hidden = true;
  const tip = stage.appendChild(element("div", "tip", "", { "aria-hidden": "true" }));
  tip.hidden = true;
  const tools = mapTools(pane, viewport, scene, {
    shared, ask, redraw, clock: () => controls.clock(), tell: (words) => { heardAloud.textContent = words; },
  });
  corner.append(...tools.buttons);
  stage.append(tools.note);
  const help = element("div", "help", "", { role: "dialog", "aria-label": "Keys" });
  help.hidden = true;
  help.append(element("dl"));
  for (const [key, what] of KEYS) help.firstChild.append(element("dt", "", key), element("dd", "", what));
  const heardAloud = element("div", "heard", "", { "aria-live": "polite" });
  const legend = legendOf(scene.places.some((place) => place.found), redraw);

  const controls = clockRow(scene, {
    toggle: () => playhead.toggle(),
    step, stepLength: (length) => { stepLength = length; },
    speed: (times) => playhead.accelerate(times),
    seek: (at) => seek(at),
    follow, trail: (ms) => {
      trail = ms;
      redraw();
    },
    tell: (source) => {
      doings.tell(source);
      shared.tell(source);
      happened.look(source);
    },
    now: () => playhead.now, redraw, home: () => pane.focus(), help: () => { help.hidden = !help.hidden; },
  });
  const loop = loopControls(playhead, (at) => controls.written(scene.start + at));
  const happened = happeningsOf(ask, shared, (at) => moment(at)), strip = markStrip(controls.track, shared, (at) => moment(at));
  happened.look(scene.told_by);
  const live = liveControls(scene, {
    ask, newest: () => playhead.seek(newest()),
    renew: (follows) => begin({ renew: true, newest: follows }, { trail, stepLength, view: { ...viewport }, live: follows, hidden: panes.hidden(), box: tools.box.lies() }),
  });
  controls.track.append(loop.band);
  controls.add(loop.group);
  const panes = paneLayout(stage, children, redraw);
  corner.append(...panes.toggles);
  root.append(bar, controls.row, controls.fault, panes.box, legend.list, help, heardAloud);
  const asAddress = () => ({
    start: scene.start, stop: scene.start + scene.length, at: scene.start + playhead.now, speed: playhead.speed,
    truck: followed < 0 ? "" : scene.trucks[followed].name, only: plain(model.shown).only, source: doings.source,
    paths: ground.shown, trail, view: [viewport.x + ox, viewport.y + oy, viewport.scale],
    loop: playhead.loop && playhead.loop.map((at) => scene.start + at),
  });
  const addressed = model.page ? keepAddress(() => playhead.playing, asAddress) : null;
  const recording = recorder(playhead, () => ({
    surface, viewport, ground: groundCanvas, markers: markersCanvas, site: scene.site,
    written: controls.written(scene.start + playhead.now), zone: controls.clock() === site ? "site time" : "UTC",
  }), (sentence) => { controls.fault.textContent = sentence; });
  const actions = element("div", "buttons actions");
  actions.append(shareControl(model, asAddress), recording.box, live.group);

  function mapWords() {
    return `Map of ${scene.site} with ${count} trucks. Press ? for the keys.`;
  }

  // What the controls ask for -------------------------------------------------------------------
  function follow(truck) {
    followed = truck;
    shared.follow(truck < 0 ? "" : scene.trucks[truck].name);
    redraw();
  }
  // The map is let go, and the truck stays the one that is meant.
  function letGo() {
    followed = -1;
    redraw();
  }
  // Whoever goes elsewhere no longer follows the newest.
  function seek(at) {
    live.turn(false);
    playhead.seek(at);
  }
  const newest = () => Math.max(0, ...scene.trucks.map((truck) => truck.last));
  async function step(direction, times = 1) {
    playhead.pause();
    live.turn(false);
    if (typeof stepLength === "number") {
      playhead.seek(playhead.now + direction * stepLength * times);
      return;
    }
    if (stepLength !== "sample") {
      const told = happened.step(direction, times, stepLength, followed < 0 ? "" : scene.trucks[followed].name);
      heardAloud.textContent = told;
      strip.tell(playhead.now, told);
      return;
    }
    for (let k = 0; k < times; k += 1) {
      const asked = playhead.now;
      const near = tracks.nextSample(followed, asked, direction > 0)
        ?? await ask("neighbour", { at: asked, truck: followed < 0 ? null : followed, forward: direction > 0 });
      // Whoever went elsewhere meanwhile stays there.
      if (near === null || near === undefined || playhead.now !== asked) return;
      playhead.seek(near);
    }
  }
  function nextFollowed(nobody) {
    if (!count) return;
    follow(nobody ? -1 : (followed + 1) % count);
    heardAloud.textContent = followed < 0 ? "following nobody" : `following ${scene.trucks[followed].name}`;
  }
  listenToKeys(root, {
    " ": () => playhead.toggle(), ArrowLeft: (ten) => step(-1, ten ? 10 : 1), ArrowRight: (ten) => step(1, ten ? 10 : 1),
    ArrowUp: () => controls.faster(1), ArrowDown: () => controls.faster(-1), Home: () => seek(0),
    End: () => seek(playhead.last), "[": loop.from, "]": loop.to, l: loop.toggle, n: () => live.turn(!live.on()), "+": () => viewport.zoom(1.6), "=": () => viewport.zoom(1.6), "-": () => viewport.zoom(1 / 1.6),
    0: fit, t: () => controls.time.focus(), f: nextFollowed, "?": () => { help.hidden = !help.hidden; },
    ...tools.keys, Escape: () => {
      help.hidden = true;
      tools.escape();
    },
  });
  listenToMap(pane, viewport, {
    pointed, moved: letGo,
    chosen: (spot) => {
      if (tools.took(spot)) return;
      const truck = markers.at(spot);
      if (truck >= 0) follow(truck === followed ? -1 : truck);
      pane.focus({ preventScroll: true });
    },
  });

  // One frame -----------------------------------------------------------------------------------
  function draw(time) {
    frame = 0;
    if (!surface || viewport.width < 2) return;
    const elapsed = last ? Math.min(250, time - last) : 0;
    tracks.want(playhead.now, playhead.playing ? playhead.speed * AHEAD : 0, trail);
    doings.want(playhead.now);
    playhead.waiting = controls.held() || !tracks.ready(playhead.now);
    const before = playhead.now;
    shared.driver ??= root;
    if (shared.driver === root) playhead.advance(elapsed);
    if (!tracks.ready(playhead.now) && tracks.ready(before)) {
      playhead.now = before;
      playhead.waiting = true;
    }
    last = playhead.playing ? time : 0;
    const ready = tracks.ready(playhead.now);
    missing = ready ? 0 : missing || time;
    // A picture that comes in a blink takes the place of the one before; a later one says that it comes.
    if (ready || time - missing > 250) {
      for (let truck = 0; truck < count; truck += 1) {
        tracks.read(truck, playhead.now, reads[truck]);
        doings.read(truck, playhead.now, does[truck]);
      }
      if (followed >= 0 && (reads[followed].status === HEARD || reads[followed].status === NOT_HEARD)) {
        viewport.centre(reads[followed].x, reads[followed].y);
      }
      ground.place(surface, playhead.now);
      markers.draw(surface, reads, does, { tracks, now: playhead.now, trail, followed, names: ground.names(), hides: leftOut });
      tools.draw(surface);
    }
    if (!playhead.playing || time - said > WORDS_EVERY) {
      said = time;
      words(ready, time - missing > 250);
    }
    if (playhead.playing || !ready) redraw();
  }

  // Words ---------------------------------------------------------------------------------------
  const moment = (at) => controls.clock().time(scene.start + at);
  const nexts = new Map();
  // The next sample of a truck (-1: of any) after a hole, asked once a hole; undefined until it is known.
  function nextAfter(truck, since) {
    const key = `${truck} ${since}`;
    if (!nexts.has(key)) {
      nexts.set(key, undefined);
      ask("neighbour", { at: playhead.now, truck: truck < 0 ? null : truck, forward: true }).then((at) => {
        nexts.set(key, at);
        redraw();
      }, () => nexts.delete(key));
    }
    return nexts.get(key);
  }
  function stateWords(truck) {
    const { state } = does[truck];
    return state ? STATES[state].words : "state not told";
  }
  const telling = (truck) => (does[truck].state ? tellingWords(does[truck].teller, does[truck].sure, does[truck].state) : "");
  function words(ready, late) {
    controls.say({ now: playhead.now, playing: playhead.playing, times: playhead.speed, followed, trailed: trail });
    sayRange();
    sayScale();
    sayCard();
    sayNote(ready, late);
    if (ready) legend.count(reads, does, meant);
    addressed?.changed();
    root.dataset.now = String(Math.round(playhead.now));
    root.dataset.ready = String(ready);
    root.dataset.playing = String(playhead.playing);
  }
  let rangeSaid = "";
  function sayRange() {
    const clock = controls.clock();
    const from = scene.start, to = scene.start + scene.length;
    const grain = [MINUTE, SECOND, 1].find((each) => from % each === 0 && to % each === 0);
    const day = clock.date(from) === clock.date(to) ? "" : `${clock.date(to)} `;
    const range = `${clock.date(from)} ${clock.time(from, grain)} – ${day}${clock.time(to, grain)}`;
    const source = scene.told[doings.source];
    if (`${range} ${source}` === rangeSaid) return;
    rangeSaid = `${range} ${source}`;
    const all = count + scene.silent.length;
    const told = [
      clock === site || clock.zone !== "UTC" ? `site time ${clock.zone} (${clock.hours(from)})` : "UTC",
      scene.newest ? `the newest ${durationWords(scene.length)} with positions` : durationWords(scene.length),
      `${count} of ${all} ${all === 1 ? "truck" : "trucks"} heard`,
      source,
      scene.grid ? "" : "drawn from longitude and latitude",
    ];
    bar.replaceChildren(element("span", "range", range), element("span", "told", told.filter(Boolean).join(" · ")), actions);
  }
  function sayScale() {
    const { pixels, words: length } = scaleBar(viewport.scale, 120);
    scale.style.width = `${pixels}px`;
    if (scale.textContent !== length) scale.textContent = length;
  }
  function sayCard() {
    const named = followed < 0 ? model.truck && scene.silent.includes(model.truck) && !card.dataset.left ? model.truck : "" : scene.trucks[followed].name;
    card.hidden = !named;
    if (!named) return;
    const lines = [];
    let next = null;
    if (followed < 0) {
      lines.push("was not heard in this window");
    } else {
      const read = reads[followed], doing = does[followed];
      const since = doing.state ? ` for ${durationWords(Math.floor((playhead.now - doing.since) / SECOND) * SECOND)}` : "";
      lines.push(`${stateWords(followed)}${since}`);
      if (read.status === HEARD && telling(followed)) lines.push(telling(followed));
      if (read.status === HEARD) lines.push(`${read.speed.toFixed(1)} km/h`);
      if (read.status === NOT_HEARD) {
        lines[0] = `not heard since ${moment(read.since)} (${durationWords(Math.floor((playhead.now - read.since) / SECOND) * SECOND)})`;
        next = nextAfter(followed, read.since);
      }
      if (read.status === NEVER) {
        lines[0] = "not heard yet in this window";
        next = scene.trucks[followed].first;
      }
    }
    const key = JSON.stringify([named, lines, next, surface.theme]);
    if (card.dataset.said === key) return;
    card.dataset.said = key;
    card.replaceChildren(element("strong", "", named));
    if (followed >= 0 && scene.trucks[followed].model) card.append(element("span", "model", scene.trucks[followed].model));
    for (const line of lines) card.append(element("div", "", line));
    if (next !== null && next !== undefined) card.append(goTo(next));
  }
  function goTo(at) {
    return button("Go to the next sample", `Next sample ${moment(at)}`, () => {
      seek(at);
      pane.focus({ preventScroll: true });
    });
  }
  function sayNote(ready, late) {
    let text = "", next = null;
    if (!count) text = nothingWords();
    else if (!ready) text = late ? tracks.failed || "Loading positions…" : note.textContent;
    else if (!reads.some(({ status }) => status === HEARD || status === LOADING)) {
      const since = Math.max(...reads.map((read) => (read.status === NOT_HEARD ? read.since : -1)));
      next = nextAfter(-1, since);
      text = `No truck was heard at ${moment(playhead.now)}.`;
      if (next === null) text += " None is heard after it in this window.";
    }
    note.hidden = !text;
    const key = `${text} ${next}`;
    if (note.dataset.said === key) return;
    note.dataset.said = key;
    note.textContent = text;
    if (next !== null && next !== undefined) note.append(" ", goTo(next));
  }
  function nothingWords() {
    if (!scene.silent.length) return `No trucks in ${scene.site}: nothing was ingested yet; truckkit ingest STORE PATH brings data in.`;
    const who = scene.silent.length === 1 ? scene.silent[0] : `none of the ${scene.silent.length} trucks`;
    const say = (at) => `${site.date(scene.start + at)} ${site.time(scene.start + at)}`;
    const lines = [`No positions between ${say(0)} and ${say(scene.length)} (site time): ${who} was ${scene.silent.length === 1 ? "not " : ""}heard.`];
    const { before, after } = scene.around || {};
    if (after !== null && after !== undefined) lines.push(`The next sample is of ${say(after)}.`);
    if (before !== null && before !== undefined) lines.push(`The last one before is of ${say(before)}.`);
    if (lines.length === 1) lines.push("There are none at any other time; ingest positions, or look at the timeline.");
    return lines.join(" ");
  }
  function pointed(spot) {
    const truck = spot ? markers.at(spot) : -1;
    tip.hidden = truck < 0;
    pane.classList.toggle("over", truck >= 0);
    if (truck < 0) return;
    const read = reads[truck];
    const lines = read.status === HEARD ? [stateWords(truck), telling(truck), `${read.speed.toFixed(1)} km/h`].filter(Boolean) : [`not heard since ${moment(read.since)}`];
    tip.replaceChildren(element("strong", "", scene.trucks[truck].name), ...lines.map((line) => element("div", "", line)));
    const left = spot.x + 14 + tip.offsetWidth > viewport.width ? spot.x - 14 - tip.offsetWidth : spot.x + 14;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${Math.min(spot.y + 14, viewport.height - tip.offsetHeight - 4)}px`;
  }

  // Beginning and end ---------------------------------------------------------------------------
  if (!kept) playhead.speed = model.speed;
  const unshared = shared.watch((what) => {
    if (what === "truck") followed = numbered.get(shared.truck) ?? -1;
    if (what === "pause" || what === "seek") heardAloud.textContent = `${what === "pause" ? "paused at " : ""}${moment(playhead.now)}`;
    if (what !== "tick") said = 0;
    redraw();
  });
  const firsts = scene.trucks.map((truck) => truck.first);
  const asked = typeof model.at === "number" ? model.at - scene.start : null;
  if (!kept) playhead.seek(asked !== null ? asked : count ? Math.min(...firsts) : 0);
  if (kept) panes.hide(kept.hidden);
  if (kept?.box) tools.box.again(kept.box);
  if (kept?.live) {
    live.turn(true);
    playhead.seek(newest());
  }
  heardAloud.textContent = "";
  // What the address asked for holds at first; what a person chose since goes on.
  const shown = kept ? {} : plain(model.shown);
  if (shown.paths === false) tracksShown.click();
  if (typeof shown.trail === "number") trail = shown.trail;
  if (shown.loop) playhead.repeat(shown.loop.map((at) => at - scene.start));
  if (!count) {
    for (const control of controls.row.querySelectorAll("button, select, input")) control.disabled = true;
    corner.hidden = scale.hidden = legend.list.hidden = true;
  }
  const resized = new ResizeObserver(() => {
    viewport.width = Math.max(1, pane.clientWidth);
    viewport.height = Math.max(1, pane.clientHeight);
    root.classList.toggle("narrow", root.clientWidth < 640);
    // The pane finds its size as the controls around it do; what nobody has moved since fits again.
    const { x, y, scale: zoom } = viewport;
    if (kept?.view) {
      Object.assign(viewport, { x: kept.view.x, y: kept.view.y, scale: kept.view.scale });
      kept.view = null;
      fitted = "moved";
    }
    if (viewport.width > 40 && (!fitted || fitted === `${x} ${y} ${zoom}`)) {
      viewport.fit(bounds);
      if (shown.view) {
        [viewport.x, viewport.y, viewport.scale] = [shown.view[0] - ox, shown.view[1] - oy, shown.view[2]];
        shown.view = null;
        fitted = "placed";
      } else fitted = `${viewport.x} ${viewport.y} ${viewport.scale}`;
    }
    // Between the measuring and the frame the canvas would be stretched, so it is drawn at once.
    cancelAnimationFrame(frame);
    draw(performance.now());
  });
  resized.observe(pane);
  const unwatch = watchSurface(root, (seen) => {
    surface = seen;
    for (const name of ["ink", "muted", "faint", "line", "accent", "row"]) root.style.setProperty(`--${name}`, surface[name]);
    root.style.setProperty("--ground", surface.background);
    legend.build(surface);
    strip.paint(surface);
    ground.redraw();
    redraw();
  });
  // For whoever measures or tests from outside what is drawn.
  root.replay = {
    shared, playhead, doings, asAddress, tracks, viewport, reads, does, scene, ground, markers, tools, followed: () => followed,
  };
  return () => {
    cancelAnimationFrame(frame);
    resized.disconnect();
    unwatch();
    unshared();
    loop.stop();
    tools.stop();
    live.stop();
    happened.stop();
    strip.stop();
    addressed?.stop();
    recording.stop();
    ground.stop();
    if (shared.driver === root) shared.driver = null;
    leaveShared(model.shared);
  };
}
