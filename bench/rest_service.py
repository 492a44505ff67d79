"""The service in a process of its own, under uvicorn or inside ``panel serve``, and its memory."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from measuring import ROOT, environment
from rest_client import free_port, until_it_answers


@dataclass(frozen=True)
class Service:
    """One that runs: where it answers, and as which process."""

    port: int
    pid: int

    @property
    def resident_mb(self) -> float:
        """Memory that the process holds now, without what it shares with other processes. [MB]"""
        told = Path(f"/proc/{self.pid}/status").read_text()
        held = [int(found) for found in re.findall(r"^(?:RssAnon|RssShmem):\s+(\d+) kB", told, re.MULTILINE)]
        return sum(held) / 1e3


@contextmanager
def service(
    store: Path,
    log: Path,
    carried: Literal["uvicorn", "panel"] = "uvicorn",
    apps: Sequence[Path] = (),
    **settings: object,
) -> Iterator[Service]:
    """The service over a store, for as long as the context lasts, with settings such as ``cache_mb=0``.

    Under ``panel`` it serves these pages too; left out, the first of truckkit's own.
    """
    port = free_port()
    given = {f"TRUCKKIT_REST_{name.upper()}": str(value) for name, value in settings.items()}
    if carried == "uvicorn":
        command = ["uvicorn", "--factory", "truckkit.api.app:from_environment", "--port", str(port)]
        command += ["--log-level", "warning", "--no-access-log"]
    else:
        pages = map(str, apps or sorted((ROOT / "apps").glob("*.py"))[:1])
        command = ["panel", "serve", *pages, "--rest-provider", "truckkit", "--rest-endpoint", "api"]
        command += ["--port", str(port), "--address", "127.0.0.1", "--log-level", "warning"]
        command += ["--allow-websocket-origin", f"127.0.0.1:{port}"]
    with log.open("ab") as lines:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment(TRUCKKIT_STORE=str(store), **given),
            stdout=lines,
            stderr=lines,
        )
    try:
        until_it_answers(port, "/api/health/ready", 180)
        yield Service(port, process.pid)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def growth(of: Service) -> Iterator[list[float]]:
    """How much more memory the service held at most than before, once the context is over. [MB]"""
    before, most, over = of.resident_mb, [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            most[0] = max(most[0], of.resident_mb - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()
