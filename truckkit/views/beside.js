// A second map beside the first, with the same view and another period's ground: moved together, read together.

// `act`: {moved, pointed(spot or null)}. It takes up no room until it is shown.
function mapBeside(stage, pane, viewport, scene, ask, act) {
  const second = element("div", "second", "", { role: "application", tabindex: "0", "aria-label": "The same map, of another period" });
  const canvas = second.appendChild(element("canvas", "ground", "", { "aria-hidden": "true" }));
  const ground = new Ground(canvas, scene, viewport, ask);
  second.hidden = true;
  pane.after(second);
  listenToMap(second, viewport, { moved: act.moved, pointed: act.pointed, chosen: () => {} });
  return {
    pane: second, ground,
    shown: () => !second.hidden,
    show(shown) {
      second.hidden = !shown;
      stage.classList.toggle("compared", shown);
    },
    draw(surface, now) {
      if (!second.hidden) ground.place(surface, now);
    },
  };
}
