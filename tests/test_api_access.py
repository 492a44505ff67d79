"""Who may ask: every route, every way to show a key, and no key in any answer or line of a log."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI, Request, Security
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from stores import write
from tornado.web import create_signed_value

import truckkit as tk
from truckkit.api import models
from truckkit.api.access import OPEN, Who, admitted, may_write
from truckkit.api.app import create_app, from_environment
from truckkit.api.logs import audit
from truckkit.api.panel import routes
from truckkit.api.settings import Settings
from truckkit.store import Facts, keys, layout

SECRET = "a cookie's secret"
SHUT = {"open": False, "cookie_secret": None}
HERE = {"base_url": "http://localhost", "client": ("127.0.0.1", 50_000)}


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return write(tmp_path / "mine", Facts(name="mine"), trucks=[{"truck": "T01", "given": True}])


def service(mine: Path, **settings: object) -> FastAPI:
    """The service, and a route that writes."""
    app = create_app(tk.open(mine), settings=Settings(**{**SHUT, **settings}))
    router = APIRouter(dependencies=[Security(may_write)])

    @router.post("/api/v1/notes")
    async def note(request: Request) -> dict[str, str]:
        audit(request, "note made", note="n1")
        return {"note": "n1"}

    @router.get("/api/v1/failing")
    async def failing(request: Request) -> None:
        raise RuntimeError(f"the client said {request.headers['authorization']}")

    app.include_router(router)
    return app


def asking(mine: Path, **settings: object) -> TestClient:
    return TestClient(service(mine, **settings), raise_server_exceptions=False, **HERE)


def bearing(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def expired(mine: Path, name: str) -> str:
    secret = keys.add(mine, name, "write", timedelta(seconds=1))
    said = json.loads((mine / layout.KEYS).read_text())
    for key in said["keys"]:
        if key["name"] == name:
            key["expires"] = "2026-01-01T00:00:00+00:00"
    (mine / layout.KEYS).write_text(json.dumps(said))
    return secret


def paths(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every route that the app has, documented or not, with names in the place of parameters."""
    for context in iter_route_contexts(app.routes):
        path = re.sub(r"\{[^}]*\}", "T01", context.path or "")
        if path == "/api/static":
            path = "/api/static/swagger-ui.css"
        for method in sorted(context.methods or {"GET"}):
            yield method, path


OPEN_PATHS = {
    # A load balancer has no key; each answers in one word.
    "/api/health/live",
    "/api/health/ready",
    # A browser's address bar sends none; they are the same over every mine.
    "/api/docs",
    "/api/openapi.json",
    "/api/static/swagger-ui.css",
    "/api/static/swagger-ui-bundle.js",
    "/api/static/favicon.png",
}
"""All that wants no key; what is added here has to have a reason."""


def test_what_wants_no_key_is_named_path_by_path() -> None:
    assert {f"/api{path}" for path in OPEN} == OPEN_PATHS


def test_the_documents_say_nothing_of_a_mine(tmp_path: Path) -> None:
    said = []
    for name in ("Chuquicamata", "Escondida"):
        folder = write(tmp_path / name, Facts(name=name), trucks=[{"truck": f"of {name}", "given": True}])
        keys.add(folder, "planner", "read")
        client = asking(folder)
        said.append(
            [client.get(path).text for path in sorted(OPEN_PATHS) if path.endswith((".json", "docs"))]
        )
    assert said[0] == said[1]


def test_no_route_answers_without_a_key_that_holds(mine: Path) -> None:
    app = service(mine)
    secret, revoked = keys.add(mine, "planner", "read"), keys.add(mine, "gone", "write")
    keys.revoke(mine, "gone")
    shown: list[dict[str, str]] = [
        {},
        bearing(revoked),
        bearing(expired(mine, "old")),
        bearing(secret[:-1]),
        {"Authorization": f"Basic {secret}"},
        {"Authorization": secret},
        {"Authorization": "Bearer"},
        {"Authorization": ""},
    ]
    client = TestClient(app, raise_server_exceptions=False, **HERE)
    every = [
        *paths(app),
        ("GET", "/api/v1/nothing"),
        ("GET", "/"),
        ("OPTIONS", "/api/v1/trucks"),
        ("BREW", "/api"),
        ("POST", "/api/docs"),
        ("GET", "/api/docs/"),
        ("GET", "/api%2Fdocs"),
        ("GET", "/api/docs/../v1/trucks"),
        ("GET", "/api/openapi.json/v1/trucks"),
        ("GET", "/api/static/redoc.standalone.js"),
        ("GET", "/api/static/..%2F..%2F__init__.py"),
    ]
    assert {path for _, path in every} > {"/api/docs", "/api/openapi.json", "/api/metrics", "/api/v1/trucks"}
    for method, path in every:
        for headers in shown:
            answer = client.request(method, path, headers=headers)
            if path in OPEN_PATHS and method in ("GET", "HEAD"):
                assert answer.status_code == 200, path
                continue
            assert answer.status_code == 401, (method, path, headers)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.headers["content-type"] == "application/problem+json"
            if method != "HEAD":
                models.Problem.model_validate_json(answer.content)
        good = client.request(method, path, headers=bearing(secret))
        assert good.status_code != 401, (method, path)


