// How a state looks on a canvas. `STATES` and `UNKNOWN_COLOUR` come from palette.py, before this.
// STATES: {haul: {colour, pattern, words, meaning, loaded}, …} in the order of a haul cycle.

const _patterns = new Map();

function _luminance(hex) {
  const channel = (i) => {
    const c = parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

// The ink that is readable on a state's fill.
function stateInk(state) {
  const look = STATES[state];
  return _luminance(look ? look.colour : UNKNOWN_COLOUR) > 0.3 ? "#1B1F23" : "#FFFFFF";
}

// The edge of a state's shape: dark enough to see on a light page, light enough on a dark one.
function stateStroke(state, theme) {
  if (state === "no_data") return theme === "dark" ? "#7D8B95" : "#8C9AA5";
  return theme === "dark" ? "rgba(255,255,255,0.55)" : "rgba(20,26,32,0.6)";
}

// A fillStyle for a state: a colour, or a pattern where the state has one. `no_data` is outline
// only: its fill is transparent, and the caller draws the edge with stateStroke.
function stateFill(ctx, state, theme) {
  const look = STATES[state];
  if (!look) return UNKNOWN_COLOUR;
  if (look.pattern === "outline") return "rgba(0,0,0,0)";
  if (look.pattern === "plain") return look.colour;
  const dpr = globalThis.devicePixelRatio || 1;
  const key = `${state}|${dpr}`;
  let tile = _patterns.get(key);
  if (!tile) {
    tile = _tile(look, stateInk(state), dpr);
    _patterns.set(key, tile);
  }
  const pattern = ctx.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / dpr, 1 / dpr));
  return pattern;
}

function _tile(look, ink, dpr) {
  const size = look.pattern === "dotted" ? 5 : 6;
  const canvas = new OffscreenCanvas(Math.round(size * dpr), Math.round(size * dpr));
  const c = canvas.getContext("2d");
  c.scale(canvas.width / size, canvas.height / size);
  c.fillStyle = look.colour;
  c.fillRect(0, 0, size, size);
  c.strokeStyle = c.fillStyle = ink;
  c.globalAlpha = look.pattern === "hatched" ? 0.75 : 0.6;
  if (look.pattern === "dotted") {
    c.beginPath();
    c.arc(size / 2, size / 2, 1.1, 0, 2 * Math.PI);
    c.fill();
    return canvas;
  }
  // Lines run over the tile's corners as well, so that neighbouring tiles join without a seam.
  c.lineWidth = 1.1;
  c.beginPath();
  for (const shift of [-size, 0, size]) {
    c.moveTo(shift - 1, size + 1);
    c.lineTo(shift + size + 1, -1);
    if (look.pattern === "hatched") {
      c.moveTo(shift - 1, -1);
      c.lineTo(shift + size + 1, size + 1);
    }
  }
  c.stroke();
  return canvas;
}

// A colour as a pixel of ImageData seen as a Uint32: red, green, blue, alpha in memory, little-endian.
function pixelOf(colour) {
  const [r, g, b] = colour.startsWith("#") ? [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16)) : colour.match(/[\d.]+/g).map(Number);
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

// A state's fill as pixels, a square tile {size, pixels}; null where it is outline only.
function statePixels(state, dpr) {
  const look = STATES[state];
  if (look.pattern === "outline") return null;
  if (look.pattern === "plain") return { size: 1, pixels: [pixelOf(look.colour)] };
  const tile = _tile(look, stateInk(state), dpr);
  const { data } = tile.getContext("2d").getImageData(0, 0, tile.width, tile.height);
  return { size: tile.width, pixels: new Uint32Array(data.buffer) };
}

// A small canvas that shows a state, for legends.
function stateSwatch(state, theme, size = 14) {
  const dpr = globalThis.devicePixelRatio || 1;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.round(size * dpr);
  canvas.style.width = canvas.style.height = `${size}px`;
  canvas.setAttribute("aria-hidden", "true");
  const c = canvas.getContext("2d");
  c.scale(dpr, dpr);
  c.fillStyle = stateFill(c, state, theme);
  c.fillRect(0.5, 0.5, size - 1, size - 1);
  c.strokeStyle = stateStroke(state, theme);
  c.lineWidth = 1;
  if (state === "no_data") c.setLineDash([2, 2]);
  c.strokeRect(0.5, 0.5, size - 1, size - 1);
  return canvas;
}

// A small canvas as an image: the page puts each canvas together anew with every frame, an image never.
function stillOf(canvas) {
  const image = document.createElement("img");
  image.alt = "";
  image.src = canvas.toDataURL();
  image.style.width = canvas.style.width;
  image.style.height = canvas.style.height;
  image.setAttribute("aria-hidden", "true");
  return image;
}
