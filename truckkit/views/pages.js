// Pages of what a source tells, held as they are wanted: those of the moment and the next.

class Pages {
  // `question` is what is asked for a page, `unpack` makes of an answer what is held; `source` is who tells, empty
  // where it is left to the site.
  constructor(scene, source, ask, changed, question, unpack) {
    Object.assign(this, { scene, source, ask, changed, question, unpack });
    this.held = new Map();
    this.asked = new Set();
  }

  want(now) {
    if (this.scene.trucks.length === 0) return;
    const current = Math.floor(now / this.scene.page);
    for (const number of [current, current + 1]) {
      if (number * this.scene.page >= this.scene.length || this.held.has(number) || this.asked.has(number)) continue;
      this._fetch(number);
    }
  }

  // Another source tells from now on.
  tell(source) {
    this.source = source;
    this.held = new Map();
    this.asked = new Set();
    this.changed();
  }

  // The page of a moment; undefined until it is here.
  page(now) {
    return this.held.get(Math.floor(now / this.scene.page));
  }

  async _fetch(number) {
    // What was asked of the source before is of no use any more when it comes.
    const { source, held, asked } = this;
    asked.add(number);
    try {
      held.set(number, this.unpack(await this.ask(this.question, { number, source })));
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
    asked.delete(number);
    this.changed();
  }
}
