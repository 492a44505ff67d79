"""The service under load, in one run with InfluxDB's own HTTP API and Datasette over the same rows.

    python bench/rest.py --quick            10 trucks and a day, in two minutes
    python bench/rest.py                    50 trucks and 14 days
    python bench/rest.py --crowd 300        and a thousand clients for five minutes
    python bench/rest.py --json             [{"name", "value", "unit", "goal", "peer"}]

The mine is simulated once into the folder that --store names, and stays there, as the peers' copies do.
Sixteen connections ask; servers take turns, several times, and the median counts. Each turn has questions
that no turn had before: trucks and hours at random. In each turn one answer of each server is held against
the store: its rows and their sum. With the cache on, a turn asks the same hundred questions again and again,
as dashboards do; with the cache off, every answer is made anew. A peer may have been given the last days
alone (--peer-days), which makes it no slower.
"""

from __future__ import annotations

import argparse
import datetime as dt
import http.client
import json
import random
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pyarrow as pa
from measuring import Entry, entry, show
from rest_client import Rate, asked, got
from rest_crowd import crowd
from rest_peers import DAY, FIELDS, HOUR, Peer, Question, peers
from rest_service import Service, growth, service

import truckkit as tk
from truckkit.sources.simulator import Plan

COLUMNS = ",".join(("at", *FIELDS))
QUESTIONS = 100
FORMATS = {"JSON columns": ("columns", 2), "JSON rows": ("json", 1.2), "Arrow": ("arrow", 3)}
"""Each by its name, and how many times as fast as InfluxDB it is to be."""


@dataclass(frozen=True)
class Asked:
    """How much is asked for."""

    seconds: float
    turns: int
    rows: int
    clients: int
    crowd_s: float
    peer_days: float


def hour(asked: Question, format: str) -> str:
    """One truck in one hour, as the service is asked."""
    query = {"start": _text(asked.start), "stop": _text(asked.stop), "columns": COLUMNS, "format": format}
    pages = {"limit": 4000} if format in ("columns", "json") else {}
    return f"/api/v1/trucks/{asked.truck}/positions?" + urlencode({**query, **pages})


def told(body: bytes, format: str) -> tuple[int, float]:
    """Rows of an answer, and the sum of their ``x_m``."""
    if format == "arrow":
        held = pa.ipc.open_stream(body).read_all()["x_m"].to_pylist()
    elif format == "columns":
        held = json.loads(body)["columns"]["x_m"]
    else:
        held = [row["x_m"] for row in json.loads(body)["rows"]]
    return len(held), sum(held)


