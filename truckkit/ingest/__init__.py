"""Ingest: source → mapping → store, and what follows from the new rows, in one publish."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from truckkit import convert, describing, mapping
from truckkit.errors import BadRequest, listed
from truckkit.ingest import of_files
from truckkit.ingest.following import following
from truckkit.ingest.pace import Pace
from truckkit.ingest.past import Past
from truckkit.ingest.polling import Polling
from truckkit.ingest.staging import Progress, Staging, facts, hold_to_mapping
from truckkit.mapping import Mapping
from truckkit.sources import files, influx
from truckkit.store import Draft, Load, Pending, publish
from truckkit.times import When

__all__ = ["Polling", "hold_to_mapping", "ingest"]


def ingest(
    store: str | Path,
    paths: str | Path | Sequence[str | Path],
    mapping_name: str | None = None,
    progress: Progress = lambda _: None,
    remark: Progress = lambda _: None,
    *,
    since: When | None = None,
    until: When | None = None,
    detection: bool = True,
) -> list[Load]:
    """Bring data into a store, and detect what trucks did where it tells of something new.

    What the ledger knows adds nothing. Files are published together, or none of them; a server is read
    truck by truck and window by window, and published as it comes, with how far it was read.

    Parameters
    ----------
    store
        The folder; made where it is missing.
    paths
        Files and folders, see ``truckkit.sources.files``; a ``site.toml``, in which the mine says what it
        is itself, see ``truckkit.description``; or the address of an InfluxDB, see
        ``truckkit.sources.influx``.
    mapping_name
        A shipped mapping, or the path of a TOML file; a ``site.toml`` needs none.
    progress
        Told what is being done.
    remark
        Told which files of a folder, and which measurements, the mapping does not read.
    since, until
        Of a server, read from here, whatever was read before, and to here; text without an offset is time
        in the mapping's zone.
    detection
        False to leave it for ``detect``.

    Returns
    -------
    list of Load
        One per file, or per measurement of one: rows in = kept + rejected + duplicates.

    Raises
    ------
    BadMapping, BadInput, SourceFailed, StoreBusy, CannotWrite
        The store is then as it was, or as the last part that was published left it.
    """
    said = [paths] if isinstance(paths, (str, Path)) else list(paths)
    if other := [str(path) for path in said if influx.is_other_address(str(path))]:
        scheme = other[0].partition("://")[0]
        raise BadRequest(
            f'"{scheme}://…" is no address that is read; write a server as "influx://host:8086/database", '
            'or "influxs://…" over TLS, and name a file by its path.'
        )
    addresses = [str(path) for path in said if influx.is_address(str(path))]
    if not addresses:
        if since is not None or until is not None:
            raise BadRequest("since and until are for servers; files are read whole, so leave them out.")
        return _files(store, [Path(path) for path in said], mapping_name, progress, remark, detection)
    if len(said) > 1:
        raise BadRequest("a server is ingested by itself; name it alone, and the rest apart.")
    if mapping_name is None:
        raise BadRequest("a server cannot be read without a mapping; name one that says which field is what.")
    return Polling(store, addresses[0], mapping_name, progress, remark, detection=detection).poll(
        since, until
    )


def _files(
    store: str | Path,
    paths: Sequence[Path],
    mapping_name: str | None,
    progress: Progress,
    remark: Progress,
    detection: bool,
) -> list[Load]:
    own = [path for path in paths if path.suffix == ".toml"]
    named = [path for path in paths if path not in own]
    using = _using(mapping_name, named, own)
    chosen = of_files.chosen(files.found(named), named, using, remark) if using else []
    past = Past(Path(store))
    with Draft() as draft:
        if using:
            draft.site = facts(using)
        described = [describing.bring(draft, path, past.described) for path in own]
        if using:
            crs = draft.site.crs if draft.site else None
            staging = Staging(draft, using, crs or past.crs)
            pace = Pace(chosen, progress)
            for path in chosen:
                of_files.bring(staging, path, past.known, remark, pace)
        progress("publishing")

        def describe(pending: Pending) -> None:
            for each in described:
                describing.follow(pending, each)

        return publish(Path(store), draft, following(using, detection, progress, remark, describe))


def _using(name: str | None, named: Sequence[Path], own: Sequence[Path]) -> Mapping | None:
    """The mapping for files; none where there is nothing but what a site says of itself."""
    if name is None:
        if named:
            raise BadRequest(
                f"{listed(str(path) for path in named)} cannot be read without a mapping; "
                "name one that says which column is what."
            )
        return None
    if own and not named:
        raise BadRequest(
            f'the mapping "{name}" has nothing to read, for {listed(str(path) for path in own)} needs none; '
            "leave it out, or name the files that it reads."
        )
    using = mapping.read(name)
    convert.check(using)
    return using
