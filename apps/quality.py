"""What answers rest on: ``/quality?when=2026-11-22%20day&truck=&source=&mark=``.

``when`` is a shift, a day of the site's clock or ``everything``; without it it is everything up to two days,
and the newest shift or day of more. ``truck`` (once or more) narrows it, ``mark`` is a kind of findings.
"""

from truckkit.site import Site
from truckkit.views.address import Address
from truckkit.views.page import show
from truckkit.views.quality import QualitySheet


def quality(site: Site, address: Address) -> QualitySheet:
    """The quality of the data in the time that the address asks for."""
    trucks = address.all("truck")
    return QualitySheet(
        site.truck(*trucks) if trucks else site,
        address.one("when"),
        mark=address.one("mark"),
        links=True,
        addressed=True,
    )


show("Quality", quality)
