"""The clients of the benchmark: sixteen connections that ask as fast as they are answered.

Where ``wrk`` is installed it asks, for it costs the least beside what is measured; else threads of Python do,
and the rates of all are lower by what Python takes.
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 16

_SCRIPT = """
local paths, asked = {}, 0
for line in io.lines(os.getenv("REST_PATHS")) do paths[#paths + 1] = line end
request = function()
  asked = asked + 1
  return wrk.format("GET", paths[(asked - 1) % #paths + 1])
end
done = function(summary, latency, requests)
  local lost = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format("RESULT %d %d %f %f %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), summary.errors.status, lost))
end
"""


@dataclass(frozen=True)
class Rate:
    """What came of asking for some seconds."""

    per_second: float
    p50_ms: float
    p99_ms: float
    refused: int
    lost: int


def asked(port: int, paths: Sequence[str], seconds: float) -> Rate:
    """Ask these paths in turn on sixteen connections."""
    return (_by_wrk if shutil.which("wrk") else _by_threads)(port, paths, seconds)


def _by_wrk(port: int, paths: Sequence[str], seconds: float) -> Rate:
    with tempfile.TemporaryDirectory() as folder:
        script, lines = Path(folder) / "ask.lua", Path(folder) / "paths"
        script.write_text(_SCRIPT)
        lines.write_text("\n".join(paths) + "\n")
        told = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--timeout", "20s",
             "-s", str(script), f"http://127.0.0.1:{port}"],
            env={**os.environ, "REST_PATHS": str(lines)}, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    _, requests, duration, p50, p99, refused, lost = told[told.index("RESULT") :].split()
    rate = int(requests) / (int(duration) / 1e6)
    return Rate(rate, float(p50) / 1e3, float(p99) / 1e3, int(refused), int(lost))


def _by_threads(port: int, paths: Sequence[str], seconds: float) -> Rate:
    spent: list[float] = []
    counts: Counter[str] = Counter()
    until = time.monotonic() + seconds

    def ask(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        number = first
        while time.monotonic() < until:
            began = time.perf_counter()
            try:
                connection.request("GET", paths[number % len(paths)])
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                counts["lost"] += 1
                connection.close()
                continue
            counts["refused"] += answer.status >= 400
            spent.append(time.perf_counter() - began)
            number += CONNECTIONS
        connection.close()

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    marks = statistics.quantiles(spent, n=100)
    return Rate(len(spent) / seconds, marks[49] * 1e3, marks[98] * 1e3, counts["refused"], counts["lost"])


def got(port: int, path: str) -> bytes:
    """One answer, whole."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (path, body[:500])
        return body
    finally:
        connection.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def until_it_answers(port: int, path: str, seconds: float = 60) -> None:
    """Wait until a server that was started answers."""
    until = time.monotonic() + seconds
    while True:
        try:
            got(port, path)
            return
        except (OSError, http.client.HTTPException, AssertionError):
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
