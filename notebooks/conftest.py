"""Notebooks about real data run where it lies beside the checkout; truckkit ships none of it."""

from __future__ import annotations

import os
from pathlib import Path

_SHARED = Path(os.environ.get("TRUCKKIT_SHARED", Path(__file__).parent.parent.parent / "shared" / "data"))

collect_ignore_glob = [] if _SHARED.is_dir() else ["minez_*.ipynb"]
