"""Who may ask: the keys of a store, in its file ``KEYS``, each with a name, a role and perhaps an end.

A key is shown once, when it is made; the file holds its SHA-256. A slow hash is for passwords, which
people choose and others guess: a key is 256 random bits, so nobody finds it by trying, and a slow hash
would be paid at every request. The file is replaced whole, under a lock of its own, so that a key can be
taken back while a long publish is under way.

>>> import tempfile
>>> folder = Path(tempfile.mkdtemp())
>>> layout.point_to(folder, 1)
>>> secret = add(folder, "planner", "read", timedelta(days=90))
>>> Ring(folder).find(secret).name
'planner'
>>> revoke(folder, "planner").role
'read'
>>> Ring(folder).find(secret) is None
True
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, cast

from truckkit.errors import BadRequest, CannotWrite, DamagedStore, listed, told, unknown
from truckkit.store import layout

Role = Literal["read", "write"]
ROLES: tuple[Role, ...] = ("read", "write")
PREFIX = "tk_"
"""How every key begins, so that one that went astray can be found, and struck out of a log."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,59}")
_SECRET = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{16,}}")
_MOST = 1_000
_LONGEST = 200
_WAIT_S = 10.0


@dataclass(frozen=True)
class Key:
    """One key, without its secret."""

    name: str
    role: Role
    sha256: str
    made: datetime
    expires: datetime | None = None

    @property
    def expired(self) -> bool:
        """True once its time is over."""
        return self.expires is not None and datetime.now(UTC) >= self.expires


class Ring:
    """The keys that hold now: a change of the file counts from the next request on.

    Without a folder, or without the file, no key is wanted. Where the last key was revoked, the file is
    still there and nobody comes in: who means to open the store again takes the file away.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = folder / layout.KEYS if folder else None
        self._seen: tuple[tuple[int, int, int], tuple[Key, ...]] | None = None

    @property
    def wanted(self) -> bool:
        """True where the store has keys, so that whoever asks has to show one.

        Raises ``DamagedStore`` where they cannot be read: then nobody comes in.
        """
        return self._keys() is not None

    def find(self, secret: str) -> Key | None:
        """The key whose secret this is, whether or not it has expired."""
        if len(secret) > _LONGEST:
            return None
        given = _sha256(secret)
        found = None
        # Every key is looked at, each in constant time: how long it takes tells nothing.
        for key in self._keys() or ():
            if hmac.compare_digest(key.sha256, given):
                found = key
        return found

    def _keys(self) -> tuple[Key, ...] | None:
        if self._file is None:
            return None
        try:
            now = os.stat(self._file)  # noqa: PTH116 - half the time of Path.stat, and asked at every request
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise _broken(self._file, str(fault.strerror)) from None
        # A new file is a new inode, so two changes within one tick of the clock are told apart.
        stamp = (now.st_ino, now.st_mtime_ns, now.st_size)
        if self._seen is None or self._seen[0] != stamp:
            self._seen = (stamp, tuple(held(self._file.parent)))
        return self._seen[1]


def held(folder: Path) -> list[Key]:
    """The keys of a store, in the order of their making; raises ``DamagedStore`` where none can be read."""
    file = folder / layout.KEYS
    try:
        return [_key(each) for each in json.loads(file.read_bytes())["keys"]]
    except FileNotFoundError:
        return []
    except OSError as fault:
        raise _broken(file, str(fault.strerror)) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _broken(file, "it is no list of keys") from None


def add(folder: Path, name: str, role: str, lasting: timedelta | None = None) -> str:
    """Make a key, and give its secret: it is written nowhere, so this is the only time that it is seen.

    Raises ``BadRequest`` where the name is taken, or cannot be one, ``NoStore`` where there is no store.
    """
    if not _NAME.fullmatch(name):
        raise BadRequest(
            f"a key cannot be named {told(name)}; "
            'give up to 60 letters, digits, dots, dashes or "@", such as "planner".'
        )
    if role not in ROLES:
        raise BadRequest(f"there is no role {told(role)}; give one of {listed(ROLES)}.")
    if lasting is not None and lasting < timedelta(seconds=1):
        raise BadRequest('a key has to last for a second or more; give a length of time such as "90d".')
    secret = PREFIX + secrets.token_urlsafe(32)
    with _changing(folder) as keys:
        if any(key.name == name for key in keys):
            raise BadRequest(f'"{name}" is a key already; revoke it first, or give another name.')
        if len(keys) >= _MOST:
            raise BadRequest(f"the store has {_MOST:,} keys, and no room for more; revoke some.")
        now = datetime.now(UTC).replace(microsecond=0)
        keys.append(Key(name, role, _sha256(secret), now, now + lasting if lasting else None))
    return secret


def revoke(folder: Path, name: str) -> Key:
    """Take a key back, at once; raises ``UnknownName`` where there is none of that name."""
    with _changing(folder) as keys:
        found = next((key for key in keys if key.name == name), None)
        if found is None:
            raise unknown("key", name[:60], [key.name for key in keys], folder.absolute().name)
        keys.remove(found)
    return found


def struck_out(text: str) -> str:
    """A text without the keys that somebody put where none belongs.

    >>> struck_out("/api/v1/trucks/tk_vMB2n0XcJq3cZ3nYf2dR8w")
    '/api/v1/trucks/tk_…'
    """
    return _SECRET.sub(f"{PREFIX}…", text) if PREFIX in text else text


@contextmanager
def _changing(folder: Path) -> Iterator[list[Key]]:
    """The keys, to be changed in place; what is left of them is the file afterwards."""
    layout.current(folder)  # says what is no store
    with layout.lock(folder, _WAIT_S, layout.KEYS_LOCK):
        keys = held(folder)
        yield keys
        content = json.dumps({"keys": [asdict(key) for key in keys]}, default=datetime.isoformat, indent=1)
        part = folder / layout.KEYS_PART
        try:
            part.unlink(missing_ok=True)
            # Made anew, so that nobody else's file, or link, is written to.
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(content)
                file.flush()
                os.fsync(handle)
            part.replace(folder / layout.KEYS)
            layout.sync(folder)
        except OSError as fault:
            raise CannotWrite(f'the keys of "{folder}" were left as they were: {fault.strerror}.') from None


def _key(said: dict[str, Any]) -> Key:
    made, expires = (
        datetime.fromisoformat(said[each]) if said[each] else None for each in ("made", "expires")
    )
    whole = (
        said["role"] in ROLES
        and re.fullmatch(r"[0-9a-f]{64}", said["sha256"])
        and _NAME.fullmatch(said["name"])
        and made is not None
        and (expires is None or expires.tzinfo is not None)
    )
    if not whole:
        raise ValueError
    return Key(said["name"], said["role"], said["sha256"], cast(datetime, made), expires)


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _broken(file: Path, why: str) -> DamagedStore:
    return DamagedStore(
        f'the keys of "{file.parent}" cannot be read: {why}; bring {file.name} back from a backup, '
        'or take the file away and make new keys with "truckkit keys add".'
    )
