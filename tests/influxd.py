"""A real InfluxDB 1.6 for tests, with folders and ports of its own; and a proxy that spoils its answers."""

from __future__ import annotations

import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3
from system import free_port, program

MAPPING = """
name = "fleet"
lateness = "1min"
contract = "quarantine"

[site]
name = "Fleet"

[[measurement]]
name = "gps"

[[measurement.table]]
into = "positions"

[measurement.table.columns]
truck = "truck"
at = "time"
x_m = "x"
y_m = "y"
speed_kmh = "speed"

[[measurement]]
name = "engine"
ignore = ["firmware"]

[[measurement.table]]
into = "telemetry"

[measurement.table.columns]
truck = "truck"
at = "time"
payload_t = "payload"
fuel_pct = "fuel"
"""

EIGHT = 1_709_280_000
"""2024-03-01 08:00 UTC."""

CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
auth-enabled = {auth}
max-row-limit = {rows}
[monitor]
store-enabled = false
"""


class Influxd:
    """One server."""

    def __init__(self, folder: Path, *, auth: bool = False, rows: int = 0) -> None:
        self._program = program("influxd", "influxdb")
        self._folder = folder
        self.port = free_port()
        self._settings = {"auth": str(auth).lower(), "rows": rows}
        self._http = urllib3.PoolManager(retries=False, timeout=20)
        self._opening: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._folder.mkdir(exist_ok=True)
        config = self._folder / "influxdb.conf"
        config.write_text(
            CONFIG.format(folder=self._folder, port=self.port, rpc=free_port(), **self._settings)
        )
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-config", str(config)], stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                self._http.request("GET", f"http://127.0.0.1:{self.port}/ping")
                return
            except urllib3.exceptions.HTTPError:
                time.sleep(0.05)
        raise AssertionError((self._folder / "log").read_text()[-2000:])

    def stop(self) -> None:
        """End it, by its own process."""
        if self._process:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    @property
    def process(self) -> int:
        """Its process while it runs."""
        assert self._process
        return self._process.pid

    def url(self, database: str, opening: str = "") -> str:
        """The address of a database, as truckkit takes it."""
        return f"influx://{opening}127.0.0.1:{self.port}/{database}"

    def say(self, statement: str) -> str:
        """Run a statement."""
        answer = self._http.request(
            "POST",
            f"http://127.0.0.1:{self.port}/query",
            fields={"q": statement},
            encode_multipart=False,
            headers=self._opening,
        )
        assert answer.status == 200, answer.data
        return answer.data.decode()

    def open_with(self, user: str, password: str) -> None:
        """Use a user from now on."""
        self._opening = dict(urllib3.make_headers(basic_auth=f"{user}:{password}"))

    def write(self, database: str, lines: str, precision: str = "s") -> None:
        """Write points, as line protocol; the database is made where it is missing."""
        self.say(f'CREATE DATABASE "{database}"')
        answer = self._http.request(
            "POST",
            f"http://127.0.0.1:{self.port}/write?db={database}&precision={precision}",
            body=lines.encode(),
            headers=self._opening,
        )
        assert answer.status == 204, answer.data


@contextmanager
def running(folder: Path, **settings: object) -> Iterator[Influxd]:
    """A server, for as long as the context lasts."""
    server = Influxd(folder, **settings)  # type: ignore[arg-type]
    try:
        yield server
    finally:
        server.stop()


Spoil = Callable[[bytes], bytes]
"""What a proxy makes of a whole answer, its headers among it."""


class Proxy:
    """Stands between truckkit and a server, and spoils the answers to questions for points."""

    def __init__(self, port: int) -> None:
        self.spoil: Spoil | None = None
        self.spoils = b"SELECT"
        """What a question says whose answer is spoilt."""
        self.spoilt = 0
        self.drips = False
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                request = _request(self.rfile)
                if not request:
                    return
                answer = _answered(port, request)
                if proxy.spoil and proxy.spoils in request and b"LIMIT+1" not in request:
                    proxy.spoilt += 1
                    answer = proxy.spoil(answer)
                if proxy.drips and b"SELECT" in request:
                    self.wfile.write(answer[: len(answer) // 2])
                    proxy.released.wait(10)
                    return
                self.wfile.write(answer)

        self.released = threading.Event()
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _request(stream: object) -> bytes:
    """One request, whole."""
    head = b""
    length = 0
    while True:
        line = stream.readline()  # type: ignore[attr-defined]
        if not line:
            return b""
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
        if line.lower().startswith(b"connection:"):
            continue
        if line in (b"\r\n", b"\n"):
            return head + b"Connection: close\r\n\r\n" + (stream.read(length) if length else b"")  # type: ignore[attr-defined]
        head += line


def _answered(port: int, request: bytes) -> bytes:
    """The server's answer, to the last byte."""
    with socket.create_connection(("127.0.0.1", port), 20) as server:
        server.sendall(request)
        parts = []
        while part := server.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


def gps(truck: str, *points: tuple[float, float, float], at: int = EIGHT) -> str:
    """Lines of positions: second, x, speed."""
    tag = truck.replace(" ", "\\ ").replace(",", "\\,").replace("=", "\\=")
    own = f",truck={tag}" if truck else ""
    return "".join(f"gps{own} x={x},y=2,speed={speed} {at + second}\n" for second, x, speed in points)
