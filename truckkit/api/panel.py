"""What ``panel serve --rest-provider truckkit --rest-endpoint api`` asks for: the service's routes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from panel.config import config
from tornado.web import RedirectHandler

from truckkit import served
from truckkit.api.app import create_app
from truckkit.api.asgi import Bridge
from truckkit.api.settings import Settings


def routes(files: Sequence[str], endpoint: str) -> list[tuple[Any, ...]]:
    """The routes that carry the service over the store that ``TRUCKKIT_STORE`` names.

    Where an app ``index`` is served, the root leads to it.

    >>> [route[0] for route in routes(["apps/index.py"], "api")]
    ['(?P<path>/api(?:/.*)?)', '/?']
    """
    prefix = "/" + endpoint.strip("/")
    settings = Settings()

    def app() -> FastAPI:
        # Panel knows its own login when it has started: of the command line, or of the environment.
        login = {"cookie_secret": config.cookie_secret, "login_days": config.oauth_expiry}
        signed = Settings(**settings.model_dump(exclude=set(login)), **login)
        return create_app(served.site, prefix, signed, served.folder())

    service = (f"(?P<path>{prefix}(?:/.*)?)", Bridge(app, most_body=settings.body_bytes))
    if not any(Path(file).stem == "index" for file in files):
        return [service]
    # Panel's own index asks another machine for its fonts.
    return [service, ("/?", RedirectHandler, {"url": "index", "permanent": False})]
