// What is meant: a moment, a truck and a stretch of time. Beside a map they are those of the clock that the panes
// share, else the timeline's own. Times are milliseconds from the model's origin; null: none.

// `changed` is called when a stretch of the timeline's own has changed.
function timelineMeant(model, view, shared, changed) {
  const at = () => (shared ? limited(shared.start + shared.playhead.now - model.origin, 0, model.span - 1) : model.at ?? null);
  return {
    at,
    stretch: () => (shared ? shared.playhead.loop?.map((moment) => shared.start + moment - model.origin) ?? null : view.brush),
    // The chosen moment where it is in sight, else the middle of what is.
    focus: () => (at() !== null && at() >= view.t0 && at() < view.t1 ? at() : (view.t0 + view.t1) / 2),
    mean(range) {
      if (shared) {
        shared.playhead.repeat(range && range.map((rel) => model.origin + rel - shared.start));
        return;
      }
      view.brush = range && range.map((rel) => limited(Math.round(rel), 0, model.span));
      changed();
    },
    choose(rel, truck) {
      if (shared) {
        if (rel !== null) shared.playhead.seek(model.origin + rel - shared.start);
        if (truck) shared.follow(truck);
        return;
      }
      model.truck = truck || "";
      model.at = rel;
    },
  };
}
