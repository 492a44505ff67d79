// Tiles of a map under everything else, in Web Mercator. They are asked for once a person turned them on, never
// before: `on` is false at first, and no address turns it on.

const TILE = 256, DEEPEST = 19, MOST_TILES = 120, KEPT_TILES = 400;

class Tiles {
  // `told`: {url, attribution, globe} as tiles.py gives it, or null; `changed` hears of a tile that came.
  constructor(told, origin, changed) {
    Object.assign(this, { told, origin, changed });
    this.on = false;
    this.held = new Map();
  }

  // Where a place of the plane [m from the origin] lies on the whole map of one tile, 0 to 1.
  _onMap(x, y) {
    const [lon0, lonX, lonY, lat0, latX, latY] = this.told.globe, east = x + this.origin[0], north = y + this.origin[1];
    const lon = lon0 + lonX * east + lonY * north, lat = lat0 + latX * east + latY * north;
    const sin = Math.sin((Math.max(-85, Math.min(85, lat)) * Math.PI) / 180);
    return [lon / 360 + 0.5, 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)];
  }

  // Where a point of that map lies on the plane.
  _onPlane(u, v) {
    const [lon0, lonX, lonY, lat0, latX, latY] = this.told.globe;
    const lon = (u - 0.5) * 360 - lon0, lat = (Math.atan(Math.sinh(Math.PI * (1 - 2 * v))) * 180) / Math.PI - lat0;
    const area = lonX * latY - lonY * latX;
    return [(lon * latY - lat * lonY) / area - this.origin[0], (lat * lonX - lon * latX) / area - this.origin[1]];
  }

  draw(context, viewport, margin) {
    if (!this.on || !this.told) return;
    const { west, south, east, north } = viewport.bounds(margin);
    const corners = [[west, south], [west, north], [east, south], [east, north]].map(([x, y]) => this._onMap(x, y));
    const [u1, u2] = [Math.min(...corners.map(([u]) => u)), Math.max(...corners.map(([u]) => u))];
    const [v1, v2] = [Math.min(...corners.map(([, v]) => v)), Math.max(...corners.map(([, v]) => v))];
    const [a] = this._onMap(viewport.x, viewport.y), [b] = this._onMap(viewport.x + 100 / viewport.scale, viewport.y);
    let zoom = Math.max(0, Math.min(DEEPEST, Math.round(Math.log2(100 / (Math.abs(b - a) * TILE)))));
    while (zoom > 0 && (u2 - u1) * (v2 - v1) * 4 ** zoom > MOST_TILES) zoom -= 1;
    const many = 2 ** zoom, last = many - 1, held = (number) => Math.max(0, Math.min(last, Math.floor(number * many)));
    for (let column = held(u1); column <= held(u2); column += 1) {
      for (let row = held(v1); row <= held(v2); row += 1) {
        const image = this._image(zoom, column, row);
        if (!image.complete || !image.naturalWidth) continue;
        const at = (du, dv) => {
          const [x, y] = this._onPlane((column + du) / many, (row + dv) / many);
          return [viewport.toScreenX(x), viewport.toScreenY(y)];
        };
        const [x0, y0] = at(0, 0), [x1, y1] = at(1, 0), [x2, y2] = at(0, 1);
        context.save();
        context.transform(x1 - x0, y1 - y0, x2 - x0, y2 - y0, x0, y0);
        context.drawImage(image, 0, 0, 1, 1);
        context.restore();
      }
    }
  }

  _image(zoom, column, row) {
    const url = this.told.url.replace("{z}", zoom).replace("{x}", column).replace("{y}", row);
    let image = this.held.get(url);
    if (image) this.held.delete(url);
    else {
      image = new Image();
      // A picture of another origin would keep the canvas from being saved.
      image.crossOrigin = "anonymous";
      image.onload = () => this.changed();
      image.src = url;
    }
    this.held.set(url, image);
    if (this.held.size > KEPT_TILES) this.held.delete(this.held.keys().next().value);
    return image;
  }
}
