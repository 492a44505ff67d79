// What is said of a range, of an interval, and of the chosen moment.

function rangeWords(view, t0 = view.t0, t1 = view.t1) {
  const { clock, at } = view;
  const whole = at(t0) % MINUTE === 0 && at(t1) % MINUTE === 0;
  const grain = t1 - t0 >= 10 * MINUTE && whole ? MINUTE : t1 - t0 >= MINUTE ? SECOND : 1;
  const day = clock.date(at(t0)) === clock.date(at(t1) - 1) ? "" : `${clock.date(at(t1))} `;
  return `${clock.date(at(t0))} ${clock.time(at(t0), grain)} – ${day}${clock.time(at(t1), grain)}`;
}

function intervalWords(view, i) {
  const { data, clock, model } = view;
  const start = view.at(data.starts[i]), stop = view.at(data.stops[i]);
  const day = clock.date(start) === clock.date(stop) ? "" : `${clock.date(stop)} `;
  const place = model.names[data.places[i]], loader = model.names[data.loaders[i]];
  return {
    state: STATES[CODES[data.codes[i]]].words, length: durationWords(stop - start),
    bounds: `${clock.date(start)} ${clock.time(start)} – ${day}${clock.time(stop)}`,
    where: [place ? `at ${place}` : "", loader ? `loader ${loader}` : ""].filter(Boolean).join(", "),
    telling: tellingWords(data.tellers[i], data.sure[i], CODES[data.codes[i]]),
  };
}

// The line under the bar: the chosen moment, what its truck did then, and the way to the replay.
function sayMoment({ moment, heard }, view, meant, replay) {
  const { model, clock } = view;
  moment.replaceChildren();
  if (meant.at() === null) {
    const touch = matchMedia("(pointer: coarse)").matches;
    moment.append(element("span", "hint", touch ? "Tap chooses a moment, dragging moves, two fingers zoom."
      : "Click chooses a moment, dragging moves, the wheel zooms."));
    return;
  }
  moment.append(element("strong", "", `${clock.date(view.at(meant.at()))} ${clock.time(view.at(meant.at()))}`));
  const row = view.trucks.find(({ truck }) => truck === model.truck);
  if (row) {
    const each = row.lanes.map((lane) => intervalWords(view, firstAfter(view.data, lane, meant.at())));
    const words = each.map((said, k) => [
      view.laneNames[k] ? `${view.laneNames[k]}: ${said.state}` : said.state, said.length, said.where, said.telling,
    ].filter(Boolean).join(", ")).join("; ");
    moment.append(element("span", "said", `${model.truck}: ${words}`));
    heard.textContent = `${model.truck}, ${words}, ${each.map((said) => said.bounds).join("; ")}`;
  }
  if (model.replay) moment.append(replay);
  moment.append(labelledButton("×", "Choose no moment", () => meant.choose(null, model.truck)));
}
