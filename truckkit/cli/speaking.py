"""What all verbs share: the app that they belong to, and how they speak to people."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from truckkit.errors import TruckkitError

app = typer.Typer(
    help="Analytics for mining haul trucks: bring data in, look at it, serve it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console(soft_wrap=True, markup=False, highlight=False)
err = Console(stderr=True, soft_wrap=True, markup=False, highlight=False)

StoreFolder = Annotated[Path, typer.Argument(help="The folder of the store.", show_default=False)]


def verb(command: Callable[..., None]) -> Callable[..., None]:
    """Errors that truckkit raises on purpose end the command with their sentence and exit code 2."""

    @functools.wraps(command)
    def spoken(*arguments: Any, **named: Any) -> None:
        try:
            command(*arguments, **named)
        except TruckkitError as fault:
            err.print(f"truckkit: {fault}")
            raise typer.Exit(2) from None

    return spoken
