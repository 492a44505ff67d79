"""Where one starts: the pages of this server and what its store holds."""

from truckkit.site import Site
from truckkit.views.address import Address
from truckkit.views.index import Index
from truckkit.views.page import show


def index(site: Site, _address: Address) -> Index:
    """The list of pages, with what the site holds."""
    return Index(site)


show("truckkit", index)
