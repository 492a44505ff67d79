// How values of the ground look: a code of a picture as a colour, and the scale that says which is which.
// `RAMPS` and `STATES` come from palette.py, before this.

const GROUND_KINDS = {
  density: { words: "density", title: "Positions", menu: "Density: positions" },
  speed: { words: "mean speed", title: "Mean speed", menu: "Mean speed" },
  state: { words: "state", title: "State, most of the time", menu: "State most of the time" },
  payload: { words: "payload moved", title: "Payload moved", menu: "Payload moved" },
};
const STATE_NAMES = Object.keys(STATES);

function _rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

// The colour at a share of the way from the least to the most.
function rampColour(kind, theme, share) {
  const stops = RAMPS[kind][theme], at = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const below = Math.min(stops.length - 2, Math.floor(at)), part = at - below;
  const [a, b] = [_rgb(stops[below]), _rgb(stops[below + 1])];
  return a.map((channel, k) => Math.round(channel + part * (b[k] - channel)));
}

// What a code means in an answer's unit.
function valueOf({ low, high, log }, code) {
  const share = (code - 1) / 254;
  return high <= low ? high : log ? low * (high / low) ** share : low + share * (high - low);
}

// How far a value lies from the least to the most of a scale {low, high, log}.
function shareOf({ low, high, log }, value) {
  if (high <= low) return 1;
  return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
}

// A picture of codes in the colours of a theme, as far as a scale reaches; a state bears its pattern too.
function colouredGround(codes, width, height, answer, scale, theme) {
  const table = new Uint32Array(256);
  const pack = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  const patterns = new Array(256).fill("");
  const darker = new Uint32Array(256);
  for (let code = 1; code < 256; code += 1) {
    if (answer.kind !== "state") {
      table[code] = pack(rampColour(answer.kind, theme, shareOf(scale, valueOf(answer, code))));
      continue;
    }
    const look = STATES[STATE_NAMES[code - 1]];
    if (!look) continue;
    table[code] = pack(_rgb(look.colour));
    patterns[code] = look.pattern;
    darker[code] = pack(_rgb(stateInk(STATE_NAMES[code - 1])));
  }
  const image = new ImageData(width, height), pixels = new Uint32Array(image.data.buffer);
  const marked = answer.kind === "state";
  for (let k = 0; k < codes.length; k += 1) {
    const code = codes[k];
    if (!code) continue;
    let colour = table[code];
    if (marked && patterns[code] !== "plain") {
      const x = k % width, y = (k - x) / width;
      if (patterns[code] === "outline") colour = (x + y) % 2 ? 0 : colour;
      else if (patterns[code] === "striped" ? (x + y) % 6 === 0
        : patterns[code] === "dotted" ? x % 4 === 0 && y % 4 === 0 : (x + y) % 6 === 0 || (x - y + 6000) % 6 === 0) colour = darker[code];
    }
    pixels[k] = colour;
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

// A number as it stands on a scale: three figures, thousands apart.
function figure(value) {
  if (value >= 1000) return Math.round(Number(value.toPrecision(3))).toLocaleString("en").replaceAll(",", " ");
  return value >= 100 ? value.toFixed(0) : value >= 10 || Number.isInteger(value) ? String(Number(value.toFixed(1))) : String(Number(value.toPrecision(2)));
}

// What a code says, in words with its unit.
function groundWords(answer, code) {
  if (!code) return "nobody drove here";
  if (answer.kind === "state") return STATES[STATE_NAMES[code - 1]]?.words || "";
  const value = figure(valueOf(answer, code));
  return answer.kind === "density" ? `${value} ${value === "1" ? "position" : "positions"}` : `${value} ${answer.unit}`;
}

// The scale of a picture: a ramp with numbers, or the states that are on it.
function groundScale(answer, scale, side, surface) {
  const box = element("div", "scaled");
  if (answer.kind === "state") {
    box.classList.add("states");
    for (const number of answer.states) {
      const entry = element("span", "entry");
      entry.append(stillOf(stateSwatch(STATE_NAMES[number], surface.theme, 12)), element("span", "", STATES[STATE_NAMES[number]].words));
      box.append(entry);
    }
    return box;
  }
  const colours = [0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => `rgb(${rampColour(answer.kind, surface.theme, share).join()})`);
  const bar = element("div", "colours", "", { "aria-hidden": "true" });
  bar.style.opacity = String(STRENGTH);
  bar.style.background = `linear-gradient(to right, ${colours.join()})`;
  const ticks = element("div", "ticks");
  const at = (share) => (scale.log ? scale.low * (scale.high / scale.low) ** share : scale.low + share * (scale.high - scale.low));
  for (const share of scale.high > scale.low ? [0, 0.5, 1] : [1]) ticks.append(element("span", "", figure(at(share))));
  const across = `${figure(side)} m`;
  const unit = { density: `positions on ${across} × ${across}`, speed: "km/h", payload: `t over each ${across}` }[answer.kind];
  box.append(bar, ticks, element("div", "unit", `${unit}${scale.log && scale.high > scale.low ? ", even ratios" : ""}`));
  return box;
}
