"""Cycles in truckkit without a store: from the Parquet of the peers, by the compiled decoder."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet

from truckkit.detection import Observed, detect

FILES = ("positions", "telemetry")


def cycles(folder: Path) -> pa.Table:
    found = detect(Observed(*(parquet.read_table(folder / f"{name}.parquet") for name in FILES)))
    whole = found.cycles.filter(found.cycles["complete"])
    return whole.select(["truck", "start", "stop", "payload_t", "loaded_m", "empty_m"])


TASKS = {"cycles": cycles}
