// What trucks carry: pages of loads as loads.py packs them, asked for as pages of states are.

class Loads {
  constructor(scene, source, ask, changed) {
    Object.assign(this, { scene, source, ask, changed });
    this.held = new Map();
    this.asked = new Set();
  }

  // Another source tells from now on.
  tell(source) {
    this.source = source;
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

  async _fetch(number) {
    const { source, held, asked } = this;
    asked.add(number);
    try {
      const told = await this.ask("loads", { number, source }), page = this.scene.trucks.map(() => []);
      for (const [k, truck] of told.truck.entries()) page[truck].push([told.start[k], told.stop[k], told.payload[k]]);
      held.set(number, page);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
    asked.delete(number);
    this.changed();
  }

  // What a truck carries at a moment [t], 0 where nobody knows of a load.
  at(truck, now) {
    const page = this.held.get(Math.floor(now / this.scene.page));
    return page?.[truck].find(([start, stop]) => start <= now && now < stop)?.[2] ?? 0;
  }

  // In words with the unit; empty where there is none.
  words(truck, now) {
    const payload = this.at(truck, now);
    return payload ? `${Math.round(payload)} t` : "";
  }
}