def test_who_may_only_read_cannot_write(mine: Path) -> None:
    client = asking(mine)
    for name, role, status in (("planner", "read", 403), ("clerk", "write", 200)):
        answer = client.post("/api/v1/notes", headers=bearing(keys.add(mine, name, role)))
        assert answer.status_code == status
    assert models.Problem.model_validate_json(
        client.post("/api/v1/notes", headers=bearing(keys.add(mine, "other", "read"))).content
    ).detail.startswith("this changes data")


def test_whoever_may_write_may_read(mine: Path) -> None:
    client = asking(mine)
    assert client.get("/api/v1/trucks", headers=bearing(keys.add(mine, "clerk", "write"))).status_code == 200


def test_a_revoked_key_is_refused_at_the_next_request(mine: Path) -> None:
    client = asking(mine)
    headers = bearing(keys.add(mine, "planner", "read"))
    assert client.get("/api/v1/trucks", headers=headers).status_code == 200
    keys.revoke(mine, "planner")
    assert client.get("/api/v1/trucks", headers=headers).status_code == 401
    assert client.get("/api/v1/trucks").status_code == 401


def test_the_word_bearer_is_known_in_any_case_and_two_keys_are_none(mine: Path) -> None:
    client, secret = asking(mine), keys.add(mine, "planner", "read")
    assert client.get("/api/v1/trucks", headers={"Authorization": f"bEaReR  {secret}"}).status_code == 200
    twice = [("Authorization", f"Bearer {secret}")] * 2
    assert client.get("/api/v1/trucks", headers=twice).status_code == 401


def test_keys_that_cannot_be_read_close_the_service(mine: Path) -> None:
    client = asking(mine)
    (mine / layout.KEYS).write_text("rubbish")
    answer = client.get("/api/v1/trucks", headers=bearing("tk_x"))
    assert (answer.status_code, str(mine) in answer.text) == (503, False)
    assert answer.headers["retry-after"]
    assert client.get("/api/health/live").status_code == 200


# Without keys -------------------------------------------------------------------------------------------


def test_without_keys_this_machine_alone_may_ask_and_only_read(mine: Path) -> None:
    app = service(mine)
    assert TestClient(app, **HERE).get("/api/v1/trucks").status_code == 200
    assert TestClient(app, **HERE).post("/api/v1/notes").status_code == 403
    for more in (
        {"client": ("10.0.0.7", 50_000)},
        {"client": ("::ffff:10.0.0.7", 1)},
        {"client": ("testclient", 1)},
        {"base_url": "http://evil.example"},
        {"base_url": "http://localhost.evil.example"},
        {"headers": {"X-Forwarded-For": "10.0.0.7"}},
        {"headers": {"Forwarded": "for=10.0.0.7"}},
    ):
        answer = TestClient(app, **{**HERE, **more}).get("/api/v1/trucks")
        assert answer.status_code == 403, more
        assert "truckkit keys add" in models.Problem.model_validate_json(answer.content).detail
    for base in ("http://127.0.0.1:5006", "http://[::1]:5006"):
        assert TestClient(app, client=("::1", 1), base_url=base).get("/api/v1/trucks").status_code == 200


def test_a_service_that_is_open_answers_all_until_there_are_keys(mine: Path) -> None:
    client = TestClient(service(mine, open=True), client=("10.0.0.7", 1))
    assert client.get("/api/v1/trucks").status_code == 200
    assert client.post("/api/v1/notes").status_code == 403
    keys.add(mine, "planner", "read")
    assert client.get("/api/v1/trucks").status_code == 401


