"""The page around a view: what is shown, how fresh it is, the way to the other pages, light or dark.

Nothing on it comes from another machine. Names of sites and trucks are set as text, never as markup.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from importlib.resources import files
from typing import TYPE_CHECKING

import panel as pn
import param
from panel.custom import JSComponent
from panel.viewable import Viewable, Viewer
from panel_material_ui.template.base import Page

from truckkit import served
from truckkit.errors import TruckkitError
from truckkit.views import clock, scene
from truckkit.views.address import Address

if TYPE_CHECKING:
    from truckkit.site import Site

PAGES = (
    ("Replay", "replay"),
    ("Timeline", "timeline"),
    ("Shift", "shift"),
    ("Quality", "quality"),
    ("REST", "api/docs"),
)
"""The pages that a head leads to, each with its address beside this one."""

# Data has the colour, chrome has none.
_LIGHT = {
    "palette": {"primary": {"main": "#37474F"}, "background": {"default": "#FFFFFF", "paper": "#FFFFFF"}}
}
_DARK = {
    "palette": {"primary": {"main": "#B0BEC5"}, "background": {"default": "#14181B", "paper": "#14181B"}}
}
_CHROME = {
    "& .header": {
        "backgroundColor": "background.paper",
        "backgroundImage": "none",
        "color": "text.primary",
        "boxShadow": "none",
        "borderBottom": "1px solid",
        "borderColor": "divider",
    },
    # What does not fit the head of a phone is cut, not pushed out of sight.
    "& .header .MuiToolbar-root > .MuiBox-root": {"minWidth": 0},
    "& .MuiToolbar-root": {"minHeight": "48px !important", "paddingLeft": "12px", "paddingRight": "12px"},
}


class PageHead(JSComponent):
    """The words at the top of a page. ``newest_ms`` is in milliseconds since 1970."""

    site = param.String("")
    simulated = param.Boolean(False)
    window = param.String("")
    newest = param.String("")
    newest_ms = param.Number(0)
    pages = param.List([])
    current = param.String("")
    dark = param.Boolean(False)

    _esm = files("truckkit.views").joinpath("page.js").read_text("utf-8")
    _stylesheets = [files("truckkit.views").joinpath("page.css").read_text("utf-8")]  # noqa: RUF012


class Sentence(JSComponent):
    """One calm sentence in the place of a view, such as what is wrong with the address."""

    sentence = param.String("")

    _esm = """
    export function render({ model }) {
      const said = document.createElement("p");
      said.setAttribute("role", "status");
      said.textContent = model.sentence;
      return said;
    }
    """
    _stylesheets = ["p { margin: 32px 24px; max-width: 70ch; font-size: 16px; overflow-wrap: anywhere; }"]  # noqa: RUF012


def show(title: str, build: Callable[[Site, Address], Viewable | Viewer]) -> None:
    """Serves one page: opens the site, narrows it as the address asks, and shows what ``build`` makes.

    What truckkit refuses (an unknown truck, a time that cannot be read) stands on the page as the
    sentence of its error.

    Parameters
    ----------
    title
        The page's name, one of ``PAGES`` or ``"truckkit"``.
    build
        Makes the view from the site and the address.
    """
    # Said to be none, the scripts of Panel's extensions stay away: a table's alone are half a megabyte.
    pn.extension()
    address = Address.of_page()
    site: Site | None = None
    try:
        site = served.site()
        site = address.narrow(site)
        view = build(site, address)
    except TruckkitError as error:
        view = Sentence(sentence=f"{error}", sizing_mode="stretch_width")
    page(title, view, site).servable(title=f"{title} · {site.name}" if site else title)


def page(title: str, view: Viewable | Viewer, site: Site | None) -> Page:
    """A page with truckkit's head around a view.

    Parameters
    ----------
    title
        The page's name.
    view
        What fills the page.
    site
        The site that the head tells of; None where none could be opened.
    """
    dark = pn.state.cookies.get("truckkit_theme") == "dark"
    head = PageHead(pages=[list(entry) for entry in PAGES], current=title, dark=dark, **_told(site))
    made = Page(
        header=[head],
        main=[view],
        dark_theme=dark,
        theme_config={"light": _LIGHT, "dark": _DARK},
        sx=_CHROME,
        # The template puts the title between quotes as it is.
        meta_title=html.escape(title),
        busy_indicator=None,
    )
    # The browser knows what its reader prefers, the page's own button changes it; both move both.
    head.link(made, dark="dark_theme", bidirectional=True)
    return made


def _told(site: Site | None) -> dict[str, str | int]:
    """What the head says of a site."""
    if site is None:
        return {}
    told: dict[str, str | int] = {"site": site.name, "simulated": site.simulated}
    if site.start is None or site.stop is None:
        return told
    start, stop = (f"{at.astimezone(site.zone):%Y-%m-%d %H:%M}" for at in (site.start, site.stop))
    newest = scene.newest(site) or site.stop
    return told | {
        "window": f"{start} – {stop[11:] if stop[:10] == start[:10] else stop}",
        "newest": f"{newest.astimezone(site.zone):%Y-%m-%d %H:%M:%S}",
        "newest_ms": clock.milliseconds(newest),
    }
