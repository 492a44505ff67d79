// Site time and the words for it. Instants are milliseconds since 1970 UTC, held as doubles: exact.
// The zone's offsets come from clock.py: [[from, offset], …], both in milliseconds.

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const TICKS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR,
  12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 182 * DAY, 364 * DAY,
];

const padded = (number, width = 2) => String(number).padStart(width, "0");

function siteClock({ zone, offsets }) {
  const offset = (at) => {
    let k = offsets.length - 1;
    while (k > 0 && offsets[k][0] > at) k -= 1;
    return offsets[k][1];
  };
  // A Date whose UTC fields read as the site's wall clock.
  const wall = (at) => new Date(at + offset(at));
  // The instant at which the site's wall clock shows `local` (as Date.UTC would give it).
  const unwall = (local) => {
    const guess = local - offset(local - offset(local));
    return guess + offset(guess) === local ? guess : local - offset(guess);
  };
  const date = (at) => wall(at).toISOString().slice(0, 10);
  // hh:mm, with seconds and milliseconds as far as `grain` [ms] asks.
  const time = (at, grain = 1) => {
    const text = wall(at).toISOString().slice(11, 23);
    return text.slice(0, grain >= MINUTE ? 5 : grain >= SECOND ? 8 : 12);
  };
  const day = (at) => `${wall(at).getUTCDate()} ${MONTHS[wall(at).getUTCMonth()]}`;
  const weekday = (at) => WEEKDAYS[wall(at).getUTCDay()];
  const hours = (at) => {
    const minutes = Math.round(Math.abs(offset(at)) / MINUTE);
    const sign = offset(at) < 0 ? "−" : "+";
    return offset(at) === 0 ? "UTC" : `UTC${sign}${padded(Math.floor(minutes / 60))}:${padded(minutes % 60)}`;
  };
  // ISO 8601 with the offset, for addresses: it opens the same moment anywhere.
  const iso = (at) => {
    const minutes = Math.round(Math.abs(offset(at)) / MINUTE);
    const sign = offset(at) < 0 ? "-" : "+";
    return `${wall(at).toISOString().slice(0, 23)}${sign}${padded(Math.floor(minutes / 60))}:${padded(minutes % 60)}`;
  };
  // The round moments of the site's clock in [start, stop), about `most` of them.
  const ticks = (start, stop, most) => {
    const step = TICKS.find((candidate) => (stop - start) / candidate <= most) || TICKS[TICKS.length - 1];
    const found = [];
    let local = Math.ceil((start + offset(start)) / step) * step;
    // A spring day skips some of the clock and an autumn day repeats some, so a tick may fall out or
    // come early: what is not after the last one is left out.
    for (let guard = 0; guard < 2 * most + 50; guard += 1, local += step) {
      const at = unwall(local);
      if (at >= stop) break;
      if (at >= start && (found.length === 0 || at > found[found.length - 1].at)) {
        found.push({ at, midnight: local % DAY === 0 });
      }
    }
    return { step, found };
  };
  const midnights = (start, stop) => {
    const found = [];
    for (let local = Math.ceil((start + offset(start)) / DAY) * DAY; unwall(local) < stop; local += DAY) {
      found.push(unwall(local));
    }
    return found;
  };
  return { zone, offset, date, time, day, weekday, hours, iso, ticks, midnights };
}

// A length of time as one says it: "6 min 12 s", "10 min 3.250 s", "4 h 12 min", "7 days".
function durationWords(ms) {
  const whole = Math.round(ms);
  const days = whole >= 3 * DAY ? Math.floor(whole / DAY) : 0;
  const h = Math.floor((whole - days * DAY) / HOUR), min = Math.floor((whole % HOUR) / MINUTE);
  const rest = whole % MINUTE;
  const s = rest % SECOND ? (rest / SECOND).toFixed(3) : String(rest / SECOND);
  const words = [];
  if (days) words.push(`${days.toLocaleString("en")} days`);
  if (h) words.push(`${h} h`);
  if (min) words.push(`${min} min`);
  if (rest || !words.length) words.push(`${s} s`);
  return words.join(" ");
}