def test_a_key_that_is_shown_has_to_hold_even_where_none_is_wanted(mine: Path) -> None:
    for client in (asking(mine), asking(mine, open=True)):
        assert client.get("/api/v1/trucks", headers=bearing("tk_of_another_store")).status_code == 401
        # What a proxy asked for on the way is no key.
        assert client.get("/api/v1/trucks", headers={"Authorization": "Basic YTpi"}).status_code == 200


def test_an_app_without_access_around_it_answers_nobody() -> None:
    app = FastAPI()

    @app.get("/", dependencies=[Security(admitted)])
    async def bare() -> None: ...

    assert TestClient(app).get("/").status_code == 401


# With Panel's login --------------------------------------------------------------------------------------


def cookie(secret: str = SECRET, name: str = "user", age_days: float = 0.0) -> dict[str, str]:
    signed = create_signed_value(secret, name, "ann", clock=lambda: time.time() - age_days * 86_400)
    return {"Cookie": f"other=1; user={signed.decode()}"}


def test_a_login_of_panel_may_read_and_nothing_more(mine: Path) -> None:
    client = asking(mine, cookie_secret=SECRET)
    assert client.get("/api/v1/trucks").status_code == 401
    assert client.get("/api/v1/trucks", headers=cookie()).status_code == 200
    assert client.head("/api/v1/trucks", headers=cookie()).status_code == 200
    assert client.get("/api/docs", headers=cookie()).status_code == 200
    assert client.post("/api/v1/notes", headers=cookie()).status_code == 401
    assert client.options("/api/v1/notes", headers=cookie()).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        cookie("another secret"),
        cookie(""),
        cookie(name="access_token"),
        cookie(age_days=1.5),
        {"Cookie": "user=ann"},
        {"Cookie": 'user="'},
        {"Cookie": "user=" + "|" * 5000},
        {"Cookie": "user=2|1:0|10:9999999999|4:user|4:YW5u|" + "0" * 64},
    ],
)
def test_a_cookie_that_panel_did_not_sign_is_no_login(mine: Path, headers: dict[str, str]) -> None:
    assert asking(mine, cookie_secret=SECRET).get("/api/v1/trucks", headers=headers).status_code == 401


def test_without_a_secret_no_cookie_counts(mine: Path) -> None:
    keys.add(mine, "planner", "read")
    for secret in (None, "", "  "):
        assert asking(mine, cookie_secret=secret).get("/api/v1/trucks", headers=cookie("")).status_code == 401


def test_the_secret_is_that_of_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOKEH_COOKIE_SECRET", "of bokeh")
    assert Settings().cookie_secret.get_secret_value() == "of bokeh"
    monkeypatch.setenv("PANEL_COOKIE_SECRET", "of panel")
    assert Settings().cookie_secret.get_secret_value() == "of panel"
    assert "of panel" not in repr(Settings())


