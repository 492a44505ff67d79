"""How the service is: live, ready, in full, in numbers, and as spans."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from prometheus_client.parser import text_string_to_metric_families

import truckkit as tk
from truckkit.api import models, tracing
from truckkit.api.app import create_app, from_environment
from truckkit.api.settings import Settings
from truckkit.errors import BadRequest, DamagedStore, NoStore


def numbers(client: TestClient) -> dict[tuple[str, ...], float]:
    """What ``/metrics`` tells: by the name of a series and the values of its labels."""
    answer = client.get("/api/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def broken() -> tk.Site:
    raise DamagedStore('"/srv/mine" is damaged: day 3 is missing; bring it back from a backup.')


def test_health_tells_the_generation_and_how_old_the_data_is() -> None:
    client = TestClient(create_app(tk.sample()))
    told = models.Health.model_validate_json(client.get("/api/health").content)
    assert told.generation == tk.sample().generation
    found = numbers(client)
    assert found["truckkit_store_generation",] == told.generation
    assert found["truckkit_store_ready",] == 1
    assert told.age_s is not None
    assert found["truckkit_data_age_seconds",] >= told.age_s


def test_a_service_whose_store_does_not_open_is_live_and_not_ready() -> None:
    client = TestClient(create_app(broken))
    assert client.get("/api/health/live").json() == {"status": "live"}
    for path in ("/api/health/ready", "/api/health"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["retry-after"], "/srv" in answer.text) == (503, "5", False)
    assert numbers(client)["truckkit_store_ready",] == 0


def test_requests_are_counted_by_route_method_and_status_and_by_no_name() -> None:
    client = TestClient(create_app(tk.sample()))
    for number in range(30):
        client.get(f"/api/v1/trucks/T{number:03}")
        client.get(f"/api/v1/nothing-{number}")
        client.request(f"BREW{number}", "/api/v1/trucks")
    client.head("/api/v1/trucks")
    numbers(client)  # from here on the series of /metrics itself are there
    before = len(client.get("/api/metrics").text.splitlines())
    found = numbers(client)
    assert found["truckkit_requests_total", "GET", "/trucks/{truck:name}", "404"] == 30
    assert found["truckkit_requests_total", "GET", "none", "404"] == 30
    assert sum(value for key, value in found.items() if key[:2] == ("truckkit_requests_total", "other")) == 30
    assert found["truckkit_requests_total", "HEAD", "/trucks", "200"] == 1
    assert found["truckkit_request_seconds_count", "/trucks/{truck:name}"] == 30
    assert found["truckkit_sent_bytes_total", "/trucks/{truck:name}"] > 30 * 100
    for number in range(100, 130):
        client.get(f"/api/v1/trucks/T{number:03}")
        client.get(f"/api/v1/nothing-{number}")
    assert len(client.get("/api/metrics").text.splitlines()) == before


def test_what_is_under_way_is_told_and_gone_afterwards() -> None:
    client = TestClient(create_app(tk.sample()))
    assert numbers(client)["truckkit_requests_in_flight",] == 1  # that very request
    assert client.app.state.monitor._in_flight._value.get() == 0


def test_two_apps_of_one_process_count_apart() -> None:
    first, second = (TestClient(create_app(tk.sample())) for _ in range(2))
    first.get("/api/v1/trucks")
    assert ("truckkit_requests_total", "GET", "/trucks", "200") in numbers(first)
    assert ("truckkit_requests_total", "GET", "/trucks", "200") not in numbers(second)


def test_a_cache_of_answers_is_told_of() -> None:
    client = TestClient(create_app(tk.sample()))
    made = [client.get("/api/v1/trucks") for _ in range(3)]
    found = numbers(client)
    assert (found["truckkit_cache_hits_total",], found["truckkit_cache_misses_total",]) == (2, 1)
    assert found["truckkit_cache_bytes",] == len(made[0].content)


def test_a_service_without_a_store_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRUCKKIT_STORE", raising=False)
    with pytest.raises(NoStore, match="no store is named"):
        from_environment()


# Manners ------------------------------------------------------------------------------------------------


def routed(**settings: Any) -> FastAPI:
    app = create_app(tk.sample(), settings=Settings(open=True, **settings))

    @app.get("/api/v1/notes")
    async def read() -> list[str]:
        return []

    @app.post("/api/v1/notes")
    async def make() -> None: ...

    @app.patch("/api/v1/notes/{note}")
    async def change(note: str) -> None:
        raise HTTPException(409, "somebody was faster.")

    @app.get("/api/v1/failing")
    async def failing() -> None:
        raise RuntimeError("nobody foresaw this")

    return app


def test_the_methods_of_a_path_are_those_of_all_its_routes() -> None:
    client = TestClient(routed())
    for path, allowed in (
        ("/api/v1/notes", "GET, HEAD, POST, OPTIONS"),
        ("/api/v1/notes/n1", "PATCH, OPTIONS"),
        ("/api/v1/trucks/a/b", "GET, HEAD, OPTIONS"),
        ("/api/docs", "GET, HEAD, OPTIONS"),
    ):
        answer = client.options(path)
        assert (answer.status_code, answer.content, answer.headers["allow"]) == (204, b"", allowed)
        refused = client.delete(path)
        assert (refused.status_code, refused.headers["allow"]) == (405, allowed)
    assert client.options("/api/v1/nothing").status_code == 404
    assert client.patch("/api/v1/notes/n1").json()["detail"] == "somebody was faster."


@pytest.mark.parametrize(
    "path", ["/api/v1/trucks", "/api/docs", "/api/v1/nothing", "/api/v1/failing", "/api/health"]
)
def test_every_answer_tells_browsers_to_trust_nothing(path: str) -> None:
    headers = TestClient(routed(), raise_server_exceptions=False).get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert ("'unsafe-inline'" in headers["content-security-policy"]) is (path == "/api/docs")


def test_pages_of_other_sites_may_not_ask_unless_they_are_named() -> None:
    asked = {"Origin": "https://mine.example", "Access-Control-Request-Method": "GET"}
    closed, opened = TestClient(routed()), TestClient(routed(origins=["https://mine.example"]))
    assert "access-control-allow-origin" not in closed.get("/api/v1/trucks", headers=asked).headers
    assert "access-control-allow-origin" not in closed.options("/api/v1/trucks", headers=asked).headers
    told = opened.options(
        "/api/v1/trucks", headers={**asked, "Access-Control-Request-Headers": "authorization"}
    )
    assert (told.status_code, told.headers["access-control-allow-origin"]) == (200, "https://mine.example")
    for path, status in (("/api/v1/trucks", 200), ("/api/v1/nothing", 404)):
        answer = opened.get(path, headers=asked)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (
            status,
            "https://mine.example",
        )
        assert "access-control-allow-credentials" not in answer.headers
        assert "Origin" in answer.headers["vary"]
    other = opened.get("/api/v1/trucks", headers={**asked, "Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


def test_a_fault_of_the_server_is_a_line_with_its_reason_and_its_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = TestClient(routed(), raise_server_exceptions=False)
    number = client.get("/api/v1/failing").json()["request_id"]
    lines = [json.loads(each.getMessage()) for each in caplog.records if each.name == "truckkit.api"]
    failed = next(line for line in lines if line["event"] == "failed")
    assert failed["request_id"] == number
    assert "nobody foresaw this" in failed["exception"]


# Spans --------------------------------------------------------------------------------------------------


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    # The provider of the whole process can be set but once.
    monkeypatch.setattr(tracing.trace, "get_tracer", provider.get_tracer)
    return exporter


def test_a_request_is_a_span_with_its_route_and_what_went_wrong(spans: InMemorySpanExporter) -> None:
    client = TestClient(routed(tracing=True), raise_server_exceptions=False)
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    client.get("/api/v1/trucks/T01", headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"})
    client.get("/api/v1/failing")
    good, bad = spans.get_finished_spans()
    assert good.name == "GET /trucks/{truck:name}"
    assert good.attributes is not None
    assert good.attributes["http.response.status_code"] == 200
    assert f"{good.context.trace_id:032x}" == trace_id
    assert bad.status.status_code is StatusCode.ERROR
    assert [event.name for event in bad.events] == ["exception"]


def test_spans_are_off_by_default(spans: InMemorySpanExporter) -> None:
    TestClient(routed()).get("/api/v1/trucks")
    assert spans.get_finished_spans() == ()


def test_without_opentelemetry_the_switch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "trace", None)
    with pytest.raises(BadRequest, match="not installed"):
        tracing.Tracing(routed())
