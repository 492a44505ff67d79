"""A shift of a store: ``/shift?shift=2026-11-22%20day&truck=&source=&model=&mark=``.

Without ``shift`` it is the newest of which anything is told. ``truck`` (once or more) narrows it, ``model``
is a time usage model, ``mark`` what was clicked, as the page writes it.
"""

from truckkit.site import Site
from truckkit.views.address import Address
from truckkit.views.page import show
from truckkit.views.shift import ShiftSheet


def shift(site: Site, address: Address) -> ShiftSheet:
    """The shift that the address asks for."""
    trucks = address.all("truck")
    return ShiftSheet(
        site.truck(*trucks) if trucks else site,
        address.one("shift"),
        model=address.one("model") or "gmg",
        mark=address.one("mark"),
        links=True,
        addressed=True,
    )


show("Shift", shift)
