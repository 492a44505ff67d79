// Rows of state strips on a canvas. Nothing vanishes: an interval narrower than a pixel still gets its
// pixel, and where several short ones share a pixel column, the column's height is shared among them.

const CODES = Object.keys(STATES);
const NO_DATA = CODES.indexOf("no_data");

// The intervals that intervals.py packed, as typed arrays.
function unpack(model) {
  const view = (Type, bytes) => {
    if (!bytes) return new Type(0);
    const buffer = bytes instanceof ArrayBuffer ? bytes : new Uint8Array(bytes).slice().buffer;
    return new Type(buffer);
  };
  const Bounds = model.wide ? Float64Array : Int32Array;
  return {
    rows: view(Uint32Array, model.rows),
    starts: view(Bounds, model.starts),
    stops: view(Bounds, model.stops),
    codes: view(Uint8Array, model.codes),
    places: view(Uint32Array, model.places),
    loaders: view(Uint32Array, model.loaders),
    tellers: view(Uint8Array, model.tellers),
    sure: view(Uint8Array, model.sure),
  };
}

// The first interval of a row that stops after `at`. Bounds are sorted, for intervals tile time.
function firstAfter(data, row, at) {
  let low = data.rows[row], high = data.rows[row + 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (data.stops[middle] <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Time in each state [ms] of one row in [start, stop), added to `into`.
function addTotals(data, row, start, stop, into) {
  const end = data.rows[row + 1];
  for (let i = firstAfter(data, row, start); i < end && data.starts[i] < stop; i += 1) {
    into[data.codes[i]] += Math.min(data.stops[i], stop) - Math.max(data.starts[i], start);
  }
}

// A painter of strips for one surface. It keeps what it needs from frame to frame.
function stripPainter(surface) {
  const patch = document.createElement("canvas");
  const patchContext = patch.getContext("2d");
  const fills = new Map();
  // Canvas pixels are red, green, blue, alpha in memory: little-endian in a Uint32. A short stretch of
  // no_data is a hole in its neighbours, so it takes the surface's own colour.
  const bytes = CODES.map((state) => {
    const hex = STATES[state].colour;
    const [r, g, b] = state === "no_data"
      ? surface.background.match(/[\d.]+/g).map(Number)
      : [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  });
  let image = null, pixels = null;
  let shares = new Float64Array(0), short = new Uint8Array(0);
  const heights = new Int32Array(CODES.length);

  function fill(context, code) {
    if (!fills.has(code)) fills.set(code, stateFill(context, CODES[code], surface.theme));
    return fills.get(code);
  }

  function wideInterval(context, code, again, left, right, top, height) {
    if (code === NO_DATA) {
      context.strokeStyle = stateStroke("no_data", surface.theme);
      context.lineWidth = 1;
      if (right - left >= 3) context.strokeRect(left + 0.5, top + 0.5, right - left - 1, height - 1);
      return;
    }
    context.fillStyle = fill(context, code);
    context.fillRect(left, top, right - left, height);
    if (again && right - left >= 4) {
      context.fillStyle = surface.background;
      context.fillRect(left, top, 1, height);
    }
  }

  // One pixel column, shared by height among the states that lie in it, at least 2 pixels each.
  function shareColumn(column, top, height, width) {
    const from = column * CODES.length;
    let present = 0, all = 0;
    for (let code = 0; code < CODES.length; code += 1) {
      if (shares[from + code] > 0) {
        present += 1;
        all += shares[from + code];
      }
    }
    if (!present) return;
    const least = Math.min(2, Math.floor(height / present));
    let left = height - least * present;
    let largest = -1;
    for (let code = 0; code < CODES.length; code += 1) {
      const share = shares[from + code];
      heights[code] = share > 0 ? least + Math.floor(((height - least * present) * share) / all) : 0;
      if (share > 0) left -= heights[code] - least;
      if (share > 0 && (largest < 0 || share > shares[from + largest])) largest = code;
    }
    heights[largest] += left;
    let y = top;
    for (let code = 0; code < CODES.length; code += 1) {
      for (const end = y + heights[code]; y < end; y += 1) pixels[y * width + column] = bytes[code];
    }
  }

  // Draws rows [first, last) of data. `box`: {left, top, width, rowHeight, stripHeight}; `offset` is the y of
  // the first row in the box; `hidden[code]` leaves a state out. Gives the totals of the rows drawn.
  return function paint(context, data, first, last, t0, t1, box, offset, hidden) {
    const width = Math.max(1, Math.floor(box.width));
    const scale = width / (t1 - t0);
    const inset = Math.floor((box.rowHeight - box.stripHeight) / 2);
    const tall = Math.max(1, (last - first) * box.rowHeight);
    if (shares.length < width * CODES.length) {
      shares = new Float64Array(width * CODES.length);
      short = new Uint8Array(width);
    }
    let mixed = false;
    const totals = [];
    for (let row = first; row < last; row += 1) {
      const top = offset + (row - first) * box.rowHeight + inset;
      const sums = new Float64Array(CODES.length);
      const end = data.rows[row + 1];
      let touched = false;
      for (let i = firstAfter(data, row, t0); i < end && data.starts[i] < t1; i += 1) {
        const start = Math.max(data.starts[i], t0), stop = Math.min(data.stops[i], t1);
        const code = data.codes[i];
        sums[code] += stop - start;
        if (hidden[code]) continue;
        const x0 = (start - t0) * scale, x1 = (stop - t0) * scale;
        if (x1 - x0 >= 1) {
          const again = i > data.rows[row] && data.codes[i - 1] === code && data.starts[i] > t0;
          wideInterval(context, code, again, box.left + Math.round(x0), box.left + Math.round(x1), top, box.stripHeight);
        }
        if (x1 - x0 < 3) {
          // Short ones claim their pixel column; those of up to 3 pixels are kept from being covered there.
          const from = Math.min(width - 1, Math.floor(x0)), to = Math.min(width - 1, Math.ceil(x1) - 1);
          if (x1 - x0 < 1) {
            const middle = Math.min(width - 1, Math.floor((x0 + x1) / 2));
            short[middle] = 1;
            shares[middle * CODES.length + code] += x1 - x0;
            touched = true;
          } else {
            for (let column = from; column <= to; column += 1) {
              const over = Math.min(x1, column + 1) - Math.max(x0, column);
              if (over > 0) shares[column * CODES.length + code] += over;
            }
          }
        }
      }
      totals.push(sums);
      if (touched && !mixed) {
        mixed = true;
        if (patch.width !== width || patch.height !== tall || !image) {
          patch.width = width;
          patch.height = tall;
          image = patchContext.createImageData(width, tall);
          pixels = new Uint32Array(image.data.buffer);
        }
        pixels.fill(0);
      }
      for (let column = 0; column < width; column += 1) {
        if (short[column] & 1) shareColumn(column, (row - first) * box.rowHeight + inset, box.stripHeight, width);
      }
      shares.fill(0, 0, width * CODES.length);
      short.fill(0, 0, width);
    }
    if (mixed) {
      patchContext.putImageData(image, 0, 0);
      context.imageSmoothingEnabled = false;
      context.drawImage(patch, box.left, offset);
    }
    return totals;
  };
}
