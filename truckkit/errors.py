"""Everything that truckkit raises on purpose.

    TruckkitError
    ├── UnknownName (LookupError)        a truck, table, state, place or shift that is not there
    ├── BadTime (ValueError)             a naive, reversed or unreadable time
    ├── BadMapping (ValueError)          a mapping file that is wrong in itself
    ├── BadInput (ValueError)            a file that cannot be read, or does not fit its mapping
    ├── SourceFailed (ConnectionError)   a server that does not answer, refuses, or answers in part
    ├── BadRequest (ValueError)          an argument that cannot be meant
    ├── AlreadyThere (ValueError)        a new record with the name of another
    ├── Outdated (RuntimeError)          a change of a record that somebody else has changed since
    ├── StaleCursor (LookupError)        a page of a generation that is no longer the newest
    ├── NoSuchFormat (ValueError)        an answer wanted in formats that it has not
    ├── TooSlow (TimeoutError)           a question that ran for too long and was stopped
    ├── NoStore (FileNotFoundError)      no folder, or a folder that is no store
    ├── NewerStore (RuntimeError)        a store that a newer truckkit wrote
    ├── DamagedStore (RuntimeError)      a store whose files are missing or broken
    ├── StoreBusy (BlockingIOError)      another process is writing
    └── CannotWrite (OSError)            the disk is full, or the folder may not be written

Each says in one sentence what is wrong, where, what is there instead and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from numbers import Integral, Real


class TruckkitError(Exception):
    """Any error that truckkit raises on purpose."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class UnknownName(TruckkitError, LookupError):
    """A truck, table, state, place or shift that is not there."""


class BadTime(TruckkitError, ValueError):
    """A naive, reversed or unreadable time."""


class BadMapping(TruckkitError, ValueError):
    """A mapping file that is wrong in itself."""


class BadInput(TruckkitError, ValueError):
    """A file that cannot be read, or that does not fit its mapping."""


class SourceFailed(TruckkitError, ConnectionError):
    """A server that does not answer, that refuses, or whose answer is not whole."""


class BadRequest(TruckkitError, ValueError):
    """An argument that cannot be meant."""


class AlreadyThere(TruckkitError, ValueError):
    """A new record with the name of another."""


class Outdated(TruckkitError, RuntimeError):
    """A change of a record that somebody else has changed since it was read."""


class StaleCursor(TruckkitError, LookupError):
    """A page of a generation that is no longer the newest."""


class NoSuchFormat(TruckkitError, ValueError):
    """An answer wanted in formats that it has not."""


class TooSlow(TruckkitError, TimeoutError):
    """A question that ran for too long and was stopped."""


class NoStore(TruckkitError, FileNotFoundError):
    """No folder, or a folder that is no store."""


class NewerStore(TruckkitError, RuntimeError):
    """A store that a newer truckkit wrote."""


class DamagedStore(TruckkitError, RuntimeError):
    """A store whose files are missing or broken."""


class StoreBusy(TruckkitError, BlockingIOError):
    """Another process is writing to the store."""


class CannotWrite(TruckkitError, OSError):
    """The disk is full, or the folder may not be written."""


def unknown(kind: str, name: object, known: Iterable[str], where: str) -> UnknownName:
    """The error for a name that does not exist, with the nearest one that does.

    >>> print(unknown("truck", "T70", ["T01", "T07"], "mine"))
    no truck "T70" in mine; did you mean "T07"? It has "T01", "T07".
    """
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f'; did you mean "{near[0]}"?' if near else "."
    return UnknownName(f'no {kind} "{name}" in {where}{hint} It has {listed(names)}.')


def listed(names: Iterable[str], most: int = 8) -> str:
    """Names in quotes, cut after a few.

    >>> listed(["a", "b", "c"], most=2)
    '"a", "b" and 1 more'
    >>> listed([])
    'none'
    """
    quoted = [f'"{name}"' for name in names]
    if not quoted:
        return "none"
    rest = len(quoted) - most
    return ", ".join(quoted[:most]) + (f" and {rest} more" if rest > 0 else "")


def told(value: object, most: int = 60) -> str:
    """What somebody gave, short enough for a sentence.

    >>> told("x"), told(5), told([1, 2])
    ('"x"', '5', 'a list')
    """
    if isinstance(value, str):
        return f'"{value[:most]}"'
    if value is None or isinstance(value, (int, float)):
        return repr(value)[:most]
    return f"a {type(value).__name__}"


def number(
    name: str, value: object, least: float, most: float, example: float, *, whole: bool = False
) -> None:
    """Refuse what is no number from ``least`` to ``most``.

    >>> number("reserve", "x", 0, 0.99, 0.1)
    Traceback (most recent call last):
    ...
    truckkit.errors.BadRequest: reserve is "x"; give a number from 0 to 0.99, such as 0.1.
    """
    kind = Integral if whole else Real
    if isinstance(value, bool) or not isinstance(value, kind) or not least <= value <= most:  # type: ignore[operator]
        wanted = "a whole number" if whole else "a number"
        raise BadRequest(
            f"{name} is {told(value)}; give {wanted} from {least:,} to {most:,}, such as {example}."
        )
