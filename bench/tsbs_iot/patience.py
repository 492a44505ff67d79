"""How long a system is waited for: one of InfluxDB's answers takes minutes where all others take a second."""

from __future__ import annotations

PATIENCE_S = 60.0
"""After so long an answer is given up, and neither compared nor asked for again."""

LONG_S = 5.0
"""Who takes longer is asked twice, and not by many at once."""


class TookTooLong(Exception):
    """No answer came in time."""
