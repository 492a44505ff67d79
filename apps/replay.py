"""The replay of a store, at what its address asks for; ``Shown`` of ``views/sharing.py`` says each word.

``/replay?start=&stop=&at=&truck=&only=&speed=&source=&paths=&backdrop=&period=&compare=&trail=&view=&range=&loop=``:
``start`` and ``stop`` are the window, ``at`` is the moment to stand at, ``truck`` is followed (more than
one: they alone are shown, as with ``only``), ``speed`` is in times of the real one. A time is ISO 8601; one
without an offset is site time.
"""

from truckkit.site import Site
from truckkit.views.address import Address
from truckkit.views.page import show
from truckkit.views.replay import Replay
from truckkit.views.sharing import Shown


def replay(site: Site, address: Address) -> Replay:
    """The replay that the address asks for."""
    shown = Shown.read(address, site)
    narrowed = site.between(*shown.window) if shown.window else site
    return Replay(
        narrowed.truck(*shown.only) if shown.only else narrowed,
        at=shown.at,
        truck=shown.truck,
        speed=shown.speed,
        shown=shown,
        page=True,
        sizing_mode="stretch_both",
    )


show("Replay", replay)
