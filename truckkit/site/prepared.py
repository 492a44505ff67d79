"""A question that is put into SQL once and asked many times, each time with values of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa

from truckkit import schema, times
from truckkit.errors import BadRequest, listed, told
from truckkit.store import Question, slot, stated, whole, written

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
            if not (name.isidentifier() and name.isascii()):
                raise BadRequest(f"a value is named by a word such as fleet, and {told(name)} is none.")
            if kind not in _TYPES:
                raise BadRequest(f'the value "{name}" is {told(kind)}, and can be one of {listed(_TYPES)}.')
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

    def __call__(self, **values: Any) -> pa.Table:
        """The answer, on the store's newest generation, with these values."""
        return whole(self.asked(**values))

    def asked(self, **values: Any) -> Question:
        """The question with these values, for ``store.whole`` and ``store.Reading``."""
        if values.keys() != self._values.keys():
            raise BadRequest(f"the question takes {listed(self._values)}; it was given {listed(values)}.")
        said = {name: self._read(name, value) for name, value in values.items()}
        # Other threads may be at another generation; each goes on with what it has found.
        site = self._site = self._site.session()
        if site.opened is None:
            literals = {name: ibis.literal(said[name], _TYPES[kind]) for name, kind in self._values.items()}
            return stated(self._question(site, **literals))
        files: dict[str, tuple[str, ...]] = {}
        if self._window is not None:
            first, last = (said[bound] for bound in self._window)
            files = {name: site.opened.holders(name, first, last) for name in _SAMPLED}
        places = {name: slot(name, _TYPES[kind]) for name, kind in self._values.items()}
        return written(site.opened, self._key, lambda: self._question(site, **places), files).asked(said)

    def _read(self, name: str, value: Any) -> Any:
        """A value as tables hold it."""
        kind = self._values[name]
        if kind == _INSTANT:
            return times.stored(self._site.instant(value))
        # Numbers of NumPy are numbers too; Python takes true for one.
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if kind == "float64" and is_number:
            return float(value)
        if kind == "int64" and is_number and isinstance(value, Integral):
            return int(value)
        if isinstance(value, {"string": str, "boolean": bool}.get(kind, ())):
            return value
        raise BadRequest(f'the value "{name}" is {told(value)}, which is no {kind}.')
