// Room on a picture: boxes [left, top, right, bottom] that are taken, found by the square that they lie in, so
// that whoever looks for room asks its neighbours alone.

const SQUARE = 64;

class Taken {
  constructor() {
    this._squares = new Map();
  }

  add(box) {
    this._each(box, (key) => {
      const square = this._squares.get(key);
      if (square) square.push(box);
      else this._squares.set(key, [box]);
      return true;
    });
    return box;
  }

  // Whether a box would lie on none of those that are taken, but for one that it may lie on.
  free(box, but = null) {
    const [left, top, right, bottom] = box;
    return this._each(box, (key) => {
      for (const other of this._squares.get(key) || []) {
        if (other !== but && left <= other[2] && right >= other[0] && top <= other[3] && bottom >= other[1]) return false;
      }
      return true;
    });
  }

  // Visits the squares of a box for as long as `visit` says true; whether it always did.
  _each([left, top, right, bottom], visit) {
    for (let row = Math.floor(top / SQUARE); row <= Math.floor(bottom / SQUARE); row += 1) {
      for (let column = Math.floor(left / SQUARE); column <= Math.floor(right / SQUARE); column += 1) {
        if (!visit(row * 65536 + column)) return false;
      }
    }
    return true;
  }
}
