"""Rows of a source, as a mapping says, become rows of ``schema``; doubts become words in them.

Every function here makes Ibis expressions; nothing runs.
"""

from truckkit.convert.table import AHEAD, Answers, content, rows
from truckkit.convert.units import check, conversion

__all__ = ["AHEAD", "Answers", "check", "content", "conversion", "rows"]
