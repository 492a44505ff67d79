"""The process that reads files: asked over its input, it answers over its output, within limits.

It runs without the rest of truckkit, which would take it longer to import than most files to read.
"""

from __future__ import annotations

import json
import os
import pickle
import resource
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc as ipc

from truckkit.errors import BadInput
from truckkit.sources.limits import Bound, Limits
from truckkit.sources.streams import Pouring, Rows, unreadable

BROKEN, FAULT, WHOLE = b"broken", b"fault", b"whole"
"""What the metadata of a batch tell: rows that are none, why the file ends here, that it ended whole."""

LENGTH = struct.Struct("<I")
"""Before each question and each first answer stands its length."""

_FILES = 64


def serve() -> None:
    """Answer questions until nobody asks any more."""
    asked = sys.stdin.buffer
    out = os.dup(1)
    os.dup2(2, 1)  # what a library prints must not stand among the rows
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ours = _address_space()
    while length := asked.read(LENGTH.size):
        before = _address_space()
        opener, path, limits, here = pickle.loads(asked.read(*LENGTH.unpack(length)))
        os.chdir(here)
        if ready := getattr(opener, "ready", None):
            ready()
        ours += max(0, _address_space() - before)  # what reads this kind of file is code, no row of it
        with _shut_in(ours + limits.memory):
            _answer(out, opener, path, limits)
        pa.default_memory_pool().release_unused()


@contextmanager
def _shut_in(memory: int) -> Iterator[None]:
    """While a file is read, no file is written, few are opened, and memory has an end."""
    limits = {
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: _FILES,
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: resource.RLIM_INFINITY,  # set anew from batch to batch
    }
    before = {each: resource.getrlimit(each) for each in limits}
    try:
        for each, most in limits.items():
            resource.setrlimit(each, (most, before[each][1]))
        yield
    finally:
        for each, free in before.items():
            resource.setrlimit(each, free)


def _address_space() -> int:
    """What the process has before it reads anything; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except OSError:
        return 1 << 30


def _answer(out: int, opener: object, path: Path, limits: Limits) -> None:
    _breathe(limits)
    try:
        rows = opener(path, Bound(path, limits))  # type: ignore[operator]
        given = rows.given.serialize().to_pybytes()
    except Exception as fault:
        _write(out, json.dumps({"fault": _sentence(path, fault)}).encode())
        return
    _write(out, b"{}")
    _write(out, given)
    with ipc.new_stream(pa.PythonFile(_Sink(out), "w"), rows.given) as stream:
        try:
            _send(stream, rows, limits)
            last = {WHOLE: b""}
        except Exception as fault:
            last = {FAULT: _sentence(path, fault).encode()}
        stream.write_batch(_empty(rows.given), custom_metadata=last)


def _send(stream: ipc.RecordBatchStreamWriter, rows: Rows | Pouring, limits: Limits) -> None:
    told, kept = 0, 0

    def broken() -> dict[bytes, bytes]:
        nonlocal told, kept
        fresh = [] if isinstance(rows, Pouring) else rows.broken[told:]
        told += len(fresh)
        kept += sum(len(row.text) + 100 for row in fresh)
        if kept > limits.broken:
            raise BadInput(
                f'"{rows.path}" has {told:,} rows with another number of values than it has columns, more '
                "than can be kept; save it with one kind of rows."
            )
        return {BROKEN: json.dumps([vars(row) for row in fresh]).encode()} if fresh else {}

    def put(batch: pa.RecordBatch) -> None:
        batch.validate(full=True)
        stream.write_batch(batch, custom_metadata=broken())
        _breathe(limits)

    if isinstance(rows, Pouring):
        rows.pour(put)
        return
    with rows.reading() as batches:
        for batch in batches:
            # The number of each row is for the one who asked to give.
            put(pa.RecordBatch.from_arrays(batch.columns[:-1], schema=rows.given))
    if late := broken():
        stream.write_batch(_empty(rows.given), custom_metadata=late)


def _empty(given: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in given], schema=given)


def _sentence(path: Path, fault: Exception) -> str:
    return str(fault if isinstance(fault, BadInput) else unreadable(path, fault))


def _breathe(limits: Limits) -> None:
    """Allow so many seconds more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + 1 + limits.compute_s
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def _write(out: int, content: bytes) -> None:
    _Sink(out).write(LENGTH.pack(len(content)) + content)


class _Sink:
    """What Arrow writes to: a pipe, which other than a file does not know its place."""

    closed = False

    def __init__(self, out: int) -> None:
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:
        rest = memoryview(content).cast("B")
        while rest:
            rest = rest[os.write(self._out, rest) :]
        return len(content)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """The next answer takes the same way."""
