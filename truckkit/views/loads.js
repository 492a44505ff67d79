// What trucks carry: pages of loads as loads.py packs them.

class Loads extends Pages {
  constructor(scene, source, ask, changed) {
    super(scene, source, ask, changed, "loads", (told) => {
      const page = scene.trucks.map(() => []);
      for (const [k, truck] of told.truck.entries()) page[truck].push([told.start[k], told.stop[k], told.payload[k]]);
      return page;
    });
  }

  // What a truck carries at a moment [t], 0 where nobody knows of a load.
  at(truck, now) {
    return this.page(now)?.[truck].find(([start, stop]) => start <= now && now < stop)?.[2] ?? 0;
  }

  // In words with the unit; empty where there is none.
  words(truck, now) {
    const payload = this.at(truck, now);
    return payload ? `${Math.round(payload)} t` : "";
  }
}
