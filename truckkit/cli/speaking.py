"""What all verbs share: how they speak to people."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from truckkit.errors import TruckkitError

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LONGEST = 1_000


def shown(text: str) -> str:
    r"""Text that a terminal takes for nothing but text, for names of trucks and measurements may be anything.

    >>> shown("T\x1b[31m1")
    'T\\x1b[31m1'
    """
    told = _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
    return told if len(told) <= _LONGEST else told[:_LONGEST] + " …"


class _Console(Console):
    """Prints text as text, whatever stands in it."""

    def print(self, *objects: Any, **how: Any) -> None:
        super().print(*(shown(each) if isinstance(each, str) else each for each in objects), **how)


out = _Console(soft_wrap=True, markup=False, highlight=False)
err = _Console(stderr=True, soft_wrap=True, markup=False, highlight=False)

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
