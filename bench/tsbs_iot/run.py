"""TSBS's IoT use case: truckkit, DuckDB's SQL, PostgreSQL and InfluxDB over the same trucks, in one run.

    python bench/tsbs_iot/run.py --quick            5 trucks and 1 day, in half a minute
    python bench/tsbs_iot/run.py                    100 trucks and 10 days, 17 million rows
    python bench/tsbs_iot/run.py --trucks 1000 --days 3
    python bench/tsbs_iot/run.py --json             [{"name", "value", "unit", "goal", "peer"}]

Lines are generated from a seed, day by day, and each system loads each day; servers have ports and folders of
their own, and end with the run. A server that is not installed is left out, and so is PostgreSQL without
psycopg (the extra ``bench``).

Each question is asked in two variants, by what its SQL and its InfluxQL mean (see by_truckkit.py). Systems
are asked in turn with values that nobody has asked with before, and no answer is kept anywhere. Before times
are taken, answers have to be the same: rows by their texts and days, numbers to a hundred-thousandth. One
that takes over 5 s is asked once more and not by several; one that does not answer in a minute, not at
all: the table says so ("asked" is 1, or 0). On a quiet machine --seconds 8 is done in some 25 minutes.
The table shows medians of one client in ms, and what truckkit adds to DuckDB's SQL over the same files. JSON
has beside them how often was asked, CPU (client and server), min, p95, p99, and the same of eight clients.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))  # where benches share what they share

import by_influxdb
import by_postgresql
from asking import Asking
from by_duckdb import Plain
from by_truckkit import Truckkit
from feeding import while_fed
from figures import entries, without_details
from generated import Fleet, Walk
from loading import loaded, sizes
from measuring import show
from rich.console import Console


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--trucks", type=int)
    asked.add_argument("--days", type=int)
    asked.add_argument("--quick", action="store_true", help="5 trucks, 1 day, few repetitions")
    asked.add_argument("--clients", type=int, default=8)
    asked.add_argument("--seconds", type=float, help="for how long a question is asked at most")
    asked.add_argument("--seed", type=int, default=3)
    asked.add_argument("--json", action="store_true", help="for programs")
    told = asked.parse_args()
    fleet = Fleet(
        told.trucks or (5 if told.quick else 100), told.days or (1 if told.quick else 10), told.seed
    )
    console = Console(stderr=True)
    # Servers end with the run, also where somebody ends that.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("the run was ended"))
    with tempfile.TemporaryDirectory(prefix="truckkit-tsbs-") as scratch, ExitStack() as stack:
        folder = Path(scratch)
        ours, plain = Truckkit(folder / "store"), Plain(folder / "store")
        peers = [
            stack.enter_context(each.running(folder / each.__name__))
            for each in (by_postgresql, by_influxdb)
            if each.is_there()
        ]
        walk = Walk(fleet)
        found = loaded(walk, folder, [ours, *peers], console.log)
        ours.open()
        plain.open()
        systems = {
            variant: [ours, plain, *(peer for peer in peers if variant in peer.variants)]
            for variant in ("sql", "influx")
        }
        count, seconds = (5, 0.3) if told.quick else (100, 30.0)
        asking = Asking(fleet, count, told.seconds or seconds, told.clients, random.Random())
        for variant, question, times in asking.all(systems, console.log):
            found += entries(variant, question, times)
        found += sizes([ours, *peers])
        console.log("last points while data comes in")
        found += while_fed(walk, folder, ours, 3 if told.quick else 30)
    show(found if told.json else without_details(found), as_json=told.json)


if __name__ == "__main__":
    main()
