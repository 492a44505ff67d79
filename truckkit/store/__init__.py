"""The only place that says DuckDB: open, stage, publish, ledger."""

from truckkit.store import glance
from truckkit.store.draft import Draft, Facts, Load
from truckkit.store.pending import Pending
from truckkit.store.publish import Derive, publish
from truckkit.store.reader import Generation, Store

__all__ = ["Derive", "Draft", "Facts", "Generation", "Load", "Pending", "Store", "glance", "publish"]
