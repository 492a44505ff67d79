"""Who may ask: whoever shows a key of the store, or reads with the cookie of Panel's login.

``Access`` stands around the whole app, so that no route can be without it, nor what is no route at all.
What wants no key is listed in ``OPEN``, path by path.
On the routers stands ``admitted``: it tells the documents of the key, and answers nobody whom ``Access``
has not seen. Routes that change data add ``may_write``.

Where the store has no keys and Panel no login, this machine alone may ask; ``Settings.open`` lets all in.
"""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Annotated, Literal

from fastapi import Request, Response, Security
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send
from tornado.web import decode_signed_value

from truckkit.api import logs
from truckkit.api.loopback import is_here
from truckkit.api.problems import answer_of, problem
from truckkit.api.rates import Rates, too_often
from truckkit.api.settings import Settings
from truckkit.errors import TruckkitError
from truckkit.store.keys import Ring, Role

PROBES = ("/health/live", "/health/ready")
"""What a load balancer asks, which has no key: each answers in one word."""

DOCUMENTS = (
    "/docs",
    "/openapi.json",
    "/static/swagger-ui.css",
    "/static/swagger-ui-bundle.js",
    "/static/favicon.png",
)
"""What the service is, for people whose address bar sends no key: the same over every mine."""

OPEN = (*PROBES, *DOCUMENTS)
"""What wants no key. Nothing here says anything of a mine, and all else is behind the door."""

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="truckkit"'}
_WRONG = {"WWW-Authenticate": 'Bearer realm="truckkit", error="invalid_token"'}


@dataclass(frozen=True)
class Who:
    """Who asks, and what they may."""

    name: str
    role: Role
    by: Literal["key", "login", "address"]


@dataclass
class Refused(Exception):
    """Why somebody may not ask."""

    status: int
    reason: str
    detail: str
    headers: dict[str, str]


# Who needs no key may not write: a page of any site can make a browser send a form to this machine.
HERE = Who("this machine", "read", "address")
ANYBODY = Who("anybody", "read", "address")


class Access:
    """Lets a request pass with the name of who asks in its state, or answers 401 or 403."""

    def __init__(self, app: ASGIApp, ring: Ring, settings: Settings, rates: Rates, prefix: str) -> None:
        self.app = app
        self._ring = ring
        self._rates = rates
        self._open = settings.open
        self._secret = settings.cookie_secret.get_secret_value() if settings.cookie_secret else None
        self._login_days = settings.login_days
        self._for_all = frozenset(prefix + path for path in OPEN)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            try:
                scope["state"]["who"] = self._who(scope)
            except Refused as refused:
                await self._refuse(scope, refused)(scope, receive, send)
                return
            except TruckkitError as fault:  # keys that cannot be read let nobody in
                await answer_of(Request(scope), fault)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _refuse(self, scope: Scope, refused: Refused) -> Response:
        wait_s = self._rates.wait_s(scope)
        if wait_s:  # and no line in the log: who tries a thousand keys does not fill the disk with it
            return too_often(Request(scope), wait_s)
        logs.refusal(scope, refused.status, refused.reason)
        return problem(Request(scope), refused.status, refused.detail, headers=refused.headers)

    def _who(self, scope: Scope) -> Who:
        open_to_all = scope["path"].removeprefix(scope.get("root_path", "")) in self._for_all
        if open_to_all and scope["method"] in ("GET", "HEAD"):
            return ANYBODY
        shown = [value for name, value in scope["headers"] if name == b"authorization"]
        wanted = self._secret is not None or self._ring.wanted
        # A key that is shown has to hold, wanted or not: who set one up wrongly hears of it at once.
        if shown and (wanted or shown[0][:7].lower() == b"bearer "):
            return self._by_key(shown)
        if wanted:
            if self._secret is not None and scope["method"] in ("GET", "HEAD"):
                login = self._by_login(scope, self._secret)
                if login is not None:
                    return login
            raise Refused(
                401,
                "no key",
                'a key is wanted here; send one as "Authorization: Bearer …", made by "truckkit keys add".',
                _CHALLENGE,
            )
        if self._open:
            return HERE if is_here(scope) else ANYBODY
        if not is_here(scope):
            raise Refused(
                403,
                "no keys, and another machine",
                "this service has no keys, so it answers only its own machine, asked as localhost and "
                'through no proxy; make a key with "truckkit keys add".',
                {},
            )
        return HERE

    def _by_key(self, shown: list[bytes]) -> Who:
        scheme, _, secret = shown[0].decode("latin-1").partition(" ")
        key = self._ring.find(secret.strip()) if len(shown) == 1 and scheme.lower() == "bearer" else None
        if key is None:
            reason, detail = "unknown key", "the key is none of this store's, or was revoked"
        elif key.expired:
            reason, detail = f"key {key.name} has expired", "the key has expired"
        else:
            return Who(key.name, key.role, "key")
        raise Refused(401, reason, f'{detail}; ask for a new one, made by "truckkit keys add".', _WRONG)

    def _by_login(self, scope: Scope, secret: str) -> Who | None:
        for name, value in scope["headers"]:
            if name == b"cookie":
                signed = _cookie(value.decode("latin-1"))
                user = signed and decode_signed_value(secret, "user", signed, max_age_days=self._login_days)
                if user:
                    return Who(f"login {user.decode('utf-8', 'replace')[:60]}", "read", "login")
        return None


class _Admitted(HTTPBearer):
    """The scheme that the documents name, and in the same step the check that ``Access`` stood in the way."""

    async def __call__(self, request: Request) -> Who:  # type: ignore[override]
        who: Who | None = request.scope.get("state", {}).get("who")
        if who is None:
            raise HTTPException(401, "nobody has looked at who asks.", headers=_CHALLENGE)
        return who


admitted = _Admitted(
    scheme_name="key",
    description='A key of the store, made by "truckkit keys add"; '
    "without keys, the service answers the machine that it runs on.",
)
"""Who asks; 401 where ``Access`` has not seen them, so that no app can be put together without it."""


async def may_write(request: Request, who: Annotated[Who, Security(admitted)]) -> Who:
    """Who asks, where they may change data; else 403, and a line in the audit log."""
    if who.role != "write":
        logs.refusal(request.scope, 403, "may only read")
        raise HTTPException(
            403,
            'this changes data, and what was shown may only read; use a key of the role "write", '
            'made by "truckkit keys add … --role write".',
            headers={"WWW-Authenticate": 'Bearer realm="truckkit", error="insufficient_scope"'},
        )
    return who


def _cookie(header: str) -> str | None:
    try:
        found = SimpleCookie(header[:16_384]).get("user")
    except CookieError:
        return None
    return found.value if found else None
