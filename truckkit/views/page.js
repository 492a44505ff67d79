// Panel takes components by way of a shim for import maps, which reads each of them twice; ours have no map.
window.importShim = Object.assign((address) => import(address), { addImportMap() {} });

// The frame of a page: light or dark, how fresh the data is, and what to do where the server does not answer. It
// stands before a view's scripts come, so that a reader sees it first.
(() => {
  const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)");
  // The choice of light or dark is kept for the next page; without one the system's holds.
  const paint = () => {
    const chosen = /(?:^|; )truckkit_theme=(light|dark)/.exec(document.cookie);
    root.dataset.theme = chosen ? chosen[1] : system.matches ? "dark" : "light";
  };
  paint();
  system.addEventListener("change", paint);

  const ABSENT = "The server does not answer; load this page again in a while.";
  const fail = (sentence) => {
    const coming = document.querySelector(".coming");
    if (coming) coming.textContent = sentence;
  };
  let leaving = false;
  addEventListener("pagehide", () => { leaving = true; });
  addEventListener("pageshow", () => { leaving = false; });
  // Before a view stands there is room for the sentence in its place, and later in the head.
  const lose = () => {
    if (leaving) return;
    const line = document.querySelector(".lost");
    line.textContent = line.title = ABSENT;
    line.hidden = Boolean(document.querySelector(".coming")?.offsetParent);
    fail(ABSENT);
  };
  addEventListener("error", (event) => {
    if (event.target instanceof HTMLScriptElement) fail("A part of this page did not come; load it again.");
  }, true);
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("close", lose);
    }
  };

  addEventListener("DOMContentLoaded", () => {
    document.querySelector(".theme").addEventListener("click", () => {
      const other = root.dataset.theme === "dark" ? "light" : "dark";
      document.cookie = `truckkit_theme=${other}; path=/; max-age=31536000; SameSite=Lax`;
      paint();
    });

    const fresh = document.querySelector(".fresh"), { newest, newestMs } = fresh.dataset;
    if (!newest) return;
    const ago = (ms) => {
      const s = Math.floor(ms / 1000);
      if (s < 120) return `${s} s ago`;
      if (s < 7200) return `${Math.floor(s / 60)} min ago`;
      if (s < 172800) return `${Math.floor(s / 3600)} h ago`;
      return `${Math.floor(s / 86400)} days ago`;
    };
    const narrow = matchMedia("(max-width: 759px)");
    const say = () => {
      const age = Date.now() - Number(newestMs);
      fresh.title = `newest data ${newest}${age >= 0 ? `, ${ago(age)}` : ""}`;
      const short = age >= 0 && age < 172800000 ? ago(age) : newest.slice(0, 10);
      fresh.textContent = narrow.matches ? `data ${short}` : fresh.title;
    };
    say();
    setInterval(say, 1000);
    narrow.addEventListener("change", say);
  });
})();
