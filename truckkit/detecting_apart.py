"""Detection on Spark: each truck's samples where a worker is, what trucks have in common on the driver.

A task reads the samples of one truck from an export, whose files are in the order of trucks: of each
day a row group or two, and no sample travels. What it makes of them (pieces, in which nothing
changes, and stops) stays with Spark; the stops alone come to the driver, which learns from those of
all trucks where the sites are and what for, as ``detect`` does; with that, each truck is decoded
where its pieces are. The compiled code is the same as that of ``detect``, and so is what it finds.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.fs as fs
import pyarrow.parquet as pq

from truckkit import schema
from truckkit.detecting import COLUMNS, MOST_OF_ONE
from truckkit.detection.fleet import Books, Common, Seen, common, decoded, joined, look
from truckkit.detection.rows import nothing
from truckkit.detection.stops import STOP
from truckkit.detection.tracks import Track, tracks

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_SEEN = pa.schema([("truck", pa.string()), ("seen", pa.binary()), ("stops", pa.binary())])
_TOLD = pa.schema([("states", pa.binary()), ("cycles", pa.binary())])
_TYPES = {
    schema.INSTANT: "timestamp_ntz",
    schema.TEXT: "string",
    schema.NUMBER: "double",
    schema.SHORT: "float",
    schema.COUNT: "bigint",
    schema.FLAG: "boolean",
}

Task = Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]
"""What Spark does with the rows of one partition."""


@dataclass(frozen=True)
class Apart:
    """What was found, without ``load_id``: states and cycles on Spark, places here."""

    states: DataFrame
    cycles: DataFrame
    places: pa.Table

    def write(self, to: str | Path) -> None:
        """Write what was found as Parquet, in the shape of an export.

        A site reads it beside the export that it was found in.

        Parameters
        ----------
        to
            A new folder: a path, or an address that Spark and Arrow know.

        Examples
        --------
        With a session::

            detect_apart(spark, "/exports/mine").write("/detected/mine")
            site = tk.Site(ibis.pyspark.connect(spark), parquet="/exports/mine", detected="/detected/mine")
        """
        to = _address(to)
        made: dict[str, int] = {}
        longest_s = 0.0
        for name, rows in (("states", self.states), ("cycles", self.cycles)):
            days = rows.selectExpr("*", "bigint(0) AS load_id", "to_date(start) AS day").repartition("day")
            sorted_days = days.sortWithinPartitions("truck", "start")
            sorted_days.write.partitionBy("day").parquet(f"{_of_spark(to)}/{name}")
            told = rows.selectExpr("count(*)", "max(timestampdiff(SECOND, start, stop))")
            ((count, seconds),) = told.collect()
            made[name], longest_s = count, max(longest_s, (seconds or 0) + 1.0)
        kind = {"file": "detected", "kind": "day"}
        file = kind | {"made": json.dumps(made), "longest_s": longest_s, "appends": 0}
        _put(to, "files", pa.Table.from_pylist([file], schema=schema.FILES.schema.to_pyarrow()))
        places = self.places.append_column("load_id", pa.repeat(pa.scalar(0, pa.int64()), len(self.places)))
        _put(to, "places", places.select(schema.PLACES.names))


@dataclass(frozen=True)
class _Truck:
    """One task: a truck, and the first day of each part in which its time is read."""

    name: str
    parts: tuple[date, ...]


def detect_apart(spark: SparkSession, exported: str | Path) -> Apart:
    """Detect places, states and haul cycles on Spark, from what ``truckkit export`` wrote.

    The same is found as ``tk.detect`` finds in the store, from all samples that were exported, the places
    that were given, work orders and refuellings.

    Parameters
    ----------
    spark
        A session, whose workers have truckkit installed.
    exported
        The folder, as the driver and all workers can read it: a path, or an address that Arrow knows.

    Returns
    -------
    Apart
        Two frames, which Spark decodes once they are asked for, and the places.

    Examples
    --------
    With a session::

        found = detect_apart(spark, "/exports/mine")
        found.cycles.groupBy("truck").agg({"payload_t": "sum"}).show()
        found.write("/detected/mine")
    """
    exported = _address(exported)
    fleet = _fleet(spark, exported)
    books = Books(_read(exported, "maintenance", None), _read(exported, "refuels", None))
    # A partition is a truck, and a partition is a task.
    numbers = spark.range(0, len(fleet), 1, max(1, len(fleet)))
    seen = numbers.mapInArrow(
        _looking(exported, fleet, books), "truck string, seen binary, stops binary"
    ).persist()
    stops = dict(_stops(seen))
    places = _read(exported, "places", None)
    shared, learned = common([stops[truck.name] for truck in fleet], places.filter(pc.field("given")))
    purposes = {truck.name: (own["known"], own["site"]) for truck, own in zip(fleet, learned, strict=True)}
    told = seen.mapInArrow(_decoding(shared, purposes), "states binary, cycles binary").persist()
    return Apart(_rows(told, "states"), _rows(told, "cycles"), shared.places)


def _fleet(spark: SparkSession, exported: str) -> list[_Truck]:
    """The trucks that have positions, in order, each with parts that fit into the memory of a task."""
    if not _is_there(exported, "positions"):
        return []
    counted = spark.read.parquet(f"{_of_spark(exported)}/positions").groupBy("truck", "day").count()
    days: dict[str, list[tuple[date, int]]] = {}
    for truck, day, samples in sorted(tuple(row) for row in counted.collect()):
        days.setdefault(truck, []).append((day, samples))
    return [_Truck(name, _parts(counts)) for name, counts in days.items()]


def _parts(counts: Sequence[tuple[date, int]]) -> tuple[date, ...]:
    """The first days of parts that have no more samples than fit, where that can be."""
    starts, held = [counts[0][0]], 0
    for day, samples in counts:
        if held and held + samples > MOST_OF_ONE:
            starts.append(day)
            held = 0
        held += samples
    return tuple(starts)


def _looking(exported: str, fleet: Sequence[_Truck], books: Books) -> Task:
    def looked(numbers: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        pa.set_cpu_count(1)  # Spark has a task for each core already
        for batch in numbers:
            for number in batch["id"].to_pylist():
                truck = fleet[number]
                parts = [
                    look(track, books) for part in _ranges(truck) for track in _tracks(exported, truck, part)
                ]
                seen = joined(parts)
                row = {"truck": truck.name, "seen": pickle.dumps(seen), "stops": seen.stops.tobytes()}
                yield pa.RecordBatch.from_pylist([row], schema=_SEEN)

    return looked


def _ranges(truck: _Truck) -> Iterator[tuple[date | None, date | None]]:
    """The days of each part, the last not among them; readings may begin and end beyond the positions."""
    return pairwise([None, *truck.parts[1:], None])


def _tracks(exported: str, truck: _Truck, part: tuple[date | None, date | None]) -> Iterator[Track]:
    wanted = pc.field("truck") == truck.name
    if part[0]:
        wanted &= pc.field("day") >= part[0]
    if part[1]:
        wanted &= pc.field("day") < part[1]
    return tracks(*(_read(exported, name, wanted, columns) for name, columns in COLUMNS.items()))


def _stops(seen: DataFrame) -> Iterator[tuple[str, Any]]:
    found = seen.select("truck", "stops").toArrow()
    for truck, stops in zip(found["truck"].to_pylist(), found["stops"].to_pylist(), strict=True):
        yield truck, np.frombuffer(stops, STOP)


def _decoding(shared: Common, purposes: dict[str, tuple[Any, Any]]) -> Task:
    def told(looked: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in looked:
            for blob in batch["seen"].to_pylist():
                seen: Seen = pickle.loads(blob)  # made by our own task
                stops = seen.stops
                stops["known"], stops["site"] = purposes[seen.truck]
                states, cycles = (_packed(rows) for rows in decoded(seen, stops, shared))
                yield pa.RecordBatch.from_pylist([{"states": states, "cycles": cycles}], schema=_TOLD)

    return told


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _rows(told: DataFrame, name: str) -> DataFrame:
    """The rows of a table, out of the cells that hold each truck's."""

    def unpacked(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for cell in batch[name].to_pylist():
                yield from pa.ipc.open_stream(cell)

    kinds = {column.name: _TYPES[column.type] for column in schema.TABLES[name]}
    columns = ", ".join(f"`{each}` {kinds[each]}" for each in nothing(name).column_names)
    return told.select(name).mapInArrow(unpacked, columns)


def _address(folder: str | Path) -> str:
    """A folder as driver and workers can name it, wherever they run."""
    return str(folder) if "://" in str(folder) else str(Path(folder).absolute())


def _of_spark(address: str) -> str:
    """A path without a scheme would be one of the cluster's own file system."""
    return address if "://" in address else f"file://{address}"


def _place(exported: str, name: str) -> tuple[Any, str]:
    """A table's folder as Arrow knows it, which calls S3 by another name than Spark."""
    system, path = fs.FileSystem.from_uri(exported.replace("s3a://", "s3://", 1))
    return system, f"{path}/{name}"


def _put(to: str, name: str, rows: pa.Table) -> None:
    system, path = _place(to, name)
    system.create_dir(path)
    pq.write_table(rows, f"{path}/part-0.parquet", filesystem=system)


def _is_there(exported: str, name: str) -> bool:
    system, path = _place(exported, name)
    return bool(system.get_file_info(path).type == fs.FileType.Directory)


def _read(exported: str, name: str, wanted: Any, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a table of an export; none where it has none."""
    shape = schema.TABLES[name].schema.to_pyarrow()
    columns = columns or shape.names
    if not _is_there(exported, name):
        return shape.empty_table().select(columns)
    system, path = _place(exported, name)
    partitions = ds.partitioning(pa.schema([("day", pa.date32())]), flavor="hive")
    held = ds.dataset(
        path,
        schema=pa.schema([*shape, *partitions.schema]),
        format="parquet",
        filesystem=system,
        partitioning=partitions,
    )
    found: pa.Table = held.to_table(columns=list(columns), filter=wanted)
    return found
