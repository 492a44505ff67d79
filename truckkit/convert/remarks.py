"""Remarks on rows: what is wrong, and the words for it. Where nothing is wrong, no word is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis


@dataclass(frozen=True)
class Remark:
    """Where something is wrong (a test that every row pays for), and what is then said."""

    wrong: ibis.Value
    words: ibis.Value


def anything(remarks: Sequence[Remark]) -> ibis.Value:
    """True where one of the remarks is made."""
    return ibis.or_(*(each.wrong for each in remarks)) if remarks else ibis.literal(False)


def joined(remarks: Sequence[Remark]) -> ibis.Value:
    """Remarks in one text, nothing where there is none."""
    if not remarks:
        return ibis.null("string")
    said = ibis.array([where(each.wrong, each.words) for each in remarks])
    return where(anything(remarks), said.filter(lambda text: text.notnull()).join("; "))


def where(holds: ibis.Value, said: ibis.Value) -> ibis.Value:
    """A text where something holds, and nothing elsewhere."""
    return ibis.ifelse(holds, said, ibis.null("string"))
