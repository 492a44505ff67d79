"""Files read in a process of their own, so that a damaged or crafted one harms nobody else.

The reader has limits (see ``Limits``); where it dies of a file, that file is refused with a sentence.
One reader serves file after file, for to start one takes half a second.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc as ipc

from truckkit.errors import BadInput
from truckkit.sources import child
from truckkit.sources.limits import Bound, Limits
from truckkit.sources.streams import Broken, Pouring, Rows

Opener = Callable[[Path, Bound], Rows | Pouring]
"""Opens a file in the reader; a function of a module in ``truckkit.sources``, or what pickles as well."""

_PIPE = 1 << 20

# The package's own import opens Ibis, and Arrow opens pandas where it is: each takes a second, and no file
# needs them.
_BEGIN = """
import sys, types
class Spared:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Spared)
room = types.ModuleType("truckkit")
sys.path[:], room.__path__ = {path!r}, [{room!r}]
sys.modules["truckkit"] = room
from truckkit.sources.child import serve
serve()
"""


def rows(opener: Opener, path: Path, limits: Limits | None = None) -> Rows:
    """Open a file in the reader, and give its rows as they come.

    Raises ``BadInput`` at once for what cannot be opened, and from the stream where a file turns out
    to be damaged, asks for more than its limits, or ends its reader.

    >>> import tempfile
    >>> from truckkit.sources import separated
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.csv").write_text("truck\\nT1\\n")
    ...     with rows(separated.rows, Path(folder, "a.csv")).reading() as stream:
    ...         stream.read_all().to_pylist()
    [{'truck': 'T1', '_line': 1}]
    """
    limits = limits or Limits()
    reader = _taken(path, limits)
    try:
        reader.ask(opener)
        given = reader.opened()
    except BaseException:
        reader.end()
        raise
    broken: list[Broken] = []
    return Rows(path, given, _Batches(reader, broken), broken)


class _Batches:
    """The batches of one file; where nobody wants the rest of them, the reader is ended."""

    def __init__(self, reader: _Reader, broken: list[Broken]) -> None:
        self._reader = reader
        self._file = reader.files
        self._came = reader.batches(broken)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self._came

    def __del__(self) -> None:
        if self._reader.files == self._file:  # not at the next file yet
            self._reader.end()


class _Reader:
    """A process that reads one file at a time."""

    def __init__(self) -> None:
        room = str(Path(__file__).parent.parent)
        self._process = subprocess.Popen(
            [sys.executable, "-B", "-c", _BEGIN.format(path=sys.path, room=room)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a process that dies says so there, and we say why in a sentence
            # Other allocators, and more arenas, reserve room that they never use, and the limit counts it.
            env={**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2"},
        )
        assert self._process.stdin
        assert self._process.stdout
        self._in = self._process.stdin.fileno()
        self._out = self._process.stdout.fileno()
        with suppress(AttributeError, OSError):  # a small pipe works too
            fcntl.fcntl(self._out, fcntl.F_SETPIPE_SZ, _PIPE)
        self._owner = os.getpid()
        self.files = 0
        """How many files it was asked for."""
        self.path = Path()
        self.limits = Limits()
        self._decoded: Bound | None = None
        self._silent = False
        self._busy = True
        self._pipe = _Pipe(self)

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def begin(self, path: Path, limits: Limits) -> None:
        """Turn to a file."""
        self.path, self.limits, self._busy = path, limits, True
        self.files += 1
        self._decoded = None

    def ask(self, opener: Opener) -> None:
        """Have a file opened."""
        # The folder that we stand in may be another than when the reader was started.
        question = pickle.dumps((opener, self.path, self.limits, Path.cwd()))
        assert self._process.stdin
        try:
            self._process.stdin.write(child.LENGTH.pack(len(question)) + question)
            self._process.stdin.flush()
        except OSError:
            raise self._died() from None

    def opened(self) -> pa.Schema:
        """What columns the file has; ``BadInput`` where it cannot be opened."""
        try:
            if fault := json.loads(self._told()).get("fault"):
                self._done()
                raise BadInput(fault)
            return ipc.read_schema(pa.py_buffer(self._told()))
        except EOFError:
            raise self._died() from None

    def batches(self, broken: list[Broken]) -> Iterator[pa.RecordBatch]:
        """The rows, and beside them those that are none."""
        self._decoded = Bound(self.path, self.limits)
        fault: str | None = None
        try:
            stream = ipc.open_stream(pa.PythonFile(self._pipe, "r"))
            for batch, told in stream.iter_batches_with_custom_metadata():
                notes = dict(told or {})
                broken += [Broken(**row) for row in json.loads(notes.get(child.BROKEN, b"[]"))]
                if child.FAULT in notes:
                    fault = notes[child.FAULT].decode()
                elif child.WHOLE in notes:
                    fault = ""
                else:
                    yield batch
        except (pa.ArrowException, OSError, EOFError):
            raise self._died() from None
        except BadInput:  # it decodes to more than it may
            self.end()
            raise
        if fault is None:
            raise self._died()
        self._done()
        if fault:
            raise BadInput(fault)

    def _told(self) -> bytes:
        (length,) = child.LENGTH.unpack(self.read(child.LENGTH.size, whole=True))
        return bytes(self.read(length, whole=True))

    def read(self, size: int, *, whole: bool = False) -> memoryview:
        """So many bytes of the reader's answer; fewer where it ended."""
        content = memoryview(pa.allocate_buffer(size, resizable=False)).cast("B")
        got = 0
        while got < size:
            if not select.select([self._out], [], [], self.limits.silent_s)[0]:
                self._silent = True
                raise EOFError
            came = os.readv(self._out, [content[got:]])
            if not came:
                break
            got += came
        if whole and got < size:
            raise EOFError
        if self._decoded:
            self._decoded.add(got)
        return content[:got]

    def _died(self) -> BadInput:
        """Why the reader is no more; it is ended where it did not end of itself."""
        if self._silent:
            why = f"nothing came of it for {self.limits.silent_s:,.0f} s"
            remedy = "see whether its drive answers"
        else:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            why, remedy = (
                _reason(self._process.returncode, self.limits),
                "bring a whole file, or save it anew",
            )
        self.end()
        return BadInput(f'"{self.path}" cannot be read: {why}; {remedy}.')

    def _done(self) -> None:
        self._busy = False
        _give_back(self)

    def end(self) -> None:
        """End the process where it still works on a file that nobody wants any more."""
        if self._busy:
            self.close()

    def close(self) -> None:
        """End the process, unless it is that of the process that we were forked from."""
        self._busy = False
        if self._owner == os.getpid():
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()

    @property
    def is_alive(self) -> bool:
        """False where it died meanwhile, or belongs to the process that we were forked from."""
        return self._owner == os.getpid() and self._process.poll() is None


