"""How cost grows: with trucks over one day, and with days of ten trucks.

    python bench/growth.py --quick              1 and 3 days, in half a minute
    python bench/growth.py                      1 to 1,000 trucks for a day; ten trucks for 1 to 365 days
    python bench/growth.py --stores FOLDER      the stores are kept there for the next run
    python bench/growth.py --json               [{"name", "value", "unit", "goal", "peer"}]

A day is simulated, a position every 20 s of many trucks and every 60 s of many days, and said again by
trucks of other names (above a hundred) and on the days before; closed months are rolled up as a timer does.
Costs are CPU of this process with its threads, medians of questions about other trucks and moments each
time. All questions but ``open`` ask for a window at the end of the store: one truck's hour, a shift, half a
day.

Growth is the slope of cost against size, both as logarithms, between the two largest stores: 1 is linear, 0
does not grow. What a store's age should not be felt by has to stay below 0.1.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

from fastapi.testclient import TestClient
from grown import Mine
from measuring import Entry, entry, show, timed

import truckkit as tk
from truckkit.api.app import create_app
from truckkit.views import backdrop, chunks, scene, shift_answers
from truckkit.views.scene import Scene

TRUCKS, DAYS, FEW = (1, 10, 100, 1000), (1, 7, 30, 365), 10
OF_TRUCKS_S, OF_DAYS_S = 20, 60
HOUR = timedelta(hours=1)
WIDE, HIGH = 1200, 800
Ask = Callable[[int], object]


class Store:
    """One store, and what is asked of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = tk.open(folder)
        assert self.site.stop
        self.stop = self.site.stop
        self.names = self.site.truck_names
        self.chance = random.Random(7)

    def questions(self) -> Iterator[tuple[str, Ask, int]]:
        """What is asked, and how often."""
        yield "open", lambda _: tk.open(self.folder), 7
        yield "point read", self.point, 15
        yield "shift report", self.shift, 3
        site = self.site.between(self.stop - 12 * HOUR, self.stop)
        yield "replay, its scene", lambda number: scene.scene(*self.half_a_day(number)), 5
        shown = scene.scene(site, scene.window(site))
        yield "replay, a chunk", lambda _: chunks.positions(site, shown, self.number(shown)), 9
        yield "backdrop, first", self.backdrop, 3
        yield "backdrop, a zoom", lambda number: self.picture(site, shown, 0, 0.9 - 0.05 * number), 5
        app = create_app(tk.open(self.folder))
        # Without keys the service answers its own machine alone.
        with TestClient(app, "http://127.0.0.1", client=("127.0.0.1", 1)) as client:
            yield "REST, a page", lambda _: self.page(client), 15

    def point(self, _: int) -> object:
        """One truck in one hour of the last day."""
        start = self.stop - timedelta(minutes=self.chance.randrange(60, 23 * 60))
        truck = self.site.truck(self.chance.choice(self.names))
        return truck.between(start, start + HOUR).positions.to_pyarrow()

    def shift(self, number: int) -> object:
        """What the shift sheet says of the last whole shift, by a site that has not been asked before."""
        site = tk.open(self.folder)
        (shift,) = (
            site.shifts.filter(site.shifts.stop <= site.asked_stored[1])
            .order_by(site.shifts.start.desc())
            .limit(1)
            .shift.to_pyarrow()
            .to_pylist()
        )
        night = site.shift(shift)
        asked = (shift_answers.phases, shift_answers.loaders, shift_answers.payload, shift_answers.worst)
        return [shift_answers.headline(night, len(self.names)), *(each(night) for each in asked)]

    def half_a_day(self, number: int) -> tuple[tk.Site, scene.Window]:
        """The last twelve hours, a few seconds apart each time, so that nobody has asked for them before."""
        stop = self.stop - timedelta(seconds=number)
        site = self.site.between(stop - 12 * HOUR, stop)
        return site, scene.window(site)

    def number(self, shown: Scene) -> int:
        """A stretch of the scene."""
        return self.chance.randrange(math.ceil((shown.stop - shown.start) / shown.chunk))

    def backdrop(self, number: int) -> object:
        """The backdrop of half a day that nobody has asked for before."""
        site, window = self.half_a_day(number)
        return self.picture(site, scene.scene(site, window), number, 1.0)

    def picture(self, site: tk.Site, shown: Scene, number: int, share: float) -> object:
        """All of a backdrop, or what lies in its middle."""
        west, south, east, north = shown.bounds
        x, y = (west + east) / 2, (south + north) / 2
        wide, high = share * (east - west + 1) / 2, share * (north - south + 1) / 2
        frame = backdrop.Frame(x - wide, y - high, x + wide, y + high, WIDE, HIGH)
        rows = sum(each.positions for each in shown.heard)
        return backdrop.picture(site, shown, frame, "density", rows, (str(self.folder), number))

    def page(self, client: TestClient) -> object:
        """The first page of the positions of an hour."""
        start = self.stop - timedelta(seconds=self.chance.randrange(3600, 20 * 3600))
        asked = {"start": start.isoformat(), "stop": (start + HOUR).isoformat(), "limit": "1000"}
        answer = client.get("/api/v1/positions", params=asked)
        answer.raise_for_status()
        assert answer.json()["rows"], "a page without positions"
        return answer


