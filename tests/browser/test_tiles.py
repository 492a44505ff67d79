"""Tiles of a map: never asked for before a person turns them on, and then drawn where they belong."""

from __future__ import annotations

import io
import math
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from driven import along
from PIL import Image
from stores import write
from strips import MIDNIGHT

from truckkit.store import Facts
from truckkit.views.plane import DEGREE_M

pytestmark = pytest.mark.browser

LON, LAT, TURNED = -70.0, -33.0, math.radians(20)
KNOWN = (1200.0, 2300.0)  # where the tiles bear a mark [m in the site's grid]
HOSTILE = "© <img src=x onerror=alert(1)> mappers"

MARKED = """(root) => {
    const canvas = root.querySelector("canvas.ground"), dpr = devicePixelRatio;
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
    copy.drawImage(canvas, 0, 0);
    const { data, width } = copy.getImageData(0, 0, canvas.width, canvas.height);
    let n = 0, x = 0, y = 0;
    for (let k = 0; k < data.length; k += 4) {
        if (data[k] < 200 || data[k + 1] > 60 || data[k + 2] < 200 || data[k + 3] < 200) continue;
        n += 1;
        x += (k / 4) % width + 0.5;
        y += Math.floor(k / 4 / width) + 0.5;
    }
    const pane = root.querySelector(".pane");
    return n && [x / n / dpr + canvas.offsetLeft, y / n / dpr + canvas.offsetTop];
}"""


def globe(x: float, y: float) -> tuple[float, float]:
    """The longitude and latitude of a place of a grid that is turned on the globe."""
    east = math.cos(TURNED) * x - math.sin(TURNED) * y
    north = math.sin(TURNED) * x + math.cos(TURNED) * y
    return LON + east / (DEGREE_M * math.cos(math.radians(LAT))), LAT + north / DEGREE_M


def tile(zoom: int, column: int, row: int) -> bytes:
    """A grey tile with a square mark around the known place, where it lies on it."""
    lon, lat = globe(*KNOWN)
    across = 256 * 2**zoom
    x = (lon / 360 + 0.5) * across - 256 * column
    y = (0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)) * across - 256 * row
    picture = Image.new("RGB", (256, 256), (200, 205, 200))
    for px in range(round(x) - 6, round(x) + 6):
        for py in range(round(y) - 6, round(y) + 6):
            if 0 <= px < 256 and 0 <= py < 256:
                picture.putpixel((px, py), (255, 0, 255))
    written = io.BytesIO()
    picture.save(written, "png")
    return written.getvalue()


@pytest.fixture(scope="module")
def tiled(tmp_path_factory, serve):
    """Where a mine on the globe is served, and the paths of the tiles that were asked for."""
    asked: list[str] = []

    class Served(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            zoom, column, row = (int(part) for part in self.path.removesuffix(".png").split("/")[1:])
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            self.wfile.write(tile(zoom, column, row))

        def log_message(self, *_told):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Served)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    rows = [*along("T01", MIDNIGHT, 120), *along("T02", MIDNIGHT, 120, y=2600.0)]
    for row in rows:
        row["lon"], row["lat"] = globe(row["x_m"], row["y_m"])
    store = write(
        tmp_path_factory.mktemp("tiled") / "mine",
        Facts(name="Globe mine", time_zone="UTC", simulated=True),
        trucks=[{"truck": truck, "given": True} for truck in ("T01", "T02")],
        positions=rows,
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TRUCKKIT_TILES", f"http://127.0.0.1:{server.server_port}/{{z}}/{{x}}/{{y}}.png")
        patched.setenv("TRUCKKIT_TILES_ATTRIBUTION", HOSTILE)
        address = serve(store)
    yield address, asked
    server.shutdown()
    server.server_close()


def test_tiles_are_asked_for_once_turned_on_and_lie_where_they_belong(page, tiled):
    address, asked = tiled
    page.goto(f"{address}/replay?paths=off")
    page.locator(".replay[data-ready=true]").wait_for()
    assert asked == []
    page.locator(".pane").focus()
    page.keyboard.press("g")
    page.get_by_role("dialog", name="Backdrop").get_by_label("Map tiles").check()
    page.locator(".attribution").get_by_text(HOSTILE).wait_for()
    root = page.locator(".replay").element_handle()
    page.wait_for_function(MARKED, arg=root)
    for _zoom in range(3):
        off = """(root, [[x, y], marked]) => {
            const { viewport, scene } = root.replay;
            const [ox, oy] = scene.origin;
            return Math.hypot(viewport.toScreenX(x - ox) - marked[0], viewport.toScreenY(y - oy) - marked[1]);
        }"""
        place = page.evaluate(f"(root) => ({MARKED})(root)", root)
        assert root.evaluate(off, [KNOWN, place]) < 2
        known = root.evaluate(
            """(root, [x, y]) => {
                const { viewport, scene: { origin: [ox, oy] } } = root.replay;
                return [viewport.toScreenX(x - ox), viewport.toScreenY(y - oy)];
            }""",
            list(KNOWN),
        )
        root.evaluate("(root, [x, y]) => root.replay.viewport.zoom(1.9, x, y)", known)
        page.wait_for_function(
            """(root) => [...root.replay.ground.tiles.held.values()].every(({ complete }) => complete)
                && root.replay.ground.drawn?.scale === root.replay.viewport.scale""",
            arg=root,
        )
    assert asked


def test_where_nobody_named_a_server_no_tiles_are_offered(page, address):
    page.goto(f"{address}/replay")
    page.locator(".replay[data-ready=true]").wait_for()
    page.locator(".pane").focus()
    page.keyboard.press("g")
    page.get_by_role("dialog", name="Backdrop").get_by_label("What the ground tells").wait_for()
    assert page.get_by_label("Map tiles").count() == 0
