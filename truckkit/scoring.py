"""Scoring a store: what was detected in it, held against the truth.

The truth is what the simulator kept beside the store, or a file that somebody else wrote. What counts
is said in ``score``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as compute
from ibis import _

from truckkit import convert, mapping, schema, score, truth
from truckkit.errors import BadInput, BadMapping, BadRequest, listed, unknown
from truckkit.ingest import hold_to_mapping
from truckkit.mapping import Mapping
from truckkit.score.places import ALIKE
from truckkit.site import Site, open_site
from truckkit.sources import files
from truckkit.store import Draft

_COLUMNS = ("truck", "state", "start", "stop")


def scored(store: str | Path, file: Path | None = None, mapping_name: str | None = None) -> dict[str, Any]:
    """How far what was detected in a store is from the truth.

    Parameters
    ----------
    store
        A store with detected states.
    file
        True states; without one the truth is what the simulator kept beside the store.
    mapping_name
        What reads the file, see ``states_of``.

    Returns
    -------
    dict
        As ``score.score`` says, or ``score.score_of_some`` for a file that does not tell of all time.
        Numbers that cannot be known are None.

    Raises
    ------
    TruckkitError
        There is no truth, or nothing was detected, or the file cannot be read, names trucks that the
        store does not know or tells of another time.
    """
    if mapping_name and file is None:
        raise BadRequest("a mapping reads a file of true states; name the file with --truth.")
    site = open_site(store)
    known = truth.kept(Path(store)) if file is None else None
    states = states_of(file, mapping_name) if file else known.states if known else None
    told = _told(site, store)
    _check_common(site, states, told, file or store)
    if known:
        return score.score(told, known)
    if score.tiles(states):
        return score.score(told, score.Truth(states, None, None, told.observed.slice(0, 0)))
    return score.score_of_some(told, states)


def _told(site: Site, store: str | Path) -> score.Told:
    detected = site.using("detected")
    states = detected.states.to_pyarrow()
    if states.num_rows == 0:
        raise BadRequest(f'nothing was detected in "{store}"; run "truckkit detect {store}" first.')
    places = site.places.filter(_.kind.isin(list(ALIKE)), _.x_m.notnull())
    was_given = bool(places.given.any().execute())
    found = places.filter(~_.given).to_pyarrow()
    samples = ibis.union(*(table.select("truck", "at") for table in (site.positions, site.telemetry)))
    return score.Told(
        states=states,
        cycles=detected.cycles.to_pyarrow(),
        # Where places are given, none has to be found.
        places=None if was_given and found.num_rows == 0 else found,
        observed=samples.group_by("truck").aggregate(start=_["at"].min(), stop=_["at"].max()).to_pyarrow(),
        shifts=site.shifts.select("start", "stop").to_pyarrow(),
    )


def _check_common(site: Site, states: pa.Table, told: score.Told, source: str | Path) -> None:
    """The truth and the samples have trucks and time in common."""
    for truck in sorted(set(states["truck"].to_pylist()) - set(site.truck_names)):
        raise unknown("truck", truck, site.truck_names, f'{site.name}, of which "{source}" tells')
    if not score.common(states, told.observed):
        first, last = (min(states["start"].to_pylist()), max(states["stop"].to_pylist()))
        raise BadInput(
            f'"{source}" tells of {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC, a time of which '
            "none of its trucks has samples; give the truth of the time that was stored."
        )


def states_of(path: Path, mapping_name: str | None) -> pa.Table:
    """True states from a CSV or Parquet file, as a mapping reads it: ``truck, state, start, stop``.

    Parameters
    ----------
    path
        The file.
    mapping_name
        A shipped mapping or a TOML file that reads the file into ``states``, or the columns in short,
        such as ``truck=vehicle_id,state=kind,start=from,stop=until``. Without one the columns have our
        own names.

    Returns
    -------
    pyarrow.Table
        One row per row of the file. A row that cannot be read is refused with all the others: a truth
        with holes would find fault with what is right.
    """
    using = _mapping(mapping_name)
    convert.check(using)
    named = files.found([path])
    if len(named) > 1:
        raise BadRequest(f'"{path}" holds {len(named)} files; name the one with the true states.')
    (path,) = named
    kind = using.kind_of(path)
    tables = kind.tables if kind else ()
    wanted = next((rows for rows in tables if rows.into is schema.STATE_INTERVALS), None)
    if kind is None or wanted is None or any(spec.lookup for spec in wanted.columns.values()):
        raise BadMapping(
            f'the mapping "{using.name}" does not read {path.name} into states without looking anything up; '
            "give one that does, or the columns as truck=…,state=…,start=…,stop=…"
        )
    rows = files.rows(path)
    hold_to_mapping(rows, kind, using)
    with Draft() as draft:
        with rows.reading() as stream:
            raw = draft.read("truth", stream)
        told = convert.rows(raw, wanted, using.time_zone, {})
        states = told.select(*_COLUMNS, "_line", "_reason").order_by("_line").to_pyarrow()
    refused = states.filter(compute.is_valid(states["_reason"]))
    faults = [f"row {row['_line']}: {row['_reason']}" for row in refused.to_pylist()]
    faults += [f"row {broken.line}: {broken.reason}" for broken in rows.broken]
    if faults:
        more = f" and {len(faults) - 3} rows more" if len(faults) > 3 else ""
        raise BadInput(
            f'"{path}" cannot be taken for the truth: {"; ".join(faults[:3])}{more}; mend the file.'
        )
    if states.num_rows == 0:
        raise BadInput(f'"{path}" holds no true state: it has column names and no rows.')
    return states.select(_COLUMNS)


def _mapping(name: str | None) -> Mapping:
    if name is not None and ("=" not in name or Path(name).is_file()):
        return mapping.read(name)
    columns = dict.fromkeys(_COLUMNS) | {each: each for each in _COLUMNS if name is None}
    for part in name.split(",") if name else ():
        ours, _, theirs = (word.strip() for word in part.partition("="))
        if ours not in columns or not theirs:
            raise BadMapping(
                f'"{part}" names none of {listed(_COLUMNS)}; write truck=…,state=…,start=…,stop=…'
            )
        columns[ours] = theirs
    if missing := [ours for ours, theirs in columns.items() if not theirs]:
        raise BadMapping(f'"{name}" does not say which column is {listed(missing)}; add {missing[0]}=…')
    return mapping.of_columns("states", {**columns, "source": {"value": "fms"}})
