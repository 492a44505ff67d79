// What the map says in words: which stretch it shows, how long its scale is, what the followed truck does, why it is
// empty, and what lies under the pointer.

// `show`: {reads, does, tracks, doings, loads, viewport, markers, playhead, ask, redraw, actions, clock, followed, asked, go};
// `clock()` is the clock that times are told by, `followed()` a truck's number or -1, `asked` the name of the truck that
// was asked for, `go(at)` goes to a moment.
function captionsOf(scene, show) {
  const { reads, does, tracks, doings, viewport, markers, playhead, ask } = show;
  const count = scene.trucks.length, site = siteClock(scene.clock);
  const range = element("div", "bar");
  const scale = element("div", "scale"), card = element("div", "card");
  const note = element("div", "note", "", { role: "status" }), tip = element("div", "tip", "", { "aria-hidden": "true" });
  card.hidden = note.hidden = tip.hidden = true;
  scale.hidden = !count;

  const moment = (at) => show.clock().time(scene.start + at);
  const nexts = new Map();
  // The next sample of a truck (-1: of any) after a hole, asked once a hole; undefined until it is known.
  function nextAfter(truck, since) {
    const key = `${truck} ${since}`;
    if (!nexts.has(key)) {
      nexts.set(key, undefined);
      ask("neighbour", { at: playhead.now, truck: truck < 0 ? null : truck, forward: true }).then((at) => {
        nexts.set(key, at);
        show.redraw();
      }, () => nexts.delete(key));
    }
    return nexts.get(key);
  }
  const seconds = (ms) => durationWords(Math.floor(ms / SECOND) * SECOND);
  function stateWords(truck) {
    const { state } = does[truck];
    return state ? STATES[state].words : "state not told";
  }
  const telling = (truck) => (does[truck].state ? tellingWords(does[truck].teller, does[truck].sure, does[truck].state) : "");
  const carries = (truck) => (does[truck].loaded && show.loads.words(truck, playhead.now) ? `carries ${show.loads.words(truck, playhead.now)}` : "");
  const heardWords = (truck) => [carries(truck), telling(truck), `${reads[truck].speed.toFixed(1)} km/h`].filter(Boolean);
  const goTo = (at) => button("Go to the next sample", `Next sample ${moment(at)}`, () => show.go(at));

  let rangeSaid = "";
  function sayRange() {
    const clock = show.clock();
    const from = scene.start, to = scene.start + scene.length;
    const grain = [MINUTE, SECOND, 1].find((each) => from % each === 0 && to % each === 0);
    const day = clock.date(from) === clock.date(to) ? "" : `${clock.date(to)} `;
    const stretch = `${clock.date(from)} ${clock.time(from, grain)} – ${day}${clock.time(to, grain)}`;
    const source = scene.told[doings.source];
    if (`${stretch} ${source}` === rangeSaid) return;
    rangeSaid = `${stretch} ${source}`;
    const all = count + scene.silent.length;
    const told = [
      clock === site || clock.zone !== "UTC" ? `site time ${clock.zone} (${clock.hours(from)})` : "UTC",
      scene.newest ? `the newest ${durationWords(scene.length)} with positions` : durationWords(scene.length),
      `${count} of ${all} ${all === 1 ? "truck" : "trucks"} heard`,
      source,
      scene.grid ? "" : "drawn from longitude and latitude",
    ];
    range.replaceChildren(element("span", "range", stretch), element("span", "told", told.filter(Boolean).join(" · ")), show.actions);
  }
  function sayScale() {
    const { pixels, words: length } = scaleBar(viewport.scale, 120);
    scale.style.width = `${pixels}px`;
    if (scale.textContent !== length) scale.textContent = length;
  }
  // Lines of the card of a truck that is heard in this window, and its next sample where it is silent now.
  function cardOf(truck) {
    const read = reads[truck], doing = does[truck];
    if (read.status === NEVER) return { lines: ["not heard yet in this window"], next: scene.trucks[truck].first };
    if (read.status === NOT_HEARD) {
      const silent = `not heard since ${moment(read.since)} (${seconds(playhead.now - read.since)})`;
      return { lines: [silent], next: nextAfter(truck, read.since) ?? null };
    }
    const since = doing.state ? ` for ${seconds(playhead.now - doing.since)}` : "";
    return { lines: [`${stateWords(truck)}${since}`, ...(read.status === HEARD ? heardWords(truck) : [])], next: null };
  }
  function sayCard(surface) {
    const truck = show.followed();
    const missed = truck < 0 && scene.silent.includes(show.asked) ? show.asked : "";
    const named = truck < 0 ? missed : scene.trucks[truck].name;
    card.hidden = !named;
    if (!named) return;
    const { lines, next } = truck < 0 ? { lines: ["was not heard in this window"], next: null } : cardOf(truck);
    const key = JSON.stringify([named, lines, next, surface.theme]);
    if (card.dataset.said === key) return;
    card.dataset.said = key;
    card.replaceChildren(element("strong", "", named));
    if (truck >= 0 && scene.trucks[truck].model) card.append(element("span", "model", scene.trucks[truck].model));
    for (const line of lines) card.append(element("div", "", line));
    if (next !== null) card.append(goTo(next));
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
  return {
    range, overlays: [scale, card, note, tip],
    // Once a frame or less often: `late` says that the moment's positions are waited for.
    say(surface, ready, late) {
      sayRange();
      sayScale();
      sayCard(surface);
      sayNote(ready, late);
    },
    // What is under the pointer, null: it left; gives whether a truck is.
    point(spot) {
      const truck = spot ? markers.at(spot) : -1;
      tip.hidden = truck < 0;
      if (truck < 0) return false;
      const read = reads[truck];
      const lines = read.status === HEARD ? [stateWords(truck), ...heardWords(truck)] : [`not heard since ${moment(read.since)}`];
      tip.replaceChildren(element("strong", "", scene.trucks[truck].name), ...lines.map((line) => element("div", "", line)));
      const left = spot.x + 14 + tip.offsetWidth > viewport.width ? spot.x - 14 - tip.offsetWidth : spot.x + 14;
      tip.style.left = `${Math.max(4, left)}px`;
      tip.style.top = `${Math.min(spot.y + 14, viewport.height - tip.offsetHeight - 4)}px`;
      return true;
    },
  };
}
