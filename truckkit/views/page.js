// The head of a page: truckkit, the site, its window, how fresh the data is, and the way to the other
// pages. Everything is set as text, so a name with markup in it shows as it is.

export function render({ model, view }) {
  const make = (parent, tag, className, text) => {
    const made = parent.appendChild(document.createElement(tag));
    made.className = className;
    made.textContent = text;
    return made;
  };
  const head = document.createElement("div");
  head.className = "head";
  const what = make(head, "div", "what", "");
  const whose = make(what, "span", "line", "");
  const home = make(whose, "a", "home", "truckkit");
  home.href = "./";
  const site = make(whose, "span", "site", model.site);
  site.title = model.site;
  const when = make(what, "span", "line", "");
  if (model.simulated) make(when, "span", "simulated", "simulated").title = "The data, or part of it, came from a simulator.";
  make(when, "span", "window muted", model.window);
  const fresh = make(when, "span", "fresh muted", "");
  const nav = make(head, "nav", "", "");
  nav.setAttribute("aria-label", "Pages");
  for (const [title, address] of model.pages) {
    const link = make(nav, "a", "", title);
    link.href = address;
    if (title === model.current) link.setAttribute("aria-current", "page");
  }

  const ago = (ms) => {
    const s = Math.floor(ms / 1000);
    if (s < 120) return `${s} s ago`;
    if (s < 7200) return `${Math.floor(s / 60)} min ago`;
    if (s < 172800) return `${Math.floor(s / 3600)} h ago`;
    return `${Math.floor(s / 86400)} days ago`;
  };
  const sayFresh = () => {
    const age = Date.now() - model.newest_ms;
    fresh.title = model.newest ? `newest data ${model.newest}${age >= 0 ? `, ${ago(age)}` : ""}` : "";
    const short = age >= 0 && age < 172800000 ? ago(age) : model.newest.slice(0, 10);
    fresh.textContent = head.classList.contains("narrow") && model.newest ? `data ${short}` : fresh.title;
  };

  // The choice of light or dark is kept for the next page; without one the system's holds.
  const keep = () => {
    document.cookie = `truckkit_theme=${model.dark ? "dark" : "light"}; path=/; max-age=31536000; SameSite=Lax`;
  };
  model.on("dark", keep);
  const prefer = () => {
    if (/(^|; )truckkit_theme=/.test(document.cookie)) return;
    if (matchMedia("(prefers-color-scheme: dark)").matches !== model.dark) model.dark = !model.dark;
  };
  // What changes before the page has told the server that it stands has no effect there.
  const page = view.model.document;
  if (page.is_idle) prefer();
  else page.idle.connect(() => setTimeout(prefer));

  sayFresh();
  const ticking = setInterval(sayFresh, 1000);
  const sized = new ResizeObserver(() => {
    head.classList.toggle("narrow", innerWidth < 760);
    sayFresh();
  });
  sized.observe(document.documentElement);
  model.on("remove", () => {
    clearInterval(ticking);
    sized.disconnect();
  });
  return head;
}