class _Pipe:
    """What Arrow reads from."""

    closed = False

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        """The reader serves the next file."""

    def read(self, size: int) -> memoryview:
        return self._reader.read(size)


def _reason(code: int | None, limits: Limits) -> str:
    if code == -signal.SIGXCPU:
        return f"its next rows take more than {limits.compute_s} s of computing"
    if code == -signal.SIGKILL:
        return "its reader was ended from outside, as the system does when memory runs out"
    if code is not None and code < 0:
        return f"its reader failed ({signal.Signals(-code).name})"
    return "its reader failed"


_idle: list[_Reader] = []
_lock = threading.Lock()


def _taken(path: Path, limits: Limits) -> _Reader:
    with _lock:
        while _idle:
            reader = _idle.pop()
            if reader.is_alive:
                break
            reader.close()
        else:
            reader = _Reader()
    reader.begin(path, limits)
    return reader


def _give_back(reader: _Reader) -> None:
    """Keep one reader for the next file."""
    with _lock:
        if not _idle:
            _idle.append(reader)
            return
    reader.close()


def processes() -> list[int]:
    """The readers that wait for the next file, for those who measure."""
    with _lock:
        return [reader.pid for reader in _idle]


@atexit.register
def close() -> None:
    """End the readers that wait."""
    with _lock:
        while _idle:
            _idle.pop().close()
