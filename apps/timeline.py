"""The timeline of a store: ``/timeline?start=&stop=&at=&truck=&source=&lanes=&group=&sort=``.

``start`` and ``stop`` are the visible range, ``at`` is a moment, ``truck`` (once or more) narrows the
rows. A time is ISO 8601; one without an offset is site time. ``lanes=both`` compares what the FMS told
with what was detected, ``group`` is ``model`` or ``loader``, ``sort`` is a state or ``agreement``.
"""

from truckkit import errors
from truckkit.site import Site
from truckkit.views.address import Address
from truckkit.views.page import show
from truckkit.views.timeline import Timeline


def timeline(site: Site, address: Address) -> Timeline:
    """The timeline that the address asks for."""
    trucks = address.all("truck")
    lanes = address.one("lanes")
    if lanes not in ("", "both"):
        raise errors.unknown("lanes", lanes, ("both",), "the timeline")
    return Timeline(
        site.truck(*trucks) if trucks else site,
        start=address.one("start"),
        stop=address.one("stop"),
        at=address.one("at"),
        truck=trucks[0] if len(trucks) == 1 else "",
        replay="replay",
        lanes=lanes == "both",
        group=address.one("group"),
        sort=address.one("sort"),
        sizing_mode="stretch_both",
    )


show("Timeline", timeline)
