// Where two lanes of a truck agree: time of which both tell, and whether they tell the same state.

const AGREE = 0, DIFFER = 1, UNTOLD = 2;

// Intervals of AGREE, DIFFER and UNTOLD, in rows of trucks, made from the rows of the first lane and of the second.
function agreementOf(data, trucks) {
  const rows = new Uint32Array(trucks + 1), most = 2 * data.stops.length;
  const starts = new data.stops.constructor(most), stops = new data.stops.constructor(most), codes = new Uint8Array(most);
  let made = 0;
  for (let truck = 0; truck < trucks; truck += 1) {
    let a = data.rows[truck], b = data.rows[truck + trucks];
    const lastA = data.rows[truck + 1], lastB = data.rows[truck + trucks + 1], first = made;
    let at = Math.max(data.starts[a], data.starts[b]);
    while (a < lastA && b < lastB) {
      const stop = Math.min(data.stops[a], data.stops[b]);
      const told = data.codes[a] !== NO_DATA && data.codes[b] !== NO_DATA;
      const code = !told ? UNTOLD : data.codes[a] === data.codes[b] ? AGREE : DIFFER;
      if (stop > at) {
        if (made > first && codes[made - 1] === code) stops[made - 1] = stop;
        else {
          starts[made] = at;
          stops[made] = stop;
          codes[made] = code;
          made += 1;
        }
        at = stop;
      }
      if (data.stops[a] <= at) a += 1;
      if (data.stops[b] <= at) b += 1;
    }
    rows[truck + 1] = made;
  }
  return { rows, starts: starts.slice(0, made), stops: stops.slice(0, made), codes: codes.slice(0, made) };
}

// The share of the time told by both in which they agree; NaN where both tell of no time.
const agreedShare = (sums) => sums[AGREE] / (sums[AGREE] + sums[DIFFER]);

// "94 %", "99.8 %", and never 100 % where they differ.
function agreedPercent(sums) {
  const share = agreedShare(sums);
  if (Number.isNaN(share)) return "–";
  if (share < 1 && share >= 0.99) return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
  return shareWords(share, 1);
}

function agreedWords(sums) {
  const both = sums[AGREE] + sums[DIFFER];
  return both ? `agree ${agreedPercent(sums)} of the ${fleetWords(both)} of which both tell` : "never do both tell here";
}
