// Which rows there are, and in which order: those of trucks, and the heads of groups with the trucks below them.
// A truck's row: {truck, number, lanes}, where `lanes` are its rows in the data; a head: {head, members, folded}.

const AGREEMENT = "agreement"; // as timeline.py has it

// The loads of each row that name their loader, so that who loads a truck most is found without a look at all else.
function loadsOf(data) {
  const load = CODES.indexOf("load"), rows = new Uint32Array(data.rows.length), found = [];
  for (let row = 0; row + 1 < data.rows.length; row += 1) {
    for (let i = data.rows[row]; i < data.rows[row + 1]; i += 1) if (data.codes[i] === load && data.loaders[i]) found.push(i);
    rows[row + 1] = found.length;
  }
  return { rows, found: Uint32Array.from(found) };
}

// The number of the loader that loaded longest in [from, to), in the first lane that tells any; of two the later; 0: none.
function mostLoadedBy(data, loads, lanes, from, to) {
  for (const row of lanes) {
    const times = new Map();
    let most = 0;
    for (let k = loads.rows[row]; k < loads.rows[row + 1]; k += 1) {
      const i = loads.found[k];
      if (data.stops[i] <= from || data.starts[i] >= to) continue;
      const loader = data.loaders[i];
      const ms = (times.get(loader) || 0) + Math.min(data.stops[i], to) - Math.max(data.starts[i], from);
      times.set(loader, ms);
      if (!most || ms >= times.get(most)) most = loader;
    }
    if (most) return most;
  }
  return 0;
}

// The trucks that are meant; where none of them is known here, all of them.
function meantTrucks(view, meant) {
  const { trucks, lanes } = view.model;
  const all = trucks.map((truck, number) => ({
    truck, number, lanes: lanes.length ? lanes.map((_, lane) => number + lane * trucks.length) : [number],
  }));
  const kept = meant ? all.filter(({ truck }) => meant.has(truck)) : all;
  return kept.length ? kept : all;
}

// By name as they come, by the total time in a state over [from, to), the longest first, or by how far two lanes
// agree, the least first and those that cannot be compared last.
function sortedTrucks(view, trucks, sort, [from, to]) {
  const code = CODES.indexOf(sort);
  const weigh = code >= 0 ? ({ lanes }) => view.sumsOf(lanes[0], from, to)[code]
    : sort === AGREEMENT && view.agreedOf ? ({ number }) => {
      const share = agreedShare(view.agreedOf(number, from, to));
      return Number.isNaN(share) ? -2 : -share;
    } : null;
  if (!weigh) return trucks;
  const weight = new Map(trucks.map((row) => [row.number, weigh(row)]));
  return [...trucks].sort((a, b) => weight.get(b.number) - weight.get(a.number) || a.number - b.number);
}

// The name of each truck's group; "" where it belongs to none.
function groupNames(view, trucks, group, [from, to]) {
  if (group === "model") return trucks.map(({ number }) => view.model.models[number] || "");
  return trucks.map(({ lanes }) => view.model.names[mostLoadedBy(view.data, view.loads, lanes, from, to)] || "");
}

const groupWords = (name, group) => name || (group === "model" ? "model not told" : "loaded by nobody here");

const trucksWords = (count) => `${count} ${count === 1 ? "truck" : "trucks"}`;

// All rows. `folded`: the names of groups of which the head alone is shown.
function arrangedRows(view, meant, { sort, group, folded, range }) {
  const trucks = sortedTrucks(view, meantTrucks(view, meant), sort, range);
  if (!group) return { trucks, rows: trucks };
  const names = groupNames(view, trucks, group, range), groups = new Map();
  trucks.forEach((row, k) => {
    if (!groups.has(names[k])) groups.set(names[k], []);
    groups.get(names[k]).push(row);
  });
  const order = [...groups.keys()].sort((a, b) => !a - !b || a.localeCompare(b, "en", { numeric: true }));
  const rows = order.flatMap((name) => {
    const members = groups.get(name), closed = folded.has(name);
    return [{ head: name, words: groupWords(name, group), members, folded: closed }, ...(closed ? [] : members)];
  });
  return { trucks, rows };
}

// The sums of a row for each lane, and of how far they agree; a head's are those of all its members.
function sumsOfRow(view, row, [from, to]) {
  const members = row.members || [row];
  return {
    lanes: row.members || row.lanes.length > 1
      ? members[0].lanes.map((_, lane) => addedUp(members, (each, into) => view.sumsOf(each.lanes[lane], from, to, into), CODES.length))
      : [view.sumsOf(row.lanes[0], from, to)],
    agreed: view.agreedOf ? addedUp(members, (each, into) => view.agreedOf(each.number, from, to, into), 3) : null,
  };
}

function addedUp(members, add, states) {
  const sums = new Float64Array(states);
  for (const each of members) add(each, sums);
  return sums;
}
