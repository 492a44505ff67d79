"""The command line: ``truckkit VERB STORE …``; each module holds the verbs of one errand.

A verb's module is imported once that verb is asked for, since most of them need a second of imports
that ``truckkit --help`` does not.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

__all__ = ["VERBS", "app"]

VERBS = {
    "ingest": ("bringing", "Bring files, or what a server has, into a store; the same again adds nothing."),
    "simulate": (
        "bringing",
        "Simulate a mine into a store; its true states and cycles stand there as source fms.",
    ),
    "detect": ("bringing", "Detect places, states and cycles anew, from all samples of a store."),
    "info": ("looking", "What is in a store: tables, rows, period, trucks, loads, rejects."),
    "rejects": (
        "looking",
        "The rows that loads refused, or that said again what was known, each with its reason.",
    ),
    "score": ("looking", "How far the detected states, cycles and places are from the truth."),
    "serve": ("serving", "Serve dashboards and REST from a store; other machines only where it has keys."),
    "demo": ("serving", "Simulate a small mine into a temporary store and serve it."),
    "rollup": (
        "keeping",
        "Make one file of each month that has been over for a week, for a timer once a night.",
    ),
    "export": (
        "keeping",
        "Write what has changed as Parquet, a folder a table and day, for any other engine.",
    ),
    "prune": (
        "keeping",
        "Take away what happened before an instant; the ledger stays, so that it cannot come in again.",
    ),
    "check": ("keeping", "Look through every file of a store; exit code 1 where something is wrong."),
    "repair": (
        "keeping",
        "Go back to the newest generation that is whole, and set aside what is in its way.",
    ),
    "keys": ("admitting", "Keys of the REST service: who may read a store, and who may write."),
}
"""Each verb: the module that holds it, and the first line of its help."""


class Verbs(TyperGroup):
    """The verbs by name, of which the one that is asked for is imported."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """What to run, with what it needs."""
        if args and args[0] in VERBS:
            errand = import_module(f"truckkit.cli.{VERBS[args[0]][0]}")
            self.commands[args[0]] = get_group(errand.verbs).commands[args[0]]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=Verbs,
    help="Analytics for mining haul trucks: bring data in, look at it, serve it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # boxes cost twice the time of all the rest
)


def _named_only() -> None:
    """Stands for a verb in the list of verbs."""


for _name, (_errand, _line) in VERBS.items():
    app.command(_name, short_help=_line)(_named_only)
