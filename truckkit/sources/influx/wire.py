"""HTTP to an InfluxDB, such that half an answer is never taken for a whole one."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import urllib3

from truckkit.errors import SourceFailed
from truckkit.sources.influx.address import Address

MOST_BYTES = 128 << 20
"""The largest answer that is taken; more is asked for in smaller windows."""
SILENT_S = 60.0
"""A server that says nothing for so long has failed."""
LONGEST_S = 600.0
"""An answer takes no longer than this, however steadily it drips."""
TRIES = 3
"""How often a question is asked while the server is down, busy or cut off."""


class TooLarge(SourceFailed):
    """An answer of more bytes than are taken at once."""


class _Passing(SourceFailed):
    """What may be better when it is asked again."""


class Wire:
    """One server over HTTP; for one thread."""

    def __init__(self, address: Address) -> None:
        self._address = address
        timeout = urllib3.Timeout(connect=10.0, read=SILENT_S)
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=2, timeout=timeout, retries=False)

    def ask(
        self,
        method: str,
        path: str,
        kind: str,
        fields: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The whole answer to a request, which must be of a media type.

        Raises ``SourceFailed`` where there is none, where it is cut off, refused, of another type or sends
        elsewhere; what may pass is asked again first.
        """
        for left in reversed(range(TRIES)):
            try:
                return self._once(method, path, kind, fields, body, headers)
            except _Passing as fault:
                if not left:
                    raise SourceFailed(str(fault)) from None
                time.sleep(0.25 * 4 ** (TRIES - 1 - left))
        raise AssertionError

    def ping(self) -> str:
        """What the server says of its version."""
        try:
            answer = self._pool.request(
                "GET", f"{self._address.base}/ping", headers=self._opening(), redirect=False
            )
        except urllib3.exceptions.HTTPError as fault:
            raise self._failed(f"does not answer ({_said(fault)})", "see whether it runs") from None
        told = answer.headers.get("X-Influxdb-Version", "")
        if not told and answer.status < 300:
            try:
                told = str(json.loads(answer.data).get("version", ""))
            except (ValueError, AttributeError):
                told = ""
        if not told and answer.status >= 300:
            raise self._refused(answer.status, answer.data)
        return told

    def _once(
        self,
        method: str,
        path: str,
        kind: str,
        fields: Mapping[str, str] | None,
        body: Any,
        headers: Mapping[str, str] | None,
    ) -> bytes:
        try:
            answer = self._pool.request(
                method,
                self._address.base + path,
                fields=dict(fields) if fields else None,
                json=body,
                encode_multipart=False,
                headers={"Accept": kind, "Accept-Encoding": "identity", **self._opening(), **(headers or {})},
                redirect=False,
                preload_content=False,
            )  # fmt: skip
        except urllib3.exceptions.HTTPError as fault:
            raise self._failed(
                f"does not answer ({_said(fault)})", "see whether it runs", passing=True
            ) from None
        try:
            data = self._read(answer)
        finally:
            answer.close()
        if answer.status != 200:
            raise self._refused(answer.status, data)
        found = answer.headers.get("Content-Type", "")
        if found.partition(";")[0].strip() != kind:
            raise self._failed(
                f'answers in "{found[:40]}", not in "{kind}"', "see what stands at that address"
            )
        return data

    def _read(self, answer: urllib3.BaseHTTPResponse) -> bytes:
        parts, size, until = [], 0, time.monotonic() + LONGEST_S
        try:
            while part := answer.read(1 << 20):
                parts.append(part)
                size += len(part)
                if size > MOST_BYTES:
                    raise TooLarge(
                        f'"{self._address.label}" answers with more than {MOST_BYTES >> 20} MB at once.'
                    )
                if time.monotonic() > until:
                    raise self._failed("drips", f"an answer took more than {LONGEST_S:g} s", passing=True)
        except urllib3.exceptions.HTTPError as fault:
            raise self._failed(
                f"was cut off after {size:,} bytes ({_said(fault)})", "run this again", passing=True
            ) from None
        return b"".join(parts)

    def _opening(self) -> dict[str, str]:
        """What opens the server."""
        where = self._address
        if where.token:
            return {"Authorization": f"Token {where.token}"}
        if where.user:
            return dict(urllib3.make_headers(basic_auth=f"{where.user}:{where.password or ''}"))
        return {}

    def _refused(self, status: int, data: bytes) -> SourceFailed:
        said = _sentence(data)
        if status in (401, 403):
            return self._failed(
                f"does not let us in ({status}{said})", "name a user who may read, or set INFLUX_TOKEN"
            )
        if 300 <= status < 400:
            return self._failed(f"sends us elsewhere ({status})", "name the address that answers itself")
        if status >= 500 or status == 429:
            return self._failed(f"cannot answer now ({status}{said})", "run this again", passing=True)
        return self._failed(f"refuses the question ({status}{said})", "see whether the database is right")

    def _failed(self, what: str, then: str, *, passing: bool = False) -> SourceFailed:
        kind = _Passing if passing else SourceFailed
        return kind(f'"{self._address.label}" {what}; {then}.')

    def failed(self, what: str, then: str) -> SourceFailed:
        """The error of an answer that is no answer."""
        return self._failed(what, then)


def _said(fault: Exception) -> str:
    """What went wrong, without the objects that the library names."""
    text = str(getattr(fault, "reason", None) or fault)
    return text.rpartition(": ")[2].strip(" )('\"")[:120] or type(fault).__name__


def _sentence(data: bytes) -> str:
    """What a server says of an error, in a few words."""
    text = data[:4096].decode("utf-8", "replace")
    try:
        told = json.loads(text)
        text = str(told.get("error") or told.get("message") or "")
    except (ValueError, AttributeError):
        text = text.strip().removeprefix("error").strip().strip('"')
    text = " ".join(text.split())[:160]
    return f": {text}" if text else ""
