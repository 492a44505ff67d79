// How strips are drawn on a canvas: axes, lines that break, the playhead.

// Colours that people with any colour vision tell apart (Okabe and Ito, 2008), each with a dash of its own.
const LINES = {
  light: ["#0072B2", "#B34700", "#00755A", "#9C3F7C", "#8A6D00", "#1B1F23"],
  dark: ["#56B4E9", "#F28E2B", "#2BC19B", "#E59BC7", "#F0E442", "#E8EBED"],
};
const DASHES = [[], [7, 3], [2, 2], [10, 3, 2, 3], [5, 2, 2, 2, 2, 2], [14, 4]];

// Round values for an axis between two.
function axisTicks(low, high, most) {
  const rough = (high - low) / Math.max(1, most), power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((each) => each >= rough);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high + step * 1e-9; k += 1) found.push(Number((k * step).toPrecision(12)));
  return found;
}

const numberWords = (value) => {
  const size = Math.abs(value);
  const digits = size >= 1000 ? 0 : size >= 1 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits }).replace("-", "−");
};

// The least and the most measured in [from, to); null where nothing was.
function extremes(tiles, from, to) {
  let low = Infinity, high = -Infinity;
  for (const { at, measured } of tiles) {
    for (let i = rowFrom(at, from); i < at.length && at[i] < to; i += 1) {
      low = Math.min(low, measured[i]);
      high = Math.max(high, measured[i]);
    }
  }
  return low > high ? null : [low, high];
}

// A line through a truck's rows in sight; it breaks where nothing was heard. Gives how many parts were drawn.
function drawSeries(context, tiles, view, toY, look) {
  let count = 0;
  context.save();
  context.strokeStyle = context.fillStyle = look.colour;
  context.setLineDash(look.dash);
  context.lineWidth = 1.4;
  context.lineJoin = "round";
  for (const { at, measured, breaks, from, to } of tiles) {
    // Dashes are counted from a line's beginning, so that they stand still on a line that moves.
    const first = look.dash.length ? 0 : Math.max(0, rowFrom(at, view.from) - 1);
    const last = Math.min(at.length, rowFrom(at, view.to) + 1);
    context.beginPath();
    for (let i = first; i < last; i += 1) {
      const x = view.toX(at[i]), y = toY(measured[i]);
      const alone = (i === 0 || breaks[i]) && (i + 1 === at.length || breaks[i + 1]);
      if (i === first || breaks[i]) {
        context.moveTo(x, y);
        if (breaks[i] && at[i] >= from && at[i] < to) count += 1;
      } else if (look.steps) {
        context.lineTo(x, toY(measured[i - 1]));
        context.lineTo(x, y);
      } else context.lineTo(x, y);
      if (alone) context.fillRect(x - 1, y - 1, 2, 2);
    }
    context.stroke();
  }
  context.restore();
  return count;
}

// Moments below the strips, and lines down through them.
function drawTimes(context, clock, start, view, surface, bottom) {
  const { step, found } = clock.ticks(start + view.from, start + view.to, Math.max(2, view.width / 90));
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const { at, midnight } of found) {
    const x = Math.round(view.toX(at - start)) + 0.5;
    context.strokeStyle = surface.faint;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, bottom);
    context.stroke();
    context.fillStyle = surface.muted;
    context.fillText(midnight ? clock.day(at) : clock.time(at, step), x, bottom + 5);
  }
}
