// Which trucks have a row, and in which order. The intervals of the rows lie one after another, so another order
// is another copy of them: half a million take some milliseconds, and all that draws stays as simple as it is.

// The rows of `data` named by `order`, in that order.
function arranged(data, order) {
  const rows = new data.rows.constructor(order.length + 1);
  order.forEach((row, k) => { rows[k + 1] = rows[k] + data.rows[row + 1] - data.rows[row]; });
  const made = { rows };
  for (const [name, column] of Object.entries(data)) {
    if (name === "rows") continue;
    made[name] = new column.constructor(rows[order.length]);
    order.forEach((row, k) => made[name].set(column.subarray(data.rows[row], data.rows[row + 1]), rows[k]));
  }
  return made;
}

// The trucks that are meant, as their rows; where none of them is known here, all of them.
function meantRows(trucks, meant) {
  const all = trucks.map((_, row) => row);
  const kept = meant ? all.filter((row) => meant.has(trucks[row])) : all;
  return kept.length ? kept : all;
}

// By name as they come, or by the total time in a state over [from, to), the longest first.
function sortedRows(data, order, sort, from, to) {
  const code = CODES.indexOf(sort);
  if (code < 0) return order;
  const total = new Map(order.map((row) => {
    const sums = new Float64Array(CODES.length);
    addTotals(data, row, from, to, sums);
    return [row, sums[code]];
  }));
  return [...order].sort((a, b) => total.get(b) - total.get(a) || a - b);
}
