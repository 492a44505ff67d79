// What sheets share: marks and the list of what is behind them, an address that can be shared, the way
// back, the surface that they lie on, and paper.

// `said` gives the words of the address, `goBack` takes them when the reader steps back.
function sheet(model, root, aside, said, goBack) {
  root.addEventListener("click", (event) => {
    const clicked = event.target.closest && event.target.closest(".mark");
    if (clicked) model.mark = model.mark === clicked.dataset.mark ? "" : clicked.dataset.mark;
  });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && model.mark) model.mark = "";
  });
  const press = () => {
    for (const each of root.querySelectorAll(".mark")) {
      each.setAttribute("aria-pressed", String(Boolean(model.mark) && each.dataset.mark === model.mark));
    }
  };
  const pressed = () => root.querySelector('.mark[aria-pressed="true"]');
  const drawAside = () => {
    const known = model.behind.mark === model.mark || model.behind.why;
    drawBehind(aside, known ? model.behind : {}, model.mark, model.links, () => {
      const chosen = pressed();
      model.mark = "";
      if (chosen) chosen.focus();
    });
    const chosen = pressed();
    if (chosen && root.classList.contains("narrow")) chosen.scrollIntoView({ block: "nearest" });
  };

  let addressed = "";
  function address(push) {
    if (!model.addressed) return;
    const words = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(said())) {
      words.delete(name);
      if (value) words.set(name, value);
    }
    const told = `${location.pathname}?${words}`;
    if (told === addressed) return;
    addressed = told;
    history[push ? "pushState" : "replaceState"](null, "", told);
  }
  const back = () => {
    addressed = `${location.pathname}${location.search}`;
    goBack(new URLSearchParams(location.search));
  };

  model.on("behind", drawAside);
  model.on("source", () => address(false));
  model.on("mark", () => { press(); drawAside(); address(false); });

  let unwatch = () => {};
  const sized = new ResizeObserver(() => {
    root.classList.toggle("narrow", root.clientWidth < 1000);
    root.classList.toggle("slim", root.clientWidth < 560);
  });
  model.on("after_render", () => {
    unwatch = watchSurface(root, (surface) => wear(root, surface));
    sized.observe(root);
    if (model.addressed) address(false);
  });
  if (model.addressed) addEventListener("popstate", back);
  const unprint = printable(root);
  model.on("remove", () => {
    unwatch();
    unprint();
    sized.disconnect();
    removeEventListener("popstate", back);
  });
  return { press, drawAside, address };
}
