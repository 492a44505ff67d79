// Rows told coarser: neighbours that are together no longer than a limit become one item, which keeps how long each
// state was in it. Of an item and the next one, one alone is longer than the limit, so a row of any number of intervals
// has few items a pixel, and no state is lost. A level is made of a row when it is first wanted.

const MIXED = 255; // the code of an item of several states
const FINEST = 1000; // ms: the limit of the finest level; each next one is four times as coarse

// The items of data[from … to): {starts, stops, codes, mixed}; mixed[k] are the sums of the k-th item where it is MIXED.
function coarsened(data, from, to, limit, states) {
  const starts = [], stops = [], codes = [], mixed = [];
  for (let i = from; i < to;) {
    let end = i + 1;
    if (data.stops[i] - data.starts[i] <= limit) {
      while (end < to && data.stops[end] - data.starts[i] <= limit) end += 1;
    }
    starts.push(data.starts[i]);
    stops.push(data.stops[end - 1]);
    const kept = end === i + 1 ? data.codes[i] : MIXED;
    codes.push(kept);
    let sums = null;
    if (kept === MIXED) {
      sums = new Float32Array(states);
      for (let k = i; k < end; k += 1) sums[data.codes[k]] += data.stops[k] - data.starts[k];
    }
    mixed.push(sums);
    i = end;
  }
  return { rows: [0, starts.length], starts, stops, codes, mixed };
}

// Gives itemsOf(row, pixel): a row whose items are at most half as long as a pixel [ms], or as they were told, and
// the index of the row among those that it holds.
function coarseRows(data, states) {
  const levels = new Map();
  return function itemsOf(row, pixel) {
    const level = Math.floor(Math.log2(pixel / 2 / FINEST) / 2);
    if (level < 0) return [data, row];
    const key = row * 32 + level;
    let items = levels.get(key);
    if (items === undefined) {
      const from = data.rows[row], to = data.rows[row + 1];
      items = coarsened(data, from, to, FINEST * 4 ** level, states);
      // Where hardly anything is saved the row is drawn as it was told.
      if (items.codes.length > 0.8 * (to - from)) items = null;
      levels.set(key, items);
    }
    return items ? [items, 0] : [data, row];
  };
}
