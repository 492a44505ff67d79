"""A truckkit service, asked over HTTP: whole answers as Arrow, or one sentence that says why not.

The key goes to the address that was given and to no other: redirects are not followed, and no sentence,
``repr`` or log holds it.

>>> Service("https://mine.example/api/", key="secret")
Service('https://mine.example/api')
>>> Service("https://user:word@mine.example/api")
Traceback (most recent call last):
truckkit.errors.BadRequest: the address of a service holds no user and no password; ...
>>> Service("http://mine.example/api", key="secret")
Traceback (most recent call last):
truckkit.errors.BadRequest: "http://mine.example/api" would be sent the key in the clear; use https.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

import pyarrow as pa
import urllib3

from truckkit.errors import BadRequest, NoStore, SourceFailed, TruckkitError, UnknownName
from truckkit.version import VERSION

_CONNECT_S, _READ_S = 10, 120
_PATIENCE_S = 60
"""How long a service that asks to come back later is waited for, in all."""
_LATER_S = 5
"""When to come back where a service does not say."""
_TRIES = 20
_HERE = ("localhost", "127.0.0.1", "::1")
_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""What closes a stream of Arrow."""
_LONGEST_PROBLEM = 1 << 16

Parameters = Sequence[tuple[str, str]]


class Service:
    """What answers at an address.

    Parameters
    ----------
    address
        Where the service stands, such as ``https://mine.example/api``.
    key
        Its key; empty: none.
    wait
        Waits for so many seconds.
    """

    def __init__(self, address: str, key: str = "", wait: Callable[[float], None] = time.sleep) -> None:
        self.address = _address(address)
        # http.client would say a key that is no header back in its error.
        if not re.fullmatch(r"[\x21-\x7e]*", key.strip()):
            raise BadRequest(
                "the key holds what no key holds; give it as truckkit keys add has shown it, in one line."
            )
        parts = urlsplit(self.address)
        if key.strip() and parts.scheme == "http" and parts.hostname not in _HERE:
            raise BadRequest(f'"{self.address}" would be sent the key in the clear; use https.')
        self._headers = {"User-Agent": f"truckkit/{VERSION}"}
        if key.strip():
            self._headers["Authorization"] = f"Bearer {key.strip()}"
        self._wait = wait
        timeout = urllib3.Timeout(connect=_CONNECT_S, read=_READ_S)
        self._pool = urllib3.PoolManager(retries=False, timeout=timeout, cert_reqs="CERT_REQUIRED")

    def __repr__(self) -> str:
        return f"Service({self.address!r})"

    def health(self) -> dict[str, Any]:
        """How the service is: its ``generation``, ``version`` and ``site``.

        Raises
        ------
        NoStore
            What answers there is no truckkit service.
        SourceFailed
            It does not answer, or does not let us in.
        """
        with self._answer("/health", ()) as response:
            try:
                told = json.loads(response.read(_LONGEST_PROBLEM))
                told["version"], told["generation"]
            except (ValueError, TypeError, KeyError, RecursionError, urllib3.exceptions.HTTPError):
                raise self._no_service() from None
        return dict(told)

    @contextmanager
    def rows(self, name: str, parameters: Parameters) -> Iterator[tuple[int, pa.RecordBatchReader]]:
        """The generation that answers, and the rows of a resource as they come.

        Whoever reads the rows to their end has all of them: an answer that is cut off raises.
        """
        with self._answer(f"/v1/{name}", [*parameters, ("format", "arrow")]) as response:
            said = response.headers.get("Truckkit-Generation", "")
            if not (said.isascii() and said.isdigit() and len(said) < 19):
                raise SourceFailed(
                    f"{self.address} does not say which generation of its store answers, so its answers "
                    "cannot be put together; ask who runs it for a newer truckkit over a store."
                )
            yield int(said), self._read(name, response)

    def _read(self, name: str, response: urllib3.BaseHTTPResponse) -> pa.RecordBatchReader:
        body = _Body(response)
        try:
            reader = pa.ipc.open_stream(pa.PythonFile(body, mode="r"))
        except (pa.ArrowException, urllib3.exceptions.HTTPError, OSError):
            raise self._cut_off(name) from None

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                yield from reader
                # Arrow takes the end of the bytes for the end of the rows, so both have to be there.
                whole = body.last == _END and not body.read(1)
            except (pa.ArrowException, urllib3.exceptions.HTTPError, OSError):
                whole = False
            if not whole:
                raise self._cut_off(name)

        return pa.RecordBatchReader.from_batches(reader.schema, batches())

    @contextmanager
    def _answer(self, path: str, parameters: Parameters) -> Iterator[urllib3.BaseHTTPResponse]:
        url = f"{self.address}{path}" + (f"?{urlencode(parameters)}" if parameters else "")
        response = self._asked(url)
        whole = False
        try:
            if response.status != 200:
                raise self._refusal(path, response)
            yield response
            whole = True
        finally:
            # What was not read to its end cannot carry the next question.
            if whole:
                response.release_conn()
            else:
                response.close()

    def _asked(self, url: str) -> urllib3.BaseHTTPResponse:
        patience = float(_PATIENCE_S)
        for tries_left in reversed(range(_TRIES)):
            try:
                response = self._pool.request(
                    "GET", url, headers=self._headers, preload_content=False, redirect=False
                )
            except urllib3.exceptions.SSLError:
                raise SourceFailed(
                    f"the certificate of {self.address} is not one that this machine trusts; "
                    "ask who runs the service, or add its authority to those of this machine."
                ) from None
            except (urllib3.exceptions.HTTPError, OSError):
                raise SourceFailed(
                    f"nothing answers at {self.address}; check the address, and whether the service runs."
                ) from None
            if response.status not in (410, 429, 503):
                return response
            after = 0.0 if response.status == 410 else _seconds(response.headers.get("Retry-After"))
            if after > patience or not tries_left:
                return response
            response.close()
            if after:
                self._wait(after)
            patience -= max(after, 1.0)
        return response

    def _refusal(self, path: str, response: urllib3.BaseHTTPResponse) -> TruckkitError:
        status, detail = response.status, _detail(response)
        if status in (401, 403):
            shown = "the key given" if "Authorization" in self._headers else "no key, and none was given"
            return SourceFailed(
                f"{self.address} does not let in who shows {shown} ({status}); give one that holds: "
                'tk.open(address, key="…"), or the environment variable TRUCKKIT_KEY.'
            )
        if 300 <= status < 400:
            return SourceFailed(
                f"{self.address} sends us elsewhere ({status}), where a key must not go unasked; "
                "open the address at which the service itself answers."
            )
        if detail is None and status < 500:
            return self._no_service()
        if path == "/health" and status == 404:
            return self._no_service()
        said = f": {detail}" if detail else "."
        if status == 404:
            return UnknownName(f"{self.address} does not know what was asked for{said}")
        if status == 422:
            return BadRequest(f"{self.address} cannot answer that{said}")
        if status in (429, 503):
            return SourceFailed(
                f"{self.address} is busy ({status}), and was waited for long enough; ask again later{said}"
            )
        return SourceFailed(f"{self.address} failed ({status}){said}")

    def _no_service(self) -> NoStore:
        return NoStore(
            f"what answers at {self.address} is no truckkit service; give the address under which "
            "its /health answers, such as https://mine.example/api."
        )

    def _cut_off(self, name: str) -> SourceFailed:
        return SourceFailed(
            f"the {name} that {self.address} sent broke off before their end, and none of them are kept; "
            "ask again, or for a shorter window."
        )


