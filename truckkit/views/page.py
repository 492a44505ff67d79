"""The page around a view: what is shown, how fresh it is, the way to the other pages, light or dark.

Its frame is plain HTML that stands before any script has come: a component library's Page took a third of all
that a browser did to open a replay. Nothing on it comes from another machine. Names are set as text, never as
markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import panel as pn
import param
from bokeh.embed.bundle import extension_dirs
from jinja2 import Environment, FunctionLoader, Template
from panel.viewable import Viewable, Viewer

from truckkit import served
from truckkit.errors import TruckkitError
from truckkit.views import clock, scene
from truckkit.views.address import Address
from truckkit.views.assets import assets
from truckkit.views.plain import PlainComponent

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

# Asked for on every page, though no page of ours holds a plot to draw or a module that a map has to find.
_NEEDLESS = re.compile(r"<script[^>]*/(?:bokeh-gl|es-module-shims)\.[^>]*></script>")


def _frame() -> Template:
    """The page's HTML; its style and script stand in it, so that it waits for nothing."""
    made = Environment(loader=FunctionLoader(assets), autoescape=lambda name: name == "page.html")
    made.filters["needed"] = lambda scripts: _NEEDLESS.sub("", scripts)
    return made.get_template("page.html")


_FRAME = _frame()


def _typeface() -> str:
    """Where the typeface's style sheet lies beside Panel's files; Panel Material UI brings it."""
    package = find_spec("panel_material_ui")
    assert package is not None
    assert package.origin is not None
    # Served without its components, whose import would add a quarter of a second to a start.
    extension_dirs["panel-material-ui"] = Path(package.origin).parent / "dist"
    return "../panel-material-ui/panel-material-ui.bundle.css"


_TYPEFACE = _typeface()


class Sentence(PlainComponent):
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
    view.servable(title=f"{title} · {site.name}" if site else title)
    # An app that is run by itself has no page.
    if document := pn.state.curdoc:
        document.template = _FRAME
        document.template_variables.update(pages=PAGES, current=title, typeface=_TYPEFACE, **_told(site))


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
