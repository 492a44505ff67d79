"""InfluxDB into a store, against the rate at which the same server sends the same CSV to nobody.

A real ``influxd`` is started with folders and ports of its own. The peer asks the same questions, truck by
truck and window by window, and throws the answers away; the two take turns in one run. CPU is that of this
process: the server's own comes on top, and is the same for both.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import urllib3
from measuring import Entry, entry, timed

import truckkit as tk

sys.path.append(str(Path(__file__).parent.parent / "tests"))  # where a server for tests is set up
from influxd import running

START = 1_709_251_200
TRUCKS = 20

MAPPING = """
name = "bench"
[site]
name = "Bench"
[[measurement]]
name = "gps"
[[measurement.table]]
into = "positions"
[measurement.table.columns]
truck = "truck"
at = "time"
x_m = "x"
y_m = "y"
elevation_m = "z"
speed_kmh = "speed"
heading_deg = "heading"
"""


def lines(trucks: int, seconds: int, first: int = START) -> Iterator[str]:
    """Line protocol of random walks at 1 Hz, some minutes a piece."""
    random = np.random.default_rng(5)
    at = np.zeros((trucks, 2))
    for begin in range(0, seconds, 600):
        rows = []
        for second in range(begin, min(begin + 600, seconds)):
            at += random.normal(0, 3, at.shape)
            for truck in range(trucks):
                x, y = at[truck]
                rows.append(
                    f"gps,truck=T{truck:02d} x={x:.2f},y={y:.2f},z={3000 + x / 20:.1f},"
                    f"speed={abs(x) % 50:.1f},heading={int(y) % 360} {first + second}"
                )
        yield "\n".join(rows)


def sent_to_nobody(port: int, seconds: int) -> int:
    """Ask what an ingest asks, and throw the answers away; give the bytes."""
    pool = urllib3.PoolManager()
    size = 0
    for begin in range(START, START + seconds, 86_400):
        for truck in range(TRUCKS):
            fields = ", ".join(f'"{name}"::float AS "{name}"' for name in ("x", "y", "z", "speed", "heading"))
            window = f"time >= {begin}s AND time < {begin + 86_400}s"
            asked = f'SELECT "truck", {fields} FROM "gps" WHERE {window} AND "truck" = \'T{truck:02d}\''
            answer = pool.request(
                "POST",
                f"http://127.0.0.1:{port}/query",
                fields={"db": "bench", "epoch": "ms", "q": asked, "chunked": "true"},
                encode_multipart=False,
                headers={"Accept": "text/csv"},
                preload_content=False,
            )
            while part := answer.read(1 << 20):
                size += len(part)
    return size


def measured(rows: int, runs: int) -> list[Entry]:
    """Rows a second of both, and the one over the other."""
    seconds = rows // TRUCKS
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        (folder / "mapping.toml").write_text(MAPPING)
        with running(folder / "influxd") as server:
            port = server.port
            pool = urllib3.PoolManager()
            url = f"http://127.0.0.1:{port}"
            pool.request(
                "POST", f"{url}/query", fields={"q": "CREATE DATABASE bench"}, encode_multipart=False
            )
            for piece in lines(TRUCKS, seconds):
                written = pool.request("POST", f"{url}/write?db=bench&precision=s", body=piece.encode())
                assert written.status == 204, written.data
            theirs, ours, cpus = [], [], []
            for run in range(runs + 1):
                _cpu, wall = timed(lambda: sent_to_nobody(port, seconds))
                loads: list[int] = []

                def ingest(run: int = run, loads: list[int] = loads) -> None:
                    found = tk.ingest(
                        folder / f"store{run}",
                        f"influx://127.0.0.1:{port}/bench",
                        str(folder / "mapping.toml"),
                        detection=False,
                    )
                    loads.append(sum(load.kept for load in found))

                cpu, own = timed(ingest)
                assert loads == [seconds * TRUCKS], loads
                if run:  # the first warms both up
                    theirs.append(wall)
                    ours.append(own)
                    cpus.append(cpu)
        total = seconds * TRUCKS
        peer, value = total / statistics.median(theirs), total / statistics.median(ours)
        return [
            entry("InfluxDB to a published store", value, "rows/s", "", peer),
            entry("InfluxDB to a store, share of its own rate to nobody", value / peer, "", "≥ 0.9", 1.0),
            entry("InfluxDB to a store, our CPU", total / statistics.median(cpus), "rows/CPU s", "", None),
        ]
