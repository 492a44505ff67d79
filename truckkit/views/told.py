"""Answers as plain rows, for views that put them into words."""

from __future__ import annotations

from typing import Any

import ibis

Rows = list[dict[str, Any]]


def rows(table: ibis.Table) -> Rows:
    """The rows of an answer."""
    found: Rows = table.to_pyarrow().to_pylist()
    return found