class _Body:
    """The bytes of an answer as a file that remembers its last ones."""

    closed = False

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self._response = response
        self.last = b""

    def read(self, most: int = -1) -> bytes:
        data = self._response.read(None if most < 0 else most)
        self.last = (self.last + data[-8:])[-8:]
        return data

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


def _address(address: str) -> str:
    """The address as questions start with it."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        raise BadRequest(_NO_ADDRESS) from None
    if parts.username is not None or parts.password is not None:
        raise BadRequest(
            "the address of a service holds no user and no password; "
            'give a key instead: tk.open("https://mine.example/api", key="…").'
        )
    if not parts.hostname or parts.query or parts.fragment or re.search(r"[\x00-\x20\x7f]", address.strip()):
        raise BadRequest(_NO_ADDRESS)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    path = parts.path.rstrip("/").removesuffix("/v1")
    return f"{parts.scheme.lower()}://{host}{f':{port}' if port is not None else ''}{path}"


_NO_ADDRESS = "that is no address of a service; give one such as https://mine.example/api."


def _seconds(after: str | None) -> float:
    """When to come back."""
    said = (after or "").strip()
    return float(said) if re.fullmatch(r"\d{1,6}", said) else float(_LATER_S)


def _detail(response: urllib3.BaseHTTPResponse) -> str | None:
    """The sentence of a problem, without what would move a terminal; nothing where it is no problem."""
    if not response.headers.get("Content-Type", "").startswith("application/problem+json"):
        return None
    try:
        detail = json.loads(response.read(_LONGEST_PROBLEM))["detail"]
    except (ValueError, TypeError, KeyError, RecursionError, urllib3.exceptions.HTTPError, OSError):
        return None
    return "".join(letter for letter in str(detail)[:400] if letter.isprintable())