def test_under_panel_the_keys_are_those_of_the_store_and_the_login_is_panels(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUCKKIT_STORE", str(mine))
    monkeypatch.setenv("TRUCKKIT_REST_AT_ONCE", "3")
    monkeypatch.setenv("PANEL_COOKIE_SECRET", SECRET)
    monkeypatch.setenv("PANEL_OAUTH_EXPIRY", "2")
    _, bridge = routes(["apps/mine.py"], "rest")[0]
    app = bridge._make()
    assert (app.state.settings.at_once, bridge.most_body) == (3, app.state.settings.body_bytes)
    client = TestClient(app, **HERE)
    assert client.get("/rest/v1/trucks").status_code == 401
    assert client.get("/rest/v1/trucks", headers=cookie(age_days=1.5)).status_code == 200
    assert client.get("/rest/v1/trucks", headers=cookie(age_days=2.5)).status_code == 401
    assert client.get("/rest/v1/trucks", headers=bearing(keys.add(mine, "p", "read"))).status_code == 200


def test_under_uvicorn_the_keys_are_those_of_the_store(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUCKKIT_STORE", str(mine))
    monkeypatch.setenv("TRUCKKIT_REST_OPEN", "0")
    secret = keys.add(mine, "planner", "read")
    client = TestClient(from_environment(), **HERE)
    assert client.get("/api/v1/trucks").status_code == 401
    assert client.get("/api/v1/trucks", headers=bearing(secret)).status_code == 200


# What is written down -----------------------------------------------------------------------------------


def test_a_refused_login_and_a_change_are_each_a_line(mine: Path, caplog: pytest.LogCaptureFixture) -> None:
    client, secret = asking(mine), keys.add(mine, "clerk", "write")
    client.post("/api/v1/notes", headers={**bearing(secret), "X-Request-ID": "r1"})
    client.get("/api/v1/trucks", headers=bearing("tk_" + "x" * 43))
    client.post("/api/v1/notes", headers=bearing(keys.add(mine, "planner", "read")))
    lines = [json.loads(each.getMessage()) for each in caplog.records if each.name == "truckkit.audit"]
    assert [line["event"] for line in lines] == ["change", "refused", "refused"]
    assert lines[0]["action"] == "note made"
    assert (lines[0]["key"], lines[0]["request_id"], lines[0]["note"]) == ("clerk", "r1", "n1")
    assert (lines[1]["reason"], lines[1]["status"], lines[1]["key"]) == ("unknown key", 401, None)
    assert lines[1]["client"] == "127.0.0.1"
    assert (lines[2]["key"], lines[2]["status"]) == ("planner", 403)


def test_a_key_shows_in_no_answer_and_no_line(mine: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The canary: a key that holds, one that was revoked and one that expired, wherever one can be put."""
    secrets = [keys.add(mine, "canary", "write"), keys.add(mine, "gone", "read"), expired(mine, "old")]
    keys.revoke(mine, "gone")
    client = asking(mine, origins=["https://mine.example"], body_bytes=100)
    caplog.set_level("DEBUG")
    answers = []
    for secret in secrets:
        for headers in (bearing(secret), bearing(secrets[0]), {}, {"Authorization": f"Basic {secret}"}):
            for path in (
                "/api/v1/trucks",
                "/api/v1/failing",
                "/api/health",
                "/api/metrics",
                "/api/docs",
                "/api/openapi.json",
                f"/api/v1/trucks/{secret}",
                f"/api/v1/trucks/{secret}/positions",
                f"/api/{secret}",
                f"/{secret}",
                f"/api/v1/trucks?{secret}=1",
                f"/api/v1/trucks?key={secret}",
                f"/api/v1/trucks?cursor={secret}",
                f"/api/v1/trucks?limit={secret}",
                f"/api/v1/states?start={secret}",
                f"/api/v1/states?state={secret}",
                f"/api/v1/cycles?truck={secret}",
                f"/api/v1/cycles?source={secret}",
            ):
                answers += [client.get(path, headers={**headers, "X-Request-ID": secret})]
            more = {**headers, "Origin": "https://mine.example", "Cookie": f"user={secret}"}
            answers += [
                client.post("/api/v1/notes", headers=more, content=secret),
                client.post("/api/v1/notes", headers=more, content=secret * 9),
                client.request(secret, "/api/v1/trucks", headers=more),
                client.options("/api/v1/trucks", headers={**more, "Access-Control-Request-Method": secret}),
                client.get("/api/v1/trucks", headers={**more, "If-None-Match": secret, "Accept": secret}),
            ]
    assert {answer.status_code for answer in answers} >= {200, 401, 404, 405, 413, 422, 500}
    said = "\n".join(f"{answer.headers}{answer.text}" for answer in answers)
    for secret in secrets:
        assert secret not in said
        assert keys._sha256(secret) not in said
        # The test client's own line about what it asks for is no line of the service.
        for record in (each for each in caplog.records if each.name.startswith("truckkit")):
            assert secret not in f"{record.getMessage()}{record.exc_text}", record


def test_the_documents_tell_of_the_key_and_of_who_is_refused(mine: Path) -> None:
    client = TestClient(create_app(tk.open(mine), settings=Settings(**SHUT)), **HERE)
    told = client.get("/api/openapi.json").json()
    assert told["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for path, item in told["paths"].items():
        for operation in item.values():
            open_to_all = path in OPEN_PATHS
            assert operation["security"] == ([{"key": []}, {}] if open_to_all else [{"key": []}]), path
            assert {"401", "403", "429", "503"} <= operation["responses"].keys(), path


def test_who_asks_is_told_to_the_route(mine: Path) -> None:
    app = service(mine)
    heard: list[Who] = []

    @app.get("/api/v1/who")
    async def who(request: Request) -> None:
        heard.append(request.state.who)

    TestClient(app, **HERE).get("/api/v1/who", headers=bearing(keys.add(mine, "planner", "read")))
    assert heard == [Who("planner", "read", "key")]
