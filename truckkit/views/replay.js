// The replay: a map on one clock. The server answers questions; everything that moves, moves here.

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
  const stage = element("div", "stage");
  const count = scene.trucks.length;
  const [ox, oy] = scene.origin;
  const bounds = [scene.bounds[0] - ox, scene.bounds[1] - oy, scene.bounds[2] - ox, scene.bounds[3] - oy];
  const site = siteClock(scene.clock);
  const shared = enterShared(model.shared, scene.start, scene.length), { playhead } = shared;
  shared.move(scene.start, scene.length);
  const reads = scene.trucks.map(() => ({ status: LOADING, x: 0, y: 0, heading: 0, speed: 0, since: 0 }));
  const does = scene.trucks.map(() => ({ state: "", since: 0, loaded: false, teller: 0, sure: UNSURE }));
  let surface = null, frame = 0, last = 0, said = -1, missing = 0;
  const numbered = new Map(scene.trucks.map((truck, k) => [truck.name, k]));
  if (!kept) shared.follow(model.truck);
  let followed = numbered.get(shared.truck) ?? -1;
  let { trail, stepLength } = kept || { trail: 3 * MINUTE, stepLength: SECOND };
  let fitted = "";

  const redraw = () => { if (!frame) frame = requestAnimationFrame(draw); };
  const tracks = new Tracks(scene, ask, redraw), doings = new Doings(scene, scene.told_by, ask, redraw);
  const loads = new Loads(scene, scene.told_by, ask, redraw);
  const viewport = new Viewport(redraw);
  const pane = stage.appendChild(element("div", "pane", "", { role: "application", tabindex: "0", "aria-label": `Map of ${scene.site} with ${count} trucks. Press ? for the keys.` }));
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
    grounds.renew();
    ground.redraw();
    redraw();
  });
  tracksShown.setAttribute("aria-pressed", "true");
  corner.append(tracksShown);
  const tools = mapTools(pane, viewport, scene, {
    shared, ask, redraw, clock: () => controls.clock(), tell: (words) => { heardAloud.textContent = words; },
  });
  corner.append(...tools.buttons);
  const grounds = groundTools(stage, pane, viewport, scene, ground, kept?.grounds || plain(model.shown), {
    ask, redraw, clock: () => controls.clock(), moved: () => letGo(), source: () => doings.source,
  });
  corner.append(grounds.button);
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
      loads.tell(source);
      grounds.renew();
      shared.tell(source);
      happened.look(source);
    },
    now: () => playhead.now, redraw, home: () => pane.focus(), help: () => { help.hidden = !help.hidden; },
  });
  const loop = loopControls(playhead, (at) => controls.written(scene.start + at));
  const moment = (at) => controls.clock().time(scene.start + at);
  const happened = happeningsOf(ask, shared, moment), strip = markStrip(controls.track, shared, moment);
  happened.look(scene.told_by);
  const live = liveControls(scene, {
    ask, newest: () => playhead.seek(newest()),
    renew: (follows) => begin({ renew: true, newest: follows }, { trail, stepLength, view: { ...viewport }, live: follows, hidden: panes.hidden(), grounds: grounds.address(), box: tools.box.lies() }),
  });
  controls.track.append(loop.band);
  controls.add(loop.group);
  const panes = paneLayout(stage, children, redraw);
  corner.append(...panes.toggles);
  root.append(controls.row, controls.fault, panes.box, legend.list, help, heardAloud);
  const asAddress = () => ({
    start: scene.start, stop: scene.start + scene.length, at: scene.start + playhead.now, speed: playhead.speed,
    truck: followed < 0 ? "" : scene.trucks[followed].name, only: plain(model.shown).only, source: doings.source,
    paths: ground.shown, ...grounds.address(), trail, view: [viewport.x + ox, viewport.y + oy, viewport.scale],
    range: model.ranged.length ? model.ranged : null,
    loop: playhead.loop && playhead.loop.map((at) => scene.start + at),
  });
  const addressed = model.page ? keepAddress(() => playhead.playing, asAddress) : null;
  const recording = recorder(playhead, () => ({
    surface, viewport, ground: groundCanvas, markers: markersCanvas, site: scene.site,
    written: controls.written(scene.start + playhead.now), zone: controls.clock() === site ? "site time" : "UTC",
  }), (sentence) => { controls.fault.textContent = sentence; });
  const actions = element("div", "buttons actions");
  actions.append(shareControl(model, asAddress), recording.box, live.group);
  const captions = captionsOf(scene, {
    reads, does, tracks, doings, loads, viewport, markers, playhead, ask, redraw, actions, clock: () => controls.clock(), followed: () => followed, asked: model.truck,
    go: (at) => {
      seek(at);
      pane.focus({ preventScroll: true });
    },
  });
  root.prepend(captions.range);
  stage.append(...captions.overlays);

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
    ...tools.keys, ...grounds.keys, Escape: () => {
      grounds.escape();
      help.hidden = true;
      tools.escape();
    },
  });
  listenToMap(pane, viewport, {
    pointed: (spot) => pane.classList.toggle("over", captions.point(spot)), moved: letGo,
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
    // Where trucks are comes before what they do.
    if (tracks.ready(playhead.now)) {
      doings.want(playhead.now);
      loads.want(playhead.now);
    }
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
      markers.draw(surface, reads, does, {
        tracks, now: playhead.now, trail, followed, names: ground.names(), quick: playhead.playing && playhead.speed > 10, hides: leftOut, loads,
      });
      tools.draw(surface);
      grounds.draw(surface, playhead.now);
    }
    if (!playhead.playing || beatOf(time) !== said) {
      said = beatOf(time);
      words(ready, time - missing > 250);
    }
    if (playhead.playing || !ready) redraw();
  }

  // Words ---------------------------------------------------------------------------------------
  function words(ready, late) {
    controls.say({ now: playhead.now, playing: playhead.playing, times: playhead.speed, followed, trailed: trail });
    captions.say(surface, ready, late);
    if (ready) legend.count(reads, does, meant);
    addressed?.changed();
    root.dataset.now = String(Math.round(playhead.now));
    root.dataset.ready = String(ready);
    root.dataset.playing = String(playhead.playing);
  }
  // Beginning and end ---------------------------------------------------------------------------
  if (!kept) playhead.speed = model.speed;
  const unshared = shared.watch((what) => {
    if (what === "truck") followed = numbered.get(shared.truck) ?? -1;
    if (what === "pause" || what === "seek") heardAloud.textContent = `${what === "pause" ? "paused at " : ""}${moment(playhead.now)}`;
    if (what === "seek") tracks.want(playhead.now, 0, 0);
    if (what !== "tick") said = -1;
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
    corner.hidden = legend.list.hidden = true;
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
    grounds.beside.ground.redraw();
    redraw();
  });
  // For whoever measures or tests from outside what is drawn.
  root.replay = {
    shared, playhead, doings, asAddress, tracks, viewport, reads, does, scene, ground, grounds, loads, markers, tools, followed: () => followed,
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
    grounds.stop();
    if (shared.driver === root) shared.driver = null;
    leaveShared(model.shared);
  };
}
