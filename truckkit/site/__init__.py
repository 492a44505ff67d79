"""A site: narrows its tables and asks. It holds no analysis."""

from __future__ import annotations

import os
from pathlib import Path

from truckkit.errors import BadRequest
from truckkit.site.of_cycles import OfCycles
from truckkit.site.of_roads import OfRoads
from truckkit.site.of_time import OfTime
from truckkit.site.of_trust import OfTrust
from truckkit.store import Remote, Store

__all__ = ["OfCycles", "OfRoads", "OfTime", "OfTrust", "Site", "open_site"]


class Site(OfTime, OfCycles, OfRoads, OfTrust):
    """A mine's tables, narrowed to trucks, a window of time and one source of states.

    What is stored is a property, what is computed a method; both are plain ``ibis.Table``s. Answers
    that rest on observed time say in ``coverage`` how much of the time asked for was observed, and in
    ``doubt`` why not to trust them.

    Parameters
    ----------
    connection
        An Ibis connection to DuckDB or Spark that holds the tables of ``schema`` by their names: what
        ``ibis.duckdb.connect(…)`` or ``ibis.pyspark.connect(session)`` gave. Tables that it lacks are empty.
    store
        A store's folder, opened.
    parquet
        The folder that ``truckkit export`` wrote, or its address, for the connection to read. Of the days,
        those are read that a window asks for.
    detected
        The folder that ``detect_apart(…).write(…)`` made: its states, cycles and places are in the place of
        those that the store had detected.

    Examples
    --------
    >>> import truckkit as tk
    >>> site = tk.sample()
    >>> site.truck("T01").cycles.count().execute() > 5
    True

    The same on Spark, over what ``truckkit export mine --to exported`` wrote::

        spark = SparkSession.builder.getOrCreate()
        site = tk.Site(ibis.pyspark.connect(spark), parquet="exported")
    """


KEY = "TRUCKKIT_KEY"
"""The environment variable that holds the key for a service, where none is given."""


def open_site(path: str | Path, key: str | None = None) -> Site:
    """Open a store to read it, or a service of truckkit that reads one.

    Of a service, tables come when an answer needs them: of the trucks, window and source that the site
    is narrowed to, and no others. What came is kept while the site is used, and the rest is counted here.

    Parameters
    ----------
    path
        The folder that ``truckkit ingest`` or ``truckkit simulate`` made, or the address of a service,
        such as ``https://mine.example/api``.
    key
        A key for the service, as ``truckkit keys add`` showed it; without it, what the environment
        variable ``TRUCKKIT_KEY`` holds.

    Returns
    -------
    Site
        Lazy and read-only, on the newest generation.

    Raises
    ------
    NoStore, NewerStore, DamagedStore
        The folder is missing or no store, a newer truckkit wrote it, or files of it are gone; nothing
        at the address is a service of truckkit.
    SourceFailed
        The service does not answer, wants another key, or answers in part.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.open("nowhere")
    Traceback (most recent call last):
    truckkit.errors.NoStore: there is no store at ...
    """
    if isinstance(path, str) and path.lower().startswith(("http://", "https://")):
        return Site(store=Remote(path, os.environ.get(KEY, "") if key is None else key))
    if key is not None:
        raise BadRequest("a store in a folder wants no key; leave it out, or give the address of a service.")
    return Site(store=Store(path))
