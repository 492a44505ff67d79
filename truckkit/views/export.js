// What is in sight as files: its intervals as CSV, its picture as PNG. Both are made in the browser.

// A spreadsheet takes a cell that begins like this for a formula; an apostrophe makes it text.
const csvCell = (value) => {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

// One line for each interval that overlaps the visible range and whose state is not hidden, with its own bounds; of
// two lanes both. Groups that are folded are there too.
function csvOf(view) {
  const { data, model, clock, hidden, t0, t1 } = view;
  const lines = ["truck,source,start,stop,state,place,loader,duration_s"];
  for (const { truck, lanes } of view.trucks) {
    for (const row of lanes) {
      for (let i = firstAfter(data, row, t0); i < data.rows[row + 1] && data.starts[i] < t1; i += 1) {
        if (hidden[data.codes[i]] || CODES[data.codes[i]] === "no_data") continue;
        const start = view.at(data.starts[i]), stop = view.at(data.stops[i]);
        lines.push([
          truck, data.tellers[i] === DETECTED ? "detected" : "fms", clock.iso(start), clock.iso(stop), CODES[data.codes[i]],
          model.names[data.places[i]], model.names[data.loaders[i]], ((stop - start) / SECOND).toFixed(3),
        ].map(csvCell).join(","));
      }
    }
  }
  return `${lines.join("\r\n")}\r\n`;
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10 * SECOND);
}

// The picture has the ground of the page: a canvas alone is transparent. `draw` puts what is no layer over it.
function pictureOf(layers, ground, draw) {
  const whole = document.createElement("canvas");
  [whole.width, whole.height] = [layers[0].width, layers[0].height];
  const context = whole.getContext("2d");
  context.fillStyle = ground;
  context.fillRect(0, 0, whole.width, whole.height);
  for (const layer of layers) context.drawImage(layer, 0, 0);
  draw(context);
  return new Promise((done) => whole.toBlob(done, "image/png"));
}
