// How fresh the data is, and following the newest: the page asks now and then whether a newer generation of the
// store is there, and takes it over where it is wanted.

const LOOK_EVERY = 5 * SECOND;

function agoWords(ms) {
  const s = Math.max(0, Math.floor(ms / SECOND));
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min`;
  if (s < 172800) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} days`;
}

// `act`: {ask, renew(newest), newest()}: what asks the server, takes a newer generation over, and seeks its newest.
function liveControls(scene, act) {
  const group = element("div", "buttons live", "", { role: "group", "aria-label": "Freshness" });
  const told = group.appendChild(element("span", "fresh"));
  const renew = group.appendChild(button("Show the new data", "New data", () => act.renew(false)));
  const follow = group.appendChild(button("Follow the newest data", "Live", () => turn(!on)));
  renew.hidden = true;
  let on = false, fresh = null, ahead = 0, asking = false;

  function turn(wanted) {
    if (on === wanted) return;
    on = wanted;
    say();
    if (!on) return;
    if (fresh && fresh.generation !== scene.generation) act.renew(true);
    else act.newest();
  }
  function say() {
    follow.setAttribute("aria-pressed", String(on));
    if (!fresh || fresh.newest === null) return;
    const age = Date.now() + ahead - fresh.newest;
    told.textContent = age >= 0 ? `${agoWords(age)} old` : "";
    told.title = "how old the newest position of the store is";
    renew.hidden = on || fresh.generation === scene.generation;
  }
  async function look() {
    if (asking || document.visibilityState === "hidden") return;
    asking = true;
    try {
      fresh = await act.ask("fresh");
      // The server's clock counts: a browser's may be wrong.
      ahead = fresh.now - Date.now();
      if (on && fresh.generation !== scene.generation) act.renew(true);
    } catch {
      // The next look asks again.
    }
    asking = false;
    say();
  }
  const looking = setInterval(look, LOOK_EVERY), ticking = setInterval(say, SECOND);
  look();
  say();
  return {
    group, turn, on: () => on,
    stop() {
      clearInterval(looking);
      clearInterval(ticking);
    },
  };
}
