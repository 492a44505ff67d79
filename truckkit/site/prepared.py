"""A question that is put into SQL once and asked many times, each time with values of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa

from truckkit import schema, times
from truckkit.errors import BadRequest, TruckkitError, listed, told
from truckkit.store import Question, Resident, Store, slot, stated, whole, written

if TYPE_CHECKING:
    from truckkit.site.narrowed import Narrowed

_SAMPLED = tuple(table.name for table in schema.TABLES.values() if table.sampled)

_INSTANT = "timestamp"
_TYPES: Mapping[str, str] = {
    "string": schema.TEXT,
    "float64": schema.NUMBER,
    "int64": schema.COUNT,
    "boolean": schema.FLAG,
    _INSTANT: schema.INSTANT,
}
"""The words for what a value can be, and the types that columns have."""


_OVER = 2**63
"""The first number that no int64 holds."""

_PATIENCE_S = 5.0
"""After so long an answer of a generation that was the newest is too old, and the newest is waited for."""


@dataclass(frozen=True)
class _Of:
    """A question on one generation; a connection that is no store knows no places, so there are no rows."""

    site: Narrowed
    rows: ibis.Table | None = None
    resident: Resident | None = None


class Prepared:
    """A question with places for values; ``Site.prepared`` makes it, and says what it takes.

    It can be asked from many threads at once.
    """

    def __init__(
        self,
        site: Narrowed,
        question: Callable[..., ibis.Table],
        values: Mapping[str, str],
        window: tuple[str, str] | None = None,
    ) -> None:
        for name, kind in values.items():
            if not (isinstance(name, str) and name.isidentifier() and name.isascii()):
                raise BadRequest(f"a value is named by a word such as fleet, and {told(name)} is none.")
            if not isinstance(kind, str) or kind not in _TYPES:
                raise BadRequest(f'the value "{name}" is {told(kind)}, and can be one of {listed(_TYPES)}.')
        if len({name.lower() for name in values}) < len(values):
            raise BadRequest(
                f"DuckDB knows no capitals in the names of values, so no two may be {listed(values)}."
            )
        if window is not None and [values.get(bound) for bound in window] != [_INSTANT] * 2:
            raise BadRequest(
                f'a window is two of the question\'s values that are "{_INSTANT}", start and stop; '
                f"the question has {listed(values)}."
            )
        self._site = site
        self._question = question
        self._values = dict(values)
        self._window = window
        self._key = object()  # itself it would hold the generation that what is written goes with
        self._lock = threading.Lock()
        self._of: _Of | None = None
        self._newest_at = 0.0  # when that generation was seen to be the newest, by time.monotonic()
        self._is_opening = False

    def __call__(self, /, **values: Any) -> pa.Table:
        """The answer, on the store's newest generation, with these values."""
        said, of = self._said(values), self._newest()
        return of.resident.asked(said) if of.resident else whole(self._stated(of, said))

    def asked(self, /, **values: Any) -> Question:
        """The question with these values, for ``store.whole`` and ``store.Reading``."""
        return self._stated(self._newest(), self._said(values))

    def _said(self, values: Mapping[str, Any]) -> dict[str, Any]:
        if values.keys() != self._values.keys():
            raise BadRequest(f"the question takes {listed(self._values)}; it was given {listed(values)}.")
        return {name: self._read(name, value) for name, value in values.items()}

    def _stated(self, of: _Of, said: Mapping[str, Any]) -> Question:
        if of.rows is None:
            literals = {name: ibis.literal(said[name], _TYPES[kind]) for name, kind in self._values.items()}
            return stated(self._asked_of(of.site, literals))
        generation, rows = of.site.opened, of.rows
        assert generation is not None
        files: dict[str, tuple[str, ...]] = {}
        if self._window is not None:
            first, last = (said[bound] for bound in self._window)
            files = {name: generation.holders(name, first, last) for name in _SAMPLED}
        return written(generation, self._key, lambda: rows, files).asked(said)

    # Which generation ---------------------------------------------------------------------------

    def _newest(self) -> _Of:
        """The question on the newest generation; other threads may be at another, each goes on with its own.

        To open what another process has published takes a tenth of a second: it is opened behind those who
        ask, who are told of the generation before until that is done. What this process publishes it waits
        for, so that it reads what it wrote.
        """
        of, store = self._of, self._site.store
        if of is None or not isinstance(store, Store):
            return self._made()
        now = time.monotonic()
        if of.site.generation is not None and store.is_at(of.site.generation):
            self._newest_at = now
            return of
        if store.moved_here() or now - self._newest_at > _PATIENCE_S:
            return self._made()
        with self._lock:
            is_first, self._is_opening = not self._is_opening, True
        if is_first:
            threading.Thread(target=self._make_behind, name="truckkit-prepared").start()
        return of

    def _make_behind(self) -> None:
        # What fails here fails for who asks, once it is waited for.
        try:
            with suppress(TruckkitError):
                self._made()
        finally:
            self._is_opening = False

    def _made(self) -> _Of:
        """The question, made for the newest generation."""
        now, site = time.monotonic(), self._site.session()
        self._newest_at = now
        if self._of is not None and self._of.site is site:
            return self._of
        rows = resident = None
        if site.opened is not None:
            places = {name: slot(name, _TYPES[kind]) for name, kind in self._values.items()}
            rows = self._asked_of(site, places)
            resident = Resident.of(rows, site.opened) if self._window is None else None
        of = _Of(site, rows, resident)
        with self._lock:
            # Who was slow to make an older one keeps that to itself.
            if self._of is None or (site.generation or 0) >= (self._of.site.generation or 0):
                self._site, self._of = site, of
        return of

    def _asked_of(self, site: Narrowed, values: Mapping[str, ibis.Scalar]) -> ibis.Table:
        rows = self._question(site, **values)
        if not isinstance(rows, ibis.Table):
            raise BadRequest(
                f"a question that is prepared gives a table of its site, and this one gave {told(rows)}."
            )
        return rows

    def _read(self, name: str, value: Any) -> Any:
        """A value as tables hold it."""
        kind = self._values[name]
        if kind == _INSTANT:
            return times.stored(self._site.instant(value))
        # Numbers of NumPy are numbers too; Python takes true for one.
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if kind == "float64" and is_number:
            with suppress(OverflowError):
                return float(value)
        if kind == "int64" and is_number and isinstance(value, Integral) and -_OVER <= int(value) < _OVER:
            return int(value)
        # Half a character, as the surrogates are, is no text.
        if kind == "string" and isinstance(value, str) and value == value.encode(errors="ignore").decode():
            return value
        if kind == "boolean" and isinstance(value, bool):
            return value
        raise BadRequest(f'the value "{name}" is {told(value)}, which is no {kind}.')
