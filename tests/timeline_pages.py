"""How a test looks at a timeline in a browser: what is drawn and where, its colours, its totals."""

from __future__ import annotations

import json


def opened(page, url):
    """Opens a timeline and waits until it is drawn."""
    page.goto(url)
    page.wait_for_selector("canvas.strips[data-drawn]")
    return page


def drawn(page):
    """What the canvas says of its last frame: the visible range [ms] and where things lie [px]."""
    return json.loads(page.locator("canvas.strips").get_attribute("data-drawn"))


def settled(page, condition):
    """Waits until the frame that is drawn meets a condition in JavaScript over ``d``."""
    page.wait_for_function(
        "([canvas, asked]) => new Function('d', `return ${asked}`)(JSON.parse(canvas.dataset.drawn))",
        arg=[page.locator("canvas.strips").element_handle(), condition],
    )
    return drawn(page)


def spot(page, row, share):
    """The point [px, on the page] of a row at a share of the visible range."""
    d, edge = drawn(page), page.locator("canvas.strips").bounding_box()
    return (
        edge["x"] + d["left"] + share * d["width"],
        edge["y"] + d["head"] + (row + 0.5) * d["rowHeight"],
    )


def mean_a_quarter(page):
    """Drags with Shift over the second quarter of the visible range."""
    (x, y), (to, _) = spot(page, 0, 0.25), spot(page, 0, 0.5)
    page.keyboard.down("Shift")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(to, y, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")


PIXELS = """(canvas, [left, top, width, height]) => {
    const found = canvas.getContext('2d').getImageData(left, top, width, height).data;
    const part = (i, k) => found[4 * i + k].toString(16).padStart(2, '0');
    const hex = (i) => `#${part(i, 0)}${part(i, 1)}${part(i, 2)}`.toUpperCase();
    return Array.from({length: width * height}, (_, i) => hex(i));
}"""


def colours(page, row):
    """The colour of every pixel of a row's middle line, as hex, from left to right."""
    d = drawn(page)
    middle = round(d["head"] + (row + 0.5) * d["rowHeight"])
    return page.locator("canvas.strips").evaluate(PIXELS, [d["left"], middle, d["width"], 1])


def column(page, row, x):
    """The colours down one pixel column of a row's strip."""
    d = drawn(page)
    top = round(d["head"] + row * d["rowHeight"] + 4)
    return page.locator("canvas.strips").evaluate(PIXELS, [x, top, 1, d["rowHeight"] - 8])


def totals(page):
    """The totals as the table says them: truck → state → words."""
    rows = page.locator("table.totals").evaluate(
        "(table) => [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    return {row[0]: dict(zip(rows[0][1:], row[1:], strict=True)) for row in rows[1:]}
