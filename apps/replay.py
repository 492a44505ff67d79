"""The replay of a store: ``/replay?start=&stop=&at=&truck=&speed=&source=``.

``start`` and ``stop`` are the window, ``at`` is the moment to stand at, ``truck`` is followed (more than
one: they alone are shown), ``speed`` is in times of the real one. A time is ISO 8601; one without an
offset is site time.
"""

from truckkit.errors import BadRequest
from truckkit.site import Site
from truckkit.views.address import Address
from truckkit.views.page import show
from truckkit.views.replay import Replay


def replay(site: Site, address: Address) -> Replay:
    """The replay that the address asks for."""
    trucks = address.all("truck")
    start, stop = address.one("start"), address.one("stop")
    if bool(start) != bool(stop):
        raise BadRequest('the address gives one end of a window; give both "start" and "stop", or neither.')
    speed = address.one("speed") or "60"
    try:
        times = float(speed)
    except ValueError:
        raise BadRequest(f'the speed "{speed[:40]}" is not a number; give one from 0.1 to 1000.') from None
    narrowed = site.between(start, stop) if start else site
    return Replay(
        narrowed.truck(*trucks) if len(trucks) > 1 else narrowed,
        at=address.one("at") or None,
        truck=trucks[0] if len(trucks) == 1 else "",
        speed=times,
        sizing_mode="stretch_both",
    )


show("Replay", replay)
