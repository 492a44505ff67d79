// Rows of strips on a canvas. Nothing vanishes: an interval narrower than a pixel still gets its pixel, and where
// several short ones share a pixel column, the column's height is shared among them.
// Pixels are set one by one: some ten thousand rectangles with patterns a frame are dearer by far.

const LEAST_SHARE = 2; // pixels of a column, for each state that lies in it

// How each code looks, in pixels. `looks`: [{size, pixels} or null, …]; `short`: the colour of each in a shared column.
function stateLooks(surface, dpr) {
  return {
    looks: [...CODES.map((state) => statePixels(state, dpr)), { size: 1, pixels: [pixelOf(surface.background)] }],
    // A short stretch of no_data is a hole in its neighbours, so it takes the surface's own colour.
    short: CODES.map((state) => pixelOf(state === "no_data" ? surface.background : STATES[state].colour)),
    outlined: NO_DATA, outline: pixelOf(stateStroke("no_data", surface.theme)),
  };
}

// Of two lanes only where they differ is drawn.
function agreementLooks(surface) {
  const ink = pixelOf(surface.ink);
  return { looks: [null, { size: 1, pixels: [ink] }, null, null], short: [0, ink, 0], outlined: -1, outline: 0 };
}

// Gives paint(context, strips, place). A strip: {rows: {items, states, look, hidden}, row, top, height}; `place`:
// {t0, t1, left, width, top, height, dpr}, where `top` is that of the picture and sizes are in CSS pixels.
function stripPainter() {
  const patch = document.createElement("canvas");
  const patchContext = patch.getContext("2d");
  let image = null, pixels = null, width = 1;
  let line = null, short = null, shares = null, colours = null, patterned = null, laid = "";
  const NOTHING = 255;

  function room(strips, place) {
    width = Math.max(1, Math.round(place.width * place.dpr));
    const tall = Math.max(1, Math.round(place.height * place.dpr));
    if (!image || patch.width !== width || patch.height !== tall) {
      patch.width = width;
      patch.height = tall;
      image = patchContext.createImageData(width, tall);
      pixels = new Uint32Array(image.data.buffer);
      line = new Uint8Array(width);
      short = new Uint8Array(width);
      shares = new Float64Array(width * CODES.length);
      colours = new Uint32Array(width);
      patterned = new Uint32Array(width);
      laid = "";
    }
    // Strips that lie where they lay before cover what was there.
    const lies = strips.map(({ top, height }) => `${top - place.top} ${height}`).join();
    if (lies !== laid) pixels.fill(0);
    laid = lies;
  }

  // Puts what an item says into the line of codes, and into the columns that short ones share.
  function lay(rows, row, t0, t1, outlines) {
    const { states, hidden, look } = rows, scale = width / (t1 - t0);
    const [data, held] = rows.items(row, 1 / scale);
    const begin = data.rows[held], end = data.rows[held + 1];
    let shared = false;
    for (let i = firstAfter(data, held, t0); i < end && data.starts[i] < t1; i += 1) {
      const code = data.codes[i];
      const x0 = (Math.max(data.starts[i], t0) - t0) * scale, x1 = (Math.min(data.stops[i], t1) - t0) * scale;
      if (code === MIXED) {
        const column = Math.min(width - 1, Math.floor((x0 + x1) / 2)), sums = data.mixed[i];
        for (let each = 0; each < states; each += 1) {
          if (sums[each] === 0 || hidden[each]) continue;
          shares[column * states + each] += sums[each] * scale;
          shared = true;
          short[column] = 1;
        }
        continue;
      }
      if (hidden[code]) continue;
      if (x1 - x0 >= 1) {
        const left = Math.round(x0), right = Math.round(x1);
        if (code === look.outlined) {
          if (right - left >= 3) outlines.push(left, right);
        } else {
          line.fill(code, left, right);
          const again = i > begin && data.codes[i - 1] === code && data.starts[i] > t0;
          if (again && right - left >= 4) line[left] = states;
        }
        if (x1 - x0 >= 3) continue;
        // Those of up to 3 pixels are kept from being covered where short ones claim a column.
        for (let column = Math.floor(x0); column < Math.min(width, Math.ceil(x1)); column += 1) {
          const over = Math.min(x1, column + 1) - Math.max(x0, column);
          if (over > 0) shares[column * states + code] += over;
        }
      } else {
        const column = Math.min(width - 1, Math.floor((x0 + x1) / 2));
        short[column] = 1;
        shares[column * states + code] += x1 - x0;
        shared = true;
      }
    }
    return shared;
  }

  // Plain colours are the same on every line of a strip; patterns are set over them.
  function fillLines({ looks }, top, height) {
    let count = 0;
    for (let x = 0; x < width; x += 1) {
      const look = line[x] === NOTHING ? null : looks[line[x]];
      colours[x] = look ? look.pixels[0] : 0;
      if (look && look.size > 1) patterned[count++] = x;
    }
    for (let y = top; y < top + height; y += 1) {
      const from = y * width;
      pixels.set(colours, from);
      for (let k = 0; k < count; k += 1) {
        const x = patterned[k], look = looks[line[x]], { size } = look;
        pixels[from + x] = look.pixels[(y % size) * size + (x % size)];
      }
    }
  }

  function drawOutline(colour, left, right, top, height) {
    const last = (top + height - 1) * width;
    pixels.fill(colour, top * width + left, top * width + right);
    pixels.fill(colour, last + left, last + right);
    for (let at = top * width; at <= last; at += width) pixels[at + left] = pixels[at + right - 1] = colour;
  }

  // One pixel column, shared by height among the states that lie in it.
  const heights = new Int32Array(CODES.length);
  function shareColumn(colours, column, states, top, height) {
    const from = column * states;
    let present = 0, all = 0, largest = 0;
    for (let code = 0; code < states; code += 1) {
      const share = shares[from + code];
      if (share <= 0) continue;
      present += 1;
      all += share;
      if (share > shares[from + largest]) largest = code;
    }
    if (!present) return;
    const least = Math.min(LEAST_SHARE, Math.floor(height / present));
    let left = height;
    for (let code = 0; code < states; code += 1) {
      const share = shares[from + code];
      heights[code] = share > 0 ? least + Math.floor(((height - least * present) * share) / all) : 0;
      left -= heights[code];
    }
    heights[largest] += left;
    let y = top;
    for (let code = 0; code < states; code += 1) {
      for (const end = y + heights[code]; y < end; y += 1) pixels[y * width + column] = colours[code];
    }
  }

  return function paint(context, strips, place) {
    room(strips, place);
    const { dpr } = place, tall = patch.height;
    for (const strip of strips) {
      const { rows } = strip;
      const top = limited(Math.round((strip.top - place.top) * dpr), 0, tall - 1);
      const height = Math.min(tall - top, Math.max(1, Math.round(strip.height * dpr)));
      const outlines = [];
      line.fill(NOTHING);
      const shared = lay(rows, strip.row, place.t0, place.t1, outlines);
      fillLines(rows.look, top, height);
      for (let k = 0; k < outlines.length; k += 2) drawOutline(rows.look.outline, outlines[k], outlines[k + 1], top, height);
      if (shared) {
        for (let column = 0; column < width; column += 1) if (short[column]) shareColumn(rows.look.short, column, rows.states, top, height);
      }
      shares.fill(0);
      short.fill(0);
    }
    patchContext.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(patch, place.left, place.top, place.width, place.height);
  };
}