class Bench:
    """One run over one store."""

    def __init__(self, site: tk.Site, wanted: Asked, folder: Path) -> None:
        self.site, self.wanted, self.folder = site, wanted, folder
        assert site.stop
        assert site.start
        self.stop = site.stop
        self.since = max(site.start, site.stop - wanted.peer_days * DAY)
        self.chance = random.Random()

    def questions(self) -> list[Question]:
        """Questions that nobody has asked before, over the time that all servers hold."""
        minutes = int((self.stop - self.since - HOUR) / dt.timedelta(minutes=1))
        return [
            Question(
                self.chance.choice(self.site.truck_names),
                self.since + dt.timedelta(minutes=self.chance.randrange(minutes)),
            )
            for _ in range(QUESTIONS)
        ]

    def truth(self, question: Question) -> tuple[int, float]:
        rows = self.site.truck(question.truck).between(question.start, question.stop).positions
        found = rows.aggregate(n=rows.count(), x=rows.x_m.sum()).to_pyarrow().to_pylist()[0]
        return found["n"], found["x"]

    def check(self, said: tuple[int, float], truth: tuple[int, float], whose: str) -> None:
        assert said[0] == truth[0], (whose, said, truth)
        assert abs(said[1] - truth[1]) <= 1e-6 * max(1.0, abs(truth[1])), (whose, said, truth)

    # What is measured --------------------------------------------------------------------------

    def latest(self, own: dict[str, Service], others: list[Peer]) -> list[Entry]:
        """The newest of all trucks."""
        path = f"/api/v1/latest?columns=truck,at,{','.join(FIELDS)}"
        rates: dict[str, list[Rate]] = defaultdict(list)
        rows = self.site.latest
        at_last = rows.aggregate(n=rows.count(), x=rows.x_m.sum()).to_pyarrow().to_pylist()[0]
        truth = (at_last["n"], at_last["x"])
        for _ in range(self.wanted.turns):
            for name, each in own.items():
                self.check(told(got(each.port, path), "json"), truth, name)
                rates[name].append(asked(each.port, [path], self.wanted.seconds))
            for peer in others:
                self.check(peer.told(got(peer.port, peer.latest())), truth, peer.name)
                rates[peer.name].append(asked(peer.port, [peer.latest()], self.wanted.seconds))
        found = self._rates("latest of all trucks", rates, others, "≥ 10 × InfluxDB", "uvicorn")
        found.append(_entry("latest, uvicorn, median", rates["uvicorn"], "p50_ms", "ms", ""))
        found.append(_entry("latest, uvicorn, 99 of 100", rates["uvicorn"], "p99_ms", "ms", "≤ 20"))
        share = _median(rates["panel serve"]) / _median(rates["uvicorn"])
        found.append(entry("latest, panel serve as a share of uvicorn", share, "", "≥ 0.4"))
        return found

    def hours(self, own: dict[str, Service], others: list[Peer]) -> list[Entry]:
        """One truck in one hour, in each format, with the cache and without."""
        rates: dict[tuple[str, str], list[Rate]] = defaultdict(list)
        for _ in range(self.wanted.turns):
            questions = self.questions()
            truth = self.truth(questions[0])
            for kind, (format, _factor) in FORMATS.items():
                paths = [hour(each, format) for each in questions]
                for name, each in own.items():
                    self.check(told(got(each.port, paths[0]), format), truth, name)
                    rates[kind, name].append(asked(each.port, paths, self.wanted.seconds))
            for peer in others:
                paths = [peer.hour(each) for each in questions]
                self.check(peer.told(got(peer.port, paths[0])), truth, peer.name)
                rates["", peer.name].append(asked(peer.port, paths, self.wanted.seconds))
        found = []
        for kind, (_format, factor) in FORMATS.items():
            held = {name: rates[kind, name] for name in own}
            held |= {peer.name: rates["", peer.name] for peer in others}
            goal = f"≥ {factor:g} × InfluxDB"
            found += self._rates(f"one truck × one hour, {kind}", held, others, goal, "cache off")
        return found

    def _rates(
        self, what: str, rates: dict[str, list[Rate]], others: list[Peer], goal: str, held: str
    ) -> list[Entry]:
        influx = next((_median(rates[each.name]) for each in others if "Influx" in each.name), None)
        found = []
        for name, measured in rates.items():
            wrong = sum(each.refused + each.lost for each in measured)
            ours = name not in {each.name for each in others}
            assert not (ours and wrong), (what, name, measured)
            peer = influx if ours else None
            found.append(
                entry(f"{what}, {name}", _median(measured), "requests/s", goal if name == held else "", peer)
            )
            if ours and influx:
                found.append(entry(f"{what}, {name} by InfluxDB's", _median(measured) / influx, "", ""))
        return found

    def streams(self, of: Service) -> list[Entry]:
        """Many rows in one answer, counted as they come."""
        every = len(self.site.truck_names)
        start = self.stop - dt.timedelta(seconds=self.wanted.rows / every)
        rows = self.site.between(start, self.stop).positions.count().to_pyarrow().as_py()
        found = []
        query = {"start": _text(start), "stop": _text(self.stop), "columns": f"truck,{COLUMNS}"}
        for format, goal, count in (("arrow", "≥ 4000000", _of_arrow), ("csv", "≥ 500000", _of_csv)):
            path = "/api/v1/positions?" + urlencode({**query, "format": format})
            with growth(of) as grown:
                began = time.perf_counter()
                counted = count(_pieces(of.port, path))
                spent = time.perf_counter() - began
            assert counted == rows, (format, counted, rows)
            name = f"{rows / 1e6:.1f} M rows streamed as {format}"
            found.append(entry(name, rows / spent, "rows/s", goal))
            found.append(entry(f"{name}, growth of memory", grown[0], "MB", "≤ 150"))
        return found

    def crowd(self, of: Service) -> list[Entry]:
        """Many clients at once."""
        minutes = int((self.stop - self.since - HOUR) / dt.timedelta(minutes=1))

        def path(chance: random.Random) -> str:
            if chance.random() < 0.5:
                return "/api/v1/latest"
            start = self.since + dt.timedelta(minutes=chance.randrange(minutes))
            return hour(Question(chance.choice(self.site.truck_names), start), "columns")

        held: list[float] = []
        # Caches fill at first; what grows after that is lost.
        middle = threading.Timer(self.wanted.crowd_s / 2, lambda: held.append(of.resident_mb))
        middle.start()
        with growth(of) as grown:
            found = crowd(of.port, path, self.wanted.clients, self.wanted.crowd_s)
        middle.join()
        answered = sum(found.statuses.values())
        refused = found.statuses[429] + found.statuses[503]
        name = f"{self.wanted.clients} clients for {self.wanted.crowd_s:g} s"
        return [
            entry(f"{name}: answers of 200", found.statuses[200] / self.wanted.crowd_s, "per s"),
            entry(f"{name}: refusals of 429 or 503", refused / self.wanted.crowd_s, "per s"),
            entry(f"{name}: other statuses", answered - found.statuses[200] - refused, "", "= 0"),
            entry(f"{name}: lost answers", found.lost, "", "= 0"),
            entry(f"{name}: slowest /health", max(found.health_s), "s", "< 1"),
            entry(f"{name}: /health, median", statistics.median(found.health_s), "s"),
            entry(f"{name}: memory, most above the start", grown[0], "MB"),
            entry(f"{name}: memory, end above the middle", of.resident_mb - held[0], "MB", "flat"),
        ]


