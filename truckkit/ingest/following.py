"""What follows from the rows that a publish is about to store."""

from __future__ import annotations

from collections.abc import Callable

from truckkit import derive, detecting, revising
from truckkit.ingest.staging import Progress
from truckkit.mapping import Mapping
from truckkit.store import Pending

Note = Callable[[Pending], None]
"""What a kind of source adds of its own."""


def following(
    using: Mapping | None, detection: bool, progress: Progress, remark: Progress, own: Note
) -> Callable[[Pending], None]:
    """Derive, add the source's own, detect what trucks did, and say which answers changed."""

    def follows(pending: Pending) -> None:
        derive.everything(pending, using.shifts if using else ())
        own(pending)
        if detection and using:
            detecting.changed(pending, progress, remark)
        revising.note(pending)

    return follows
