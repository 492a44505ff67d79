// Pictures and films of the map, made in the browser: ground, trucks, the moment, the scale and the legend drawn
// onto one canvas.

const FILMS = [
  ["video/mp4;codecs=avc1.640028", "mp4"], ["video/mp4;codecs=avc1.42E01F", "mp4"],
  ["video/webm;codecs=vp9", "webm"], ["video/webm;codecs=vp8", "webm"], ["video/webm", "webm"],
];
const RECORDED_FPS = 30;
const BITS_A_PIXEL = 6; // a second: lines and letters stay sharp
const LONGEST_FILM = 10 * MINUTE; // of real time: a film is held in memory until it is saved

// The best kind of film that this browser writes; null: none.
function filmKind() {
  if (!globalThis.MediaRecorder) return null;
  return FILMS.find(([type]) => MediaRecorder.isTypeSupported(type)) || null;
}

function save(blob, name) {
  const link = element("a", "", "", { download: name, href: URL.createObjectURL(blob) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// "replay 2026-11-22 22.14.07.350.png": what every system takes as a file's name.
const fileName = (written, ending) => `replay ${written.replaceAll(":", ".")}.${ending}`;

// Draws what the map shows onto `context`. `shown()`: {surface, viewport, ground, markers, written, zone, site}.
function compose(context, { surface, viewport, ground, markers, written, zone, site }) {
  const { width, height } = viewport, dpr = context.canvas.width / width;
  context.setTransform(dpr, 0, 0, dpr, 0, 0);
  context.fillStyle = surface.background;
  context.fillRect(0, 0, width, height);
  const edge = markers.getBoundingClientRect();
  for (const canvas of [ground, markers]) {
    const box = canvas.getBoundingClientRect();
    if (box.width) context.drawImage(canvas, box.left - edge.left, box.top - edge.top, box.width, box.height);
  }
  const write = (text, x, y, font, colour) => {
    context.font = `${font} ${surface.font}`;
    context.lineWidth = 4;
    context.lineJoin = "round";
    context.strokeStyle = surface.background;
    context.strokeText(text, x, y);
    context.fillStyle = colour;
    context.fillText(text, x, y);
  };
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  write(written, 12, 26, "600 16px", surface.ink);
  write(`${site} · ${zone}`, 12, 43, "400 12px", surface.muted);
  const bar = scaleBar(viewport.scale, 120);
  const base = height - 34;
  context.strokeStyle = surface.ink;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(12, base - 6);
  context.lineTo(12, base);
  context.lineTo(12 + bar.pixels, base);
  context.lineTo(12 + bar.pixels, base - 6);
  context.stroke();
  write(bar.words, 16, base - 5, "400 11px", surface.ink);
  let x = 12;
  for (const [state, look] of Object.entries(STATES)) {
    context.font = `400 11px ${surface.font}`;
    const length = 18 + context.measureText(look.words).width + 12;
    if (x + length > width) break;
    context.drawImage(stateSwatch(state, surface.theme, 14), x, height - 23, 14, 14);
    write(look.words, x + 18, height - 12, "400 11px", surface.ink);
    x += length;
  }
}

// Two buttons, and what is said of them. `shown` gives what `compose` draws; `fault` takes a sentence.
function recorder(playhead, shown, fault) {
  const box = element("span", "recorder");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { alpha: false });
  let film = null, unwatch = () => {};

  // A film's size stays, whatever becomes of the window; even, as H.264 has it.
  const measure = () => {
    const { viewport } = shown(), dpr = globalThis.devicePixelRatio || 1;
    canvas.width = 2 * Math.round((viewport.width * dpr) / 2);
    canvas.height = 2 * Math.round((viewport.height * dpr) / 2);
  };
  const picture = button("Save a picture of the map as PNG", "Picture", () => {
    if (!film) measure();
    const now = shown();
    compose(context, now);
    canvas.toBlob((blob) => {
      if (blob) save(blob, fileName(now.written, "png"));
      else fault("The picture is too large for this browser; make the window smaller.");
    }, "image/png");
  });
  const record = button("Record a film of the map", "Record", () => (film ? finish() : begin()));
  record.setAttribute("aria-pressed", "false");

  function begin() {
    const kind = filmKind();
    if (!kind) {
      fault("This browser records no films; use another, or replay.record(\"shift.mp4\") in Python.");
      return;
    }
    measure();
    const parts = [], written = shown().written;
    const stream = canvas.captureStream(RECORDED_FPS);
    const media = new MediaRecorder(stream, {
      mimeType: kind[0], videoBitsPerSecond: Math.min(20e6, BITS_A_PIXEL * canvas.width * canvas.height),
    });
    film = { media, since: performance.now(), loop: playhead.loop, last: -1, frame: 0 };
    media.addEventListener("dataavailable", ({ data }) => { if (data.size) parts.push(data); });
    media.addEventListener("error", () => {
      fault("The browser gave up recording; make the window smaller and record again.");
      finish();
    });
    media.addEventListener("stop", () => {
      for (const track of stream.getTracks()) track.stop();
      if (parts.length) save(new Blob(parts, { type: kind[0] }), fileName(written, kind[1]));
    });
    if (film.loop) playhead.seek(film.loop[0]);
    compose(context, shown());
    media.start(1000);
    record.textContent = "Stop";
    record.setAttribute("aria-pressed", "true");
    unwatch = playhead.watch((what) => { if (what === "pause") finish(); });
    playhead.play();
    film.frame = requestAnimationFrame(draw);
  }
  function draw() {
    if (!film) return;
    const { loop, last, since } = film;
    // Where a loop comes round again, or time is up, the film is over.
    if ((loop && playhead.now < last) || performance.now() - since > LONGEST_FILM) {
      finish();
      return;
    }
    film.last = playhead.now;
    compose(context, shown());
    film.frame = requestAnimationFrame(draw);
  }
  function finish() {
    if (!film) return;
    const { media, frame } = film;
    film = null;
    unwatch();
    cancelAnimationFrame(frame);
    record.textContent = "Record";
    record.setAttribute("aria-pressed", "false");
    if (media.state !== "inactive") media.stop();
  }
  box.append(picture, record);
  return { box, stop: finish };
}
