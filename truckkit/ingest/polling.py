"""A server that is read again and again: each time from where each truck stands."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

from truckkit import convert, mapping, times
from truckkit.errors import SourceFailed, StoreBusy
from truckkit.ingest.following import following
from truckkit.ingest.of_influx import Reading
from truckkit.ingest.past import Past
from truckkit.ingest.staging import Progress, Staging, facts
from truckkit.sources import influx
from truckkit.store import Draft, Load, publish
from truckkit.times import When

_PATIENCE_S = 30.0
"""So long a publish waits for another writer."""
_LONGEST_WAIT_S = 300.0
"""A server that does not answer is asked again after this at the latest."""


class Polling:
    """Reads a server into a store, once or over and over; for one thread."""

    def __init__(
        self,
        store: str | Path,
        url: str,
        mapping_name: str,
        progress: Progress = lambda _: None,
        remark: Progress = lambda _: None,
        *,
        detection: bool = True,
    ) -> None:
        self._store = Path(store)
        self._url = url
        self._using = mapping.read(mapping_name)
        convert.check(self._using)
        self._progress, self._remark = progress, remark
        self._detection = detection
        self._first = True

    def poll(self, since: When | None = None, until: When | None = None) -> list[Load]:
        """Read on from where each truck stands, or from ``since``, and publish it.

        Returns
        -------
        list of Load
            One per measurement and publish; none where there was nothing.
        """
        zone = times.zone(self._using.time_zone)
        if since is not None and until is not None:
            times.window(since, until, zone)
        server = influx.connect(self._url)
        past = Past(self._store)
        reading = Reading(
            server,
            self._using,
            past,
            since=None if since is None else times.instant(since, zone),
            until=None if until is None else times.instant(until, zone),
            first=self._first,
            progress=self._progress,
            remark=self._remark,
        )
        loads: list[Load] = []
        more = True
        while more:
            with Draft() as draft:
                draft.site = facts(self._using)
                more = reading.fill(Staging(draft, self._using, past.crs))
                if draft.loads:
                    loads += self._published(draft, reading)
        self._first = False
        return loads

    def _published(self, draft: Draft, reading: Reading) -> list[Load]:
        self._progress("publishing")
        follows = following(self._using, self._detection, self._progress, self._remark, reading.note)
        return publish(self._store, draft, follows, wait_s=_PATIENCE_S)

    def follow(
        self,
        every: timedelta,
        stop: threading.Event,
        loaded: Progress = lambda _: None,
        since: When | None = None,
    ) -> None:
        """Poll until ``stop`` is set; a server that fails, and a store that is busy, are asked again.

        ``loaded`` is told of each poll that brought something.
        """
        failed = 0
        while not stop.is_set():
            try:
                loads = self.poll(since)
            except (SourceFailed, StoreBusy) as fault:
                failed += 1
                wait_s = min(every.total_seconds() * 2 ** min(failed, 8), _LONGEST_WAIT_S)
                wait_s = max(wait_s, min(1.0, every.total_seconds()))
                self._remark(f"{fault} Asking again in {wait_s:.0f} s.")
                stop.wait(wait_s)
                continue
            since, failed = None, 0
            kept = sum(load.kept for load in loads if not load.known)
            if kept:
                loaded(f"{sum(load.rows_in for load in loads):,} points read, {kept:,} kept")
            stop.wait(every.total_seconds())
