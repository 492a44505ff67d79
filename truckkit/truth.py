"""The truth of simulated mines, for the score.

The truth of a simulated mine lies in the folder ``truth`` of its store, as Parquet: four files for each
plan. No generation of the store reads them, and nothing that detects may import this module.

    mine/truth/states-3fa91c0d2e4b.parquet      tile the time of each truck
    mine/truth/cycles-3fa91c0d2e4b.parquet
    mine/truth/places-3fa91c0d2e4b.parquet      a place that moved has a row for each time it stood still
    mine/truth/dropouts-3fa91c0d2e4b.parquet    times of which nothing was stored
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet

from truckkit import schema, times
from truckkit.errors import BadInput, BadRequest, CannotWrite, DamagedStore
from truckkit.score import Truth
from truckkit.sources.simulator import Simulated
from truckkit.store import layout

_STRETCH = pa.schema([("truck", pa.string()), ("start", pa.timestamp("us")), ("stop", pa.timestamp("us"))])
_PARTS = ("dropouts", "places", "cycles", "states")
"""In the order in which they get their names: where the last is, all are."""


def is_kept(store: str | Path, name: str) -> bool:
    """True where a plan's truth is there."""
    return _file(store, "states", name).is_file()


def keep(store: str | Path, name: str, made: Simulated) -> None:
    """Write the truth of a simulated mine beside its store, whole or not at all."""
    folder = Path(store) / layout.TRUTH
    gone = [[truck, *map(times.stored, bounds)] for truck, *bounds in made.dropouts()]
    dropouts = pa.Table.from_pylist([dict(zip(_STRETCH.names, row, strict=True)) for row in gone], _STRETCH)
    batches = {part: made.truth.batches(part) for part in _PARTS if part != "dropouts"}
    try:
        folder.mkdir(exist_ok=True)
        for part in _PARTS:
            _write(_file(store, part, name), batches.get(part) or dropouts.to_batches())
        for part in _PARTS:
            path = _file(store, part, name)
            path.with_name(f"{path.name}.part").rename(path)
        layout.sync(folder)
    except OSError as fault:
        raise CannotWrite(f'the truth of "{store}" was not kept: {fault.strerror or fault}.') from None


def _file(store: str | Path, part: str, name: str) -> Path:
    return Path(store) / layout.TRUTH / f"{part}-{name}.parquet"


def _write(path: Path, batches: Iterable[pa.RecordBatch]) -> None:
    part = path.with_name(f"{path.name}.part")
    of = _STRETCH if path.name.startswith("dropouts") else _columns(path.name.partition("-")[0])
    with parquet.ParquetWriter(part, of, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
    layout.sync(part)


def _columns(part: str) -> pa.Schema:
    whole = schema.TABLES[part].schema.to_pyarrow()
    return pa.schema([field for field in whole if field.name != "load_id"])


def kept(store: Path) -> Truth:
    """The truth that was kept of the mines simulated into a store.

    Raises ``BadRequest`` where there is none, ``BadInput`` where two of them contradict each other, and
    ``DamagedStore`` where a file is missing or broken.
    """
    found = sorted((store / layout.TRUTH).glob("states-*.parquet"))
    if not found:
        raise BadRequest(
            f'"{store}" keeps no truth: it holds no folder "{layout.TRUTH}"; make a mine with '
            '"truckkit simulate", or name a file of true states with --truth.'
        )
    tables = {
        part: [_read(path.with_name(path.name.replace("states", part, 1))) for path in found]
        for part in _PARTS
    }
    _check_apart(store, tables["states"])
    return Truth(**{part: pa.concat_tables(each) for part, each in tables.items()})


def _read(path: Path) -> pa.Table:
    try:
        return parquet.read_table(path)
    except (pa.ArrowException, OSError) as fault:
        said = str(fault).splitlines()[0].rstrip(".")
        raise DamagedStore(f'"{path}" cannot be read ({said}); simulate the mine into a new store.') from None


def _check_apart(store: Path, mines: list[pa.Table]) -> None:
    """Two mines that tell of one truck at one time cannot both be true."""
    told: list[tuple[str, object, object]] = []
    for states in mines:
        bounds = states.group_by("truck").aggregate([("start", "min"), ("stop", "max")]).to_pylist()
        mine = [(row["truck"], row["start_min"], row["stop_max"]) for row in bounds]
        for truck, start, stop in mine:
            if any(truck == other and start < until and since < stop for other, since, until in told):
                raise BadInput(
                    f'"{store}" holds two simulated mines that both tell of truck "{truck}" at one time, '
                    "so neither can be scored; simulate each into a store of its own."
                )
        told += mine
