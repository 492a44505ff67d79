// Queues and hang of each loader by the hour: queues go up from the middle, hang goes down.

function drawLoaders(box, chart) {
  if (saysWhy(box, chart)) return;
  const most = Math.max(30, ...chart.loaders.flatMap((loader) => loader.cells.map((cell) => cell.queue_min)));
  const legend = element(box.body, "ul", "legend");
  for (const [className, words] of [["queue", "trucks queued [min]"], ["hang", "loader hung [min]"], ["away", "no truck for so long that it may have been elsewhere"]]) {
    const entry = element(legend, "li");
    const swatch = element(entry, "span", `swatch ${className}`);
    if (className === "queue") dress(swatch, "queue_load");
    element(entry, "span", "", words);
  }
  const grid = element(box.body, "div", "loaders-grid");
  grid.style.setProperty("--hours", chart.hours.length);
  const hours = element(grid, "div", "hours");
  for (const hour of chart.hours) element(hours, "span", "", hour.slice(0, 2)).title = hour;
  for (const loader of chart.loaders) {
    const line = element(grid, "div", "line");
    element(line, "strong", "", loader.loader);
    element(line, "span", "muted", loader.told);
    const cells = element(grid, "div", "cells");
    loader.cells.forEach((cell, k) => {
      const made = element(cells, "div", "cell");
      const up = element(made, "div", "up"), down = element(made, "div", "down");
      if (cell.queue_min > 0) {
        const queue = mark(up, cell.queue, `${loader.loader}, hour from ${chart.hours[k]}: trucks queued ${cell.queue_words}`, "queue");
        element(queue, "span", "figure", String(Math.round(cell.queue_min)));
        dress(element(queue, "span", "bar"), "queue_load").style.height = `${(70 * cell.queue_min) / most}%`;
      }
      if (cell.hang_min + cell.away_min > 0) {
        const away = cell.away_min > 0 ? `, and had no truck for ${Math.round(cell.away_min)} min in which it may have been elsewhere` : "";
        const hang = mark(down, cell.hang, `${loader.loader}, hour from ${chart.hours[k]}: hung ${cell.hang_words}${away}`, "hang");
        element(hang, "span", "bar hang").style.height = `${(60 * cell.hang_min) / 60}%`;
        element(hang, "span", "bar away").style.height = `${(60 * cell.away_min) / 60}%`;
        element(hang, "span", "figure", String(Math.round(cell.hang_min)));
      }
    });
  }
  reach(grid);
}
