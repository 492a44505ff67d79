"""Frames of a CAN bus out of its logs: candump (``.log``), Vector's ``.asc`` and ``.blf``.

A frame has an instant in seconds since 1970. Those of ``.asc`` count from the local time that its ``date``
or ``Begin Triggerblock`` names; a log that never says when it began is refused. Vector's two formats are
read as python-can's manual describes them (https://python-can.readthedocs.io/en/stable/file_io.html).
"""

from __future__ import annotations

import importlib
import re
import struct
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from truckkit.errors import BadInput

ENDS = (".log", ".asc", ".blf")

_ENDLESS = 253_402_300_800
"""The year 10000."""
_RELATIVE = 631_152_000
"""1990, before which nobody logged J1939: what is earlier counts from the start of its log."""
_LINE = 4096
_SAID = 200

_CANDUMP = re.compile(
    r"\s*\((?P<at>\d+\.\d+)\)\s+\S+\s+(?P<id>[0-9A-Fa-f]{3,8})"
    r"(?:(?P<fd>##.*)|#(?P<remote>[Rr]\d?)|#(?P<data>(?:[0-9A-Fa-f]{2}\.?)*)"
    r"|\s+\[(?P<length>\d+)\]\s*(?P<spaced>(?:[0-9A-Fa-f]{2}\s*)*)(?P<far>remote request)?)(?:\s+[RT])?\s*"
)
_ASC = re.compile(
    r"\s*(?P<at>\d+\.\d+)\s+\d+\s+(?P<id>[0-9A-Fa-f]+)(?P<wide>[xX]?)\s+(?:Rx|Tx|TxRq)\s+"
    r"(?:(?P<remote>r)\b.*|d\s+(?P<length>[0-9A-Fa-f]+)(?P<data>(?:\s+[0-9A-Fa-f]{1,3}\b)*)(?P<more>.*))",
    re.IGNORECASE,
)
_ASC_DATE = re.compile(r"(?:date|Begin Trigger ?block)\s+\w+\s+(?P<said>.+)", re.IGNORECASE)
_ASC_BASE = re.compile(r"base\s+(?P<base>hex|dec)(?:\s+timestamps\s+(?P<stamps>absolute|relative))?", re.I)
_ASC_SILENT = re.compile(
    r"\s*(?://.*|(?:no )?internal events logged.*|End Trigger ?block.*|\d+\.\d+\s+(?:Start of measurement|"
    r"\d+\s+(?:ErrorFrame|Statistic:).*|CAN(?:FD)?\s.*|\d+\s+J1939TP\s.*|\S*:.*))?\s*",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_GERMAN = {"mär": "mar", "mrz": "mar", "mai": "may", "okt": "oct", "dez": "dec"}
_DATES = ("%m %d %I:%M:%S.%f %p %Y", "%m %d %I:%M:%S %p %Y", "%m %d %H:%M:%S.%f %Y", "%m %d %H:%M:%S %Y")


class Frame(NamedTuple):
    """A frame: its number or line in the log, its instant [s since 1970], its 29 bits and its bytes."""

    line: int
    at: float
    id: int
    data: bytes


class NoFrame(NamedTuple):
    """A line that is no frame, or a frame of a kind that J1939 does not have (then without a text)."""

    line: int
    why: str
    text: str = ""


STANDARD = "has 11 bits of identifier, where J1939 has 29"
FLEXIBLE = "is of CAN FD"
REMOTE = "asks for data and has none"
LONG = "has more than 8 bytes"
OTHER = "is an error, a statistic or another event of the recorder"


def frames(path: Path, zone: str) -> Iterator[Frame | NoFrame]:
    """All frames of a log; ``zone`` is that of an ``.asc`` file's date."""
    if path.stat().st_size == 0:
        raise BadInput(f'"{path}" is empty: there is no frame in it.')
    name = path.name.lower()
    if name.endswith(".blf"):
        return _blf(path)
    return _asc(path, ZoneInfo(zone)) if name.endswith(".asc") else _candump(path)


def needed(name: str, path: Path) -> Any:
    """A library that only logs of CAN want, which are few and cost half a second to import."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise BadInput(
            f'"{path}" is a CAN log, and "{name}" is not installed; pip install \'truckkit[can]\'.'
        ) from None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(_LINE):
            number += 1
            while not raw.endswith(b"\n") and len(raw) >= _LINE and (rest := file.readline(_LINE)):
                if rest.endswith(b"\n") or len(rest) < _LINE:
                    break
            yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8", "replace").rstrip("\r\n")


def _candump(path: Path) -> Iterator[Frame | NoFrame]:
    for line, text in _lines(path):
        if not text.strip():
            continue
        told = _CANDUMP.fullmatch(text)
        if not told:
            yield NoFrame(line, "the line is no frame of candump", text[:_SAID])
        elif told["fd"]:
            yield NoFrame(line, FLEXIBLE)
        elif told["remote"] or told["far"]:
            yield NoFrame(line, REMOTE)
        elif len(told["id"]) == 3:
            yield NoFrame(line, STANDARD)
        elif int(told["id"], 16) >> 29:
            yield NoFrame(line, OTHER)
        else:
            data = bytes.fromhex((told["data"] or told["spaced"] or "").replace(".", ""))
            if told["length"] and int(told["length"]) != len(data):
                yield NoFrame(line, f"it has {len(data)} bytes and says {told['length']}", text[:_SAID])
            else:
                yield _framed(line, _began(path, float(told["at"])), int(told["id"], 16), data, text)


def _asc(path: Path, zone: ZoneInfo) -> Iterator[Frame | NoFrame]:
    base, adds, start, last = 16, False, None, 0.0
    for line, text in _lines(path):
        if told := _ASC.fullmatch(text):
            last = last + float(told["at"]) if adds else float(told["at"])
            if start is None:
                raise _undated(path)
            if told["remote"]:
                yield NoFrame(line, REMOTE)
                continue
            if not told["wide"]:
                yield NoFrame(line, STANDARD)
                continue
            try:
                length = int(told["length"], base)
                data = bytes(int(each, base) for each in told["data"].split()[:length])
                number = int(told["id"], base)
            except ValueError:
                yield NoFrame(line, f"a number is not of base {base} or no byte", text[:_SAID])
                continue
            if len(data) < length or number >> 29:
                why = (
                    "its identifier has more than 29 bits"
                    if number >> 29
                    else "it has fewer bytes than it says"
                )
                yield NoFrame(line, why, text[:_SAID])
            else:
                yield _framed(line, start + last, number, data, text)
        elif told := _ASC_DATE.match(text):
            start, last = _dated(path, told["said"], zone), 0.0
        elif told := _ASC_BASE.match(text):
            base = 10 if told["base"].lower() == "dec" else 16
            adds = (told["stamps"] or "").lower() == "relative"
        elif not _ASC_SILENT.fullmatch(text):
            yield NoFrame(line, "the line is no frame and no event of an .asc log", text[:_SAID])
        elif text[:1].isspace() or text[:1].isdigit():
            moved = re.match(r"\s*(\d+\.\d+)", text)
            last = last + float(moved[1]) if adds and moved else last
            yield NoFrame(line, FLEXIBLE if "CANFD" in text else OTHER)


def _blf(path: Path) -> Iterator[Frame | NoFrame]:
    # Of the module alone: the whole of python-can asks which buses the machine has.
    blf = needed("can.io.blf", path)
    number = 0
    try:
        with path.open("rb") as file:
            reader = blf.BLFReader(file)
            if reader.file_size > path.stat().st_size:
                raise BadInput(
                    f'"{path}" is cut off: it says {reader.file_size:,} bytes and has '
                    f"{path.stat().st_size:,}; bring the whole file."
                )
            for number, message in enumerate(reader, 1):
                if message.is_error_frame:
                    yield NoFrame(number, OTHER)
                elif message.is_fd or message.is_remote_frame:
                    yield NoFrame(number, FLEXIBLE if message.is_fd else REMOTE)
                elif not message.is_extended_id:
                    yield NoFrame(number, STANDARD)
                else:
                    at = _began(path, message.timestamp)
                    yield _framed(number, at, message.arbitration_id, bytes(message.data), "")
    except (blf.BLFParseError, struct.error, zlib.error, EOFError, ValueError, IndexError) as fault:
        if isinstance(fault, BadInput):
            raise
        after = f" after frame {number}" if number else ""
        raise BadInput(
            f'"{path}" is no whole .blf{after}: {fault or "it ends early"}; bring the whole file.'
        ) from None


def _framed(line: int, at: float, number: int, data: bytes, text: str) -> Frame | NoFrame:
    if not at < _ENDLESS:
        return NoFrame(line, f"its time is {at:.6g} s since 1970", text[:_SAID])
    return Frame(line, at, number, data) if len(data) <= 8 else NoFrame(line, LONG)


def _began(path: Path, at: float) -> float:
    if at < _RELATIVE:
        raise _undated(path)
    return at


def _undated(path: Path) -> BadInput:
    return BadInput(
        f'"{path}" counts its times from a start that it does not name; record it with absolute times '
        "(candump -L), or with a date in its head."
    )


def _dated(path: Path, said: str, zone: ZoneInfo) -> float:
    month, _, rest = said.strip().partition(" ")
    short = _GERMAN.get(month.lower()[:3], month.lower()[:3])
    if short in _MONTHS:
        rest = " ".join(rest.split())
        for form in _DATES:
            try:
                # Vector writes more digits of a second than Python reads.
                when = datetime.strptime(f"{_MONTHS.index(short) + 1} {_short(rest)}", form)  # noqa: DTZ007
            except ValueError:
                continue
            return (when.replace(tzinfo=zone)).timestamp()
    raise BadInput(
        f'"{path}" says that it began on "{said[:60]}", which is no date of an .asc log such as '
        '"Wed Apr 16 09:21:13.159 am 2014"; mend its head.'
    )


def _short(said: str) -> str:
    return re.sub(r"(\.\d{6})\d+", r"\1", said)