def _pieces(port: int, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read(500)
    return answer


def _of_arrow(answer: http.client.HTTPResponse) -> int:
    with pa.ipc.open_stream(answer) as stream:
        return sum(batch.num_rows for batch in stream)


def _of_csv(answer: http.client.HTTPResponse) -> int:
    # No name or text of these rows holds a line break; the first line says what the columns are.
    return sum(piece.count(b"\n") for piece in iter(lambda: answer.read(1 << 20), b"")) - 1


def _median(rates: list[Rate]) -> float:
    return statistics.median(each.per_second for each in rates)


def _entry(name: str, rates: list[Rate], figure: str, unit: str, goal: str) -> Entry:
    return entry(name, statistics.median(getattr(each, figure) for each in rates), unit, goal)


def _text(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def measured(bench: Bench, parts: list[str], datasette: str | None) -> Iterator[Entry]:
    """The figures, as they come."""
    store = bench.site.store
    assert store

    def started(carried: str, **settings: object) -> Service:
        log = bench.folder / "service.log"
        return stack.enter_context(service(store.folder, log, carried, **settings))  # type: ignore[arg-type]

    with ExitStack() as stack:
        uvicorn = started("uvicorn")
        if {"latest", "hours"} & set(parts):
            others = stack.enter_context(peers(bench.folder, bench.site, bench.wanted.peer_days, datasette))
            if "latest" in parts:
                yield from bench.latest({"uvicorn": uvicorn, "panel serve": started("panel")}, others)
            if "hours" in parts:
                without = started("uvicorn", cache_mb=0)
                yield from bench.hours({"cache off": without, "cache on": uvicorn}, others)
    with ExitStack() as stack:
        # A process that has answered nothing yet, so that growth is this part's own.
        if "streams" in parts:
            yield from bench.streams(started("uvicorn"))
    with ExitStack() as stack:
        if "crowd" in parts:
            yield from bench.crowd(started("uvicorn"))


PARTS = ("latest", "hours", "streams", "crowd")


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--store", type=Path, help="folder of the mine; made where it is not there")
    arguments.add_argument("--peers", type=Path, help="folder of the peers' copies")
    arguments.add_argument("--peer-days", type=float, default=14)
    arguments.add_argument("--datasette", help="the program, where it is not on the path")
    arguments.add_argument("--seconds", type=float, help="how long a turn lasts")
    arguments.add_argument("--turns", type=int, default=3)
    arguments.add_argument("--crowd", type=float, help="how long the thousand clients ask [s]")
    arguments.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    given = arguments.parse_args()
    plan = Plan(trucks=10, hours=24) if given.quick else Plan(trucks=50, hours=24 * 14)
    wanted = Asked(
        seconds=given.seconds or (1 if given.quick else 5),
        turns=given.turns,
        rows=500_000 if given.quick else 10_000_000,
        clients=1000,
        crowd_s=given.crowd or (5 if given.quick else 20),
        peer_days=given.peer_days,
    )
    with tempfile.TemporaryDirectory() as scratch:
        store = given.store or Path(scratch) / "mine"
        if not (store / "CURRENT").exists():
            tk.simulate(store, plan, detection=False)
        folder = given.peers or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        found = list(measured(Bench(tk.open(store), wanted, folder), given.only, given.datasette))
    show(found, as_json=given.json)


if __name__ == "__main__":
    main()
