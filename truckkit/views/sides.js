// The labels and totals beside the strips, kept as pictures of rows: text is dear to draw, and rows mostly only move.

const SAID_EVERY = 100; // ms: faster than this nobody reads a total that changes

function sidePictures() {
  const sheet = document.createElement("canvas"), context = sheet.getContext("2d");
  let slots = 0, tall = 0, wide = 0, dpr = 1, version = 0, stamps = [], renewed = 0;

  // How high a row is on the sheet: whole pixels, or neighbours would shine through.
  const pixels = () => Math.ceil(tall * dpr);

  // Draws one row's side at the sheet's place for it: the totals come to lie at once beside the labels.
  function renew(view, row, slot) {
    context.setTransform(dpr, 0, 0, dpr, 0, slot * pixels());
    context.clearRect(0, 0, wide, pixels() / dpr);
    context.save();
    context.beginPath();
    context.rect(0, 0, wide, tall);
    context.clip();
    drawLabel(context, view, row, 0);
    if (!view.narrow) {
      context.translate(-view.box.width, 0);
      drawRowTotals(context, view, row, 0);
    }
    context.restore();
    stamps[slot] = { row, version };
  }
  const head = document.createElement("canvas"), headContext = head.getContext("2d");
  let headVersion = -1;
  return {
    // Above the totals, when the head has been drawn.
    drawHead(target, view) {
      if (view.narrow) return;
      const room = besideWidth(view), right = view.box.left + view.box.width;
      if (headVersion !== version) {
        headVersion = version;
        head.width = Math.ceil(room * dpr);
        head.height = Math.ceil(HEAD * dpr);
        headContext.setTransform(dpr, 0, 0, dpr, -right * dpr, 0);
        drawTotalsHead(headContext, view);
      }
      target.drawImage(head, right, 0, head.width / dpr, head.height / dpr);
    },
    // Everything is drawn anew: other rows, sizes, colours.
    stale() { version += 1; },
    // The visible range moved: totals follow at a pace that can be read, and soon at the latest.
    moved(now, later) {
      if (now - renewed >= SAID_EVERY) {
        renewed = now;
        version += 1;
        return;
      }
      later(SAID_EVERY - (now - renewed));
    },
    draw(target, view, first, last, offset) {
      const sought = { slots: Math.ceil(view.height / view.rowHeight) + 2, tall: view.rowHeight, wide: view.width - view.box.width };
      if (sought.slots !== slots || sought.tall !== tall || sought.wide !== wide || dpr !== (devicePixelRatio || 1)) {
        ({ slots, tall, wide } = sought);
        dpr = devicePixelRatio || 1;
        sheet.width = Math.max(1, Math.ceil(wide * dpr));
        sheet.height = Math.max(1, slots * pixels());
        stamps = [];
      }
      const left = view.box.left, right = left + view.box.width, totals = wide - left;
      const put = (slot, from, width, x, y) => {
        if (width > 0) target.drawImage(sheet, from * dpr, slot * pixels(), width * dpr, pixels(), x, y, width, pixels() / dpr);
      };
      for (let row = first; row < last; row += 1) {
        const slot = row % slots;
        if (stamps[slot]?.row !== row || stamps[slot].version !== version) renew(view, row, slot);
      }
      for (let row = first; row < last; row += 1) {
        const y = offset + (row - first) * tall;
        put(row % slots, 0, left, 0, y);
        put(row % slots, left, totals, right, y);
      }
    },
  };
}
