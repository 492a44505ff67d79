"""Answers that are known already: the same as those that are made, as fresh, and for nobody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from inputs import bring, positions
from stores import copied_sample

import truckkit as tk
from truckkit.api import answers
from truckkit.api.app import create_app
from truckkit.api.kept import Body
from truckkit.api.settings import Settings
from truckkit.site import open_site
from truckkit.store import keys

PATHS = (
    "/api/v1/latest",
    "/api/v1/latest?format=arrow",
    "/api/v1/positions?truck=T01&limit=50",
    "/api/v1/positions?truck=T01&limit=50&format=columns",
    "/api/v1/metrics/productivity",
    "/api/v1/trucks/T01",
)
OF_EACH = ("x-request-id", "date")


def headers(answer) -> dict[str, str]:
    return {name: value for name, value in sorted(answer.headers.items()) if name not in OF_EACH}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("accept", ["*/*", "text/csv, */*;q=0.5", "application/vnd.truckkit.columns+json"])
def test_an_answer_that_is_known_is_the_one_that_was_made(path: str, accept: str) -> None:
    if path.endswith("T01"):
        accept = "*/*"
    client = TestClient(create_app(tk.sample()), headers={"Accept": accept})
    recall = client.app.state.recall
    made = client.get(path)
    hits = recall.kept.hits
    known = client.get(path)
    assert recall.kept.hits == hits + 1
    assert (known.status_code, known.content) == (made.status_code, made.content)
    assert headers(known) == headers(made)
    head = client.head(path)
    assert (head.status_code, head.content, headers(head)) == (200, b"", headers(made))
    same = client.get(path, headers={"If-None-Match": made.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    # What is packed has a weak tag, and what is not there is not packed.
    assert same.headers["etag"] == made.headers["etag"].removeprefix("W/")
    assert same.headers["cache-control"] == made.headers["cache-control"]


def test_each_accept_has_an_answer_of_its_own() -> None:
    client = TestClient(create_app(tk.sample()))
    for _ in range(2):
        for accept, kind in (("text/csv", "text/csv"), ("application/json", "application/json")):
            answer = client.get("/api/v1/latest", headers={"Accept": accept})
            assert answer.headers["content-type"].startswith(kind)


def test_a_store_that_has_moved_on_is_answered_anew(tmp_path: Path) -> None:
    bring(tmp_path / "store", a_csv=positions("T1 abc"))
    client = TestClient(create_app(open_site(tmp_path / "store")))
    first = [client.get("/api/v1/positions") for _ in range(3)][-1].json()
    bring(tmp_path / "store", b_csv=positions("T2 abc"))
    second = client.get("/api/v1/positions").json()
    assert len(second["rows"]) == 2 * len(first["rows"])
    assert second["generation"] > first["generation"]


def test_what_is_known_is_told_to_nobody_without_a_key(tmp_path: Path) -> None:
    copied_sample(tmp_path / "mine")
    key = keys.add(tmp_path / "mine", "reader", "read")
    client = TestClient(create_app(open_site(tmp_path / "mine")))
    for _ in range(3):
        assert client.get("/api/v1/latest", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    assert client.get("/api/v1/latest").status_code == 401
    keys.revoke(tmp_path / "mine", "reader")
    assert client.get("/api/v1/latest", headers={"Authorization": f"Bearer {key}"}).status_code == 401


def test_what_is_known_is_counted_by_its_route_and_held_to_the_limits() -> None:
    client = TestClient(create_app(tk.sample(), settings=Settings(open=True, per_minute=5)))
    statuses = [client.get("/api/v1/latest").status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    text = client.app.state.monitor.text()
    assert 'truckkit_requests_total{method="GET",route="/latest",status="200"} 5.0' in text
    assert "truckkit_cache_hits_total 4.0" in text


def test_what_many_ask_at_once_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    page = answers._page

    def counted(*asked: object) -> Body:
        made.append(1)
        return page(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(answers, "_page", counted)
    client = TestClient(create_app(tk.sample()))
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: client.get("/api/v1/latest").content, range(8)))
    assert len(set(found)) == len(made) == 1


def test_without_a_cache_nothing_is_known() -> None:
    client = TestClient(create_app(tk.sample(), settings=Settings(open=True, cache_mb=0)))
    assert client.app.state.recall is None
    assert client.get("/api/v1/latest").content == client.get("/api/v1/latest").content
