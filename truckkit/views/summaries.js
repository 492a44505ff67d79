// The time in each state of any row over any range, without a walk over what lies in it: sums of all intervals before
// each block are kept, so a range costs two searches and two walks within a block.

const BLOCK = 32; // intervals: a walk of half a block costs about as much as the search

// `states`: how many codes there are. Gives sumsOf(row, start, stop): time in each [ms], which adds up to what the
// row's intervals cover of [start, stop).
function summaries(data, states) {
  const { rows, starts, stops, codes } = data;
  const before = new Float64Array((Math.floor(codes.length / BLOCK) + 1) * states);
  const running = new Float64Array(states);
  for (let i = 0; i < codes.length; i += 1) {
    if (i % BLOCK === 0) before.set(running, (i / BLOCK) * states);
    running[codes[i]] += stops[i] - starts[i];
  }
  if (codes.length % BLOCK === 0) before.set(running, (codes.length / BLOCK) * states);

  // Adds `sign` times the time of all intervals up to `at` in the row, and of all rows before it.
  function addUpTo(row, at, sign, into) {
    const end = firstAfter(data, row, at), block = Math.floor(end / BLOCK);
    for (let code = 0; code < states; code += 1) into[code] += sign * before[block * states + code];
    for (let i = block * BLOCK; i < end; i += 1) into[codes[i]] += sign * (stops[i] - starts[i]);
    if (end < rows[row + 1] && starts[end] < at) into[codes[end]] += sign * (at - starts[end]);
  }
  return function sumsOf(row, start, stop, into = new Float64Array(states)) {
    if (stop <= start) return into;
    addUpTo(row, stop, 1, into);
    addUpTo(row, start, -1, into);
    return into;
  };
}