def costs(store: Path) -> dict[str, float]:
    """CPU milliseconds of each question; the first answer warms up and does not count."""
    found = {}
    for name, ask, times in Store(store).questions():
        ask(-1)
        found[name] = 1000 * statistics.median(timed(partial(ask, number))[0] for number in range(times))
    return found


def ingested(mine: Mine, store: Path) -> float:
    """What it costs to bring the next hour in, detection apart [CPU ms]."""
    spent = []
    with tempfile.TemporaryDirectory(dir=store.parent) as scratch:
        files = mine.next_minutes(Path(scratch), 60)
        for number in range(4):
            tried = Path(scratch) / f"tried{number}"
            # The files of a store never change, so links to them are a copy.
            shutil.copytree(store, tried, copy_function=os.link)
            ingest = partial(tk.ingest, tried, files, str(mine.mapping), detection=False)
            spent.append(timed(ingest)[0])
            shutil.rmtree(tried)
    return 1000 * statistics.median(spent[1:])


ITSELF = 1.05
"""As good as linear: a slope is of figures that vary by some percent."""
FLAT = 0.1
OF_ALL_DAYS = ("open",)
"""What is asked of the whole store, however old."""


def grown(axis: str, sizes: Sequence[int], told: dict[int, dict[str, float]]) -> list[Entry]:
    """Each cost at each size, and its slope at the end."""
    found = []
    for name in told[sizes[0]]:
        by_size = {size: told[size][name] for size in sizes}
        found += [entry(f"{name}, {size} {axis}", each, "CPU ms") for size, each in by_size.items()]
        few, many = sizes[-2:]
        slope = math.log(by_size[many] / by_size[few]) / math.log(many / few)
        flat = axis == "days" and name not in OF_ALL_DAYS
        goal = f"≤ {FLAT}" if flat else f"≤ {ITSELF}"
        found.append(entry(f"{name}, growth with {axis}", slope, "slope", goal))
    return found


def along(axis: str, sizes: Sequence[int], stores: Path) -> list[Entry]:
    """Costs at each size of one axis; stores that are there are used again."""
    told = {}
    for size in sizes:
        trucks, days, every_s = (size, 1, OF_TRUCKS_S) if axis == "trucks" else (FEW, size, OF_DAYS_S)
        mine = Mine(trucks, every_s, stores)
        store = stores / f"{size}-{axis}"
        if not (store / "CURRENT").exists():
            mine.store(store, days)
        told[size] = costs(store) | {"ingest of an hour": ingested(mine, store)}
    return grown(axis, sizes, told)


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--stores", type=Path, help="a folder; stores are made where they are missing")
    asked.add_argument("--trucks", type=int, nargs="*", default=TRUCKS, help="sizes of the fleet")
    asked.add_argument("--days", type=int, nargs="*", default=DAYS, help="ages of the store")
    asked.add_argument("--quick", action="store_true", help="1 and 3 days")
    asked.add_argument("--json", action="store_true", help="for programs")
    told = asked.parse_args()
    trucks, days = ((), (1, 3)) if told.quick else (told.trucks, told.days)
    backdrop.warm_up()
    with tempfile.TemporaryDirectory(prefix="truckkit-bench-") as scratch:
        stores = told.stores or Path(scratch)
        stores.mkdir(parents=True, exist_ok=True)
        found = [
            each
            for axis, sizes in (("trucks", trucks), ("days", days))
            if len(sizes) > 1
            for each in along(axis, sizes, stores)
        ]
    show(found, as_json=told.json)


if __name__ == "__main__":
    main()
