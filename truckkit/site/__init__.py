"""A site: narrows its tables and asks. It holds no analysis."""

from __future__ import annotations

from pathlib import Path

from truckkit.site.of_cycles import OfCycles
from truckkit.site.of_roads import OfRoads
from truckkit.site.of_time import OfTime
from truckkit.site.of_trust import OfTrust
from truckkit.store import Store

__all__ = ["OfCycles", "OfRoads", "OfTime", "OfTrust", "Site", "open_site"]


class Site(OfTime, OfCycles, OfRoads, OfTrust):
    """A mine's tables, narrowed to trucks, a window of time and one source of states.

    What is stored is a property, what is computed a method; both are plain ``ibis.Table``s. Answers
    that rest on observed time say in ``coverage`` how much of the time asked for was observed, and in
    ``doubt`` why not to trust them.

    Parameters
    ----------
    connection
        Any Ibis connection that holds the tables of ``schema``; the default is a ``store``.
    store
        A store's folder, opened.

    Examples
    --------
    >>> import truckkit as tk
    >>> site = tk.sample()
    >>> site.truck("T01").cycles.count().execute() > 5
    True
    """


def open_site(path: str | Path) -> Site:
    """Open a store to read it.

    Parameters
    ----------
    path
        The folder that ``truckkit ingest`` or ``truckkit simulate`` made.

    Returns
    -------
    Site
        Lazy and read-only, on the newest generation.

    Raises
    ------
    NoStore, NewerStore, DamagedStore
        The folder is missing or no store, a newer truckkit wrote it, or files of it are gone.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.open("nowhere")
    Traceback (most recent call last):
    truckkit.errors.NoStore: there is no store at ...
    """
    return Site(store=Store(path))
