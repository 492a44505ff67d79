"""The verbs that say who may ask over REST: keys add, keys list, keys revoke."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from truckkit import times
from truckkit.cli.speaking import StoreFolder, err, out, verb
from truckkit.store import keys as ring
from truckkit.store import layout

verbs = typer.Typer(rich_markup_mode=None)
keys = typer.Typer(
    help="Keys of the REST service: who may read a store, and who may write.", no_args_is_help=True
)
verbs.add_typer(keys, name="keys")

KeyName = Annotated[str, typer.Argument(help="Name of the key.", show_default=False)]


@keys.command()
@verb
def add(
    store: StoreFolder,
    name: KeyName,
    role: Annotated[str, typer.Option(help="read, or write, which may do both.")] = "read",
    expires: Annotated[
        str | None, typer.Option(help="How long it lasts, such as 90d; else for good.")
    ] = None,
) -> None:
    """Make a key, and show it this once; from the first key on, nobody asks without one."""
    secret = ring.add(store, name, role, None if expires is None else times.length(expires))
    err.print(f'"{name}" may {role}. Keep the key: the store holds only its hash, and it is not shown again.')
    out.print(secret)


@keys.command("list")
@verb
def list_(store: StoreFolder) -> None:
    """The keys of a store: name, role, when they were made and when they end."""
    layout.current(store)
    table = Table("key", "role", "made", "expires", box=None)
    held = ring.held(store)
    for key in held:
        ends = f"{key.expires:%Y-%m-%d %H:%M} UTC" if key.expires else "never"
        table.add_row(
            key.name, key.role, f"{key.made:%Y-%m-%d %H:%M} UTC", f"{ends} (over)" if key.expired else ends
        )
    if held:
        out.print(table)
    out.print(f"{store}: {len(held)} keys.")


@keys.command()
@verb
def revoke(store: StoreFolder, name: KeyName) -> None:
    """Take a key back; a running service knows it from the next request on."""
    ring.revoke(store, name)
    left = len(ring.held(store))
    out.print(f'"{name}" is revoked; {left} keys are left.')
    if not left:
        err.print(
            f"nobody can ask over REST now; make a key, or take away {layout.KEYS} in the store's folder "
            "to serve this machine without keys."
        )
