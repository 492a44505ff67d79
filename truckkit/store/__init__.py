"""The only place that says DuckDB: open, stage, publish, ledger; and what keeps a store well."""

from truckkit.store import glance, keys
from truckkit.store.ahead import read_ahead
from truckkit.store.apart import hub
from truckkit.store.asking import Question, Reading, Statement, stated, whole
from truckkit.store.bound import of_window, slot, written
from truckkit.store.check import Finding, check
from truckkit.store.draft import Draft, Facts, Load
from truckkit.store.export import Exported, export
from truckkit.store.pending import Pending
from truckkit.store.prune import Pruned, prune
from truckkit.store.publish import Derive, publish
from truckkit.store.reader import Generation, Store
from truckkit.store.remote import Lent, Remote
from truckkit.store.repair import Repaired, repair
from truckkit.store.resident import Resident
from truckkit.store.rollup import Rolled, rollup
from truckkit.store.selecting import samples

__all__ = [
    "Derive",
    "Draft",
    "Exported",
    "Facts",
    "Finding",
    "Generation",
    "Lent",
    "Load",
    "Pending",
    "Pruned",
    "Question",
    "Reading",
    "Remote",
    "Repaired",
    "Resident",
    "Rolled",
    "Statement",
    "Store",
    "check",
    "export",
    "glance",
    "hub",
    "keys",
    "of_window",
    "prune",
    "publish",
    "read_ahead",
    "repair",
    "rollup",
    "samples",
    "slot",
    "stated",
    "whole",
    "written",
]
