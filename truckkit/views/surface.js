// The surface that a component lies on: light or dark, and the inks for it. It is read from the page
// itself, so that a component follows a dashboard's theme, JupyterLab's or VS Code's without being told.

const _INKS = {
  light: { ink: "#1B1F23", muted: "#5B6670", faint: "#DDE2E6", line: "#B4BDC4", accent: "#0B57D0", row: "#F4F6F8" },
  dark: { ink: "#E8EBED", muted: "#A2ADB5", faint: "#343B41", line: "#56616A", accent: "#8AB4F8", row: "#1C2226" },
};

function _above(element) {
  return element.parentElement || (element.getRootNode() instanceof ShadowRoot ? element.getRootNode().host : null);
}

// {theme, ink, muted, faint, line, accent, row, background, font} of the surface under an element.
function surfaceOf(element) {
  let background = "rgb(255, 255, 255)";
  for (let at = element; at; at = _above(at)) {
    const colour = getComputedStyle(at).backgroundColor;
    const parts = (colour.match(/[\d.]+/g) || []).map(Number);
    if (parts.length >= 3 && (parts.length === 3 || parts[3] > 0.5)) {
      background = colour;
      break;
    }
  }
  const [r, g, b] = background.match(/[\d.]+/g).map(Number);
  const theme = 0.299 * r + 0.587 * g + 0.114 * b < 128 ? "dark" : "light";
  return { theme, ..._INKS[theme], background, font: getComputedStyle(element).fontFamily || "sans-serif" };
}

// Calls back when the surface may have changed; gives the function that stops watching.
function watchSurface(element, changed) {
  let last = "";
  const timers = new Set();
  const look = () => {
    if (!element.isConnected) return;
    const surface = surfaceOf(element);
    const seen = `${surface.theme} ${surface.background} ${surface.font}`;
    if (seen !== last) {
      last = seen;
      changed(surface);
    }
  };
  // Themes fade in, so the colour is looked at again when the fade is over.
  const soon = () => {
    for (const wait of [0, 120, 450]) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        look();
      }, wait);
      timers.add(timer);
    }
  };
  const observer = new MutationObserver(soon);
  for (let at = element.parentElement || _above(element); at; at = _above(at)) {
    observer.observe(at, { attributes: true, attributeFilter: ["class", "style", "data-theme", "data-jp-theme-light"] });
  }
  observer.observe(document.head, { childList: true, subtree: true, characterData: true });
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", soon);
  soon();
  return () => {
    observer.disconnect();
    media.removeEventListener("change", soon);
    for (const timer of timers) clearTimeout(timer);
  };
}
