// The intervals that intervals.py packed, as typed arrays: those of row r are rows[r] … rows[r + 1], sorted and
// without gaps. With lanes there are as many rows of the second source after those of the first.

const CODES = Object.keys(STATES);
const NO_DATA = CODES.indexOf("no_data");

function unpack(model) {
  const view = (Type, bytes) => {
    if (!bytes) return new Type(0);
    const buffer = bytes instanceof ArrayBuffer ? bytes : new Uint8Array(bytes).slice().buffer;
    return new Type(buffer);
  };
  const Bounds = model.wide ? Float64Array : Int32Array;
  const Names = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[model.name_bytes];
  const rows = view(Uint32Array, model.rows), stops = view(Bounds, model.stops), firsts = view(Bounds, model.firsts);
  // Intervals tile time, so one starts where the one before stops.
  const starts = new Bounds(stops.length);
  starts.set(stops.subarray(0, Math.max(0, stops.length - 1)), Math.min(1, stops.length));
  firsts.forEach((first, row) => { if (rows[row] < rows[row + 1]) starts[rows[row]] = first; });
  return {
    rows, starts, stops, codes: view(Uint8Array, model.codes), tellers: view(Uint8Array, model.tellers),
    sure: view(Uint8Array, model.sure), places: view(Names, model.places), loaders: view(Names, model.loaders),
  };
}

// The first interval of a row that stops after `at`.
function firstAfter(data, row, at) {
  let low = data.rows[row], high = data.rows[row + 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (data.stops[middle] <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
