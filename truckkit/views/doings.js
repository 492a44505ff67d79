// What the trucks were doing: pages of state intervals as chunks.py packs them.

const CODES = Object.keys(STATES);
const NO_DATA = CODES.indexOf("no_data");
const CYCLE = 8; // the first eight states are those of a haul cycle

function readStates(buffer) {
  const page = _columns(buffer, "TKS1");
  const n = page.rows;
  page.starts = new Int32Array(buffer, page.body, n);
  page.stops = new Int32Array(buffer, page.body + 4 * n, n);
  page.codes = new Uint8Array(buffer, page.body + 8 * n, n);
  page.tellers = new Uint8Array(buffer, page.body + 9 * n, n);
  page.sure = new Uint8Array(buffer, page.body + 10 * n, n);
  page.hint = new Int32Array(page.trucks);
  page.told = new Uint8Array(page.trucks);
  // Outside a cycle's states a truck carries what it carried before, or else what it carries after.
  page.loaded = new Uint8Array(n);
  for (let truck = 0; truck < page.trucks; truck += 1) {
    const first = page.begins[truck], end = page.begins[truck + 1];
    page.hint[truck] = first;
    let carries = -1;
    for (let i = first; i < end; i += 1) {
      if (page.codes[i] !== NO_DATA) page.told[truck] = 1;
      if (page.codes[i] < CYCLE) {
        const loaded = STATES[CODES[page.codes[i]]].loaded ? 1 : 0;
        if (carries < 0) page.loaded.fill(loaded, first, i);
        carries = loaded;
      }
      page.loaded[i] = Math.max(0, carries);
    }
  }
  return page;
}

class Doings extends Pages {
  constructor(scene, source, ask, changed) {
    super(scene, source, ask, changed, "states", readStates);
  }

  // Fills `out` with {state, since, loaded, teller, sure}: state "" where nobody says anything of the truck.
  read(truck, now, out) {
    const page = this.page(now);
    out.state = "";
    if (!page || !page.told[truck]) return out;
    const at = now - page.start;
    let i = page.hint[truck];
    if (page.starts[i] > at || page.stops[i] <= at) {
      let low = page.begins[truck], high = page.begins[truck + 1] - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (page.stops[middle] > at) high = middle;
        else low = middle + 1;
      }
      i = page.hint[truck] = low;
    }
    out.state = CODES[page.codes[i]];
    out.since = page.start + page.starts[i];
    out.loaded = page.loaded[i] === 1;
    out.teller = page.tellers[i];
    out.sure = page.sure[i];
    return out;
  }
}
