"""A span of OpenTelemetry for each request, with its route and what went wrong; off by default.

``TRUCKKIT_REST_TRACING=1`` switches it on. Which spans go where is for the process to say, by
OpenTelemetry's own means: nothing is sent anywhere by this alone.
"""

from __future__ import annotations

from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from truckkit.api.logs import quoted
from truckkit.errors import BadRequest

try:
    from opentelemetry import propagate, trace
except ImportError:  # an extra: most services go without
    propagate = trace = None  # type: ignore[assignment]


class Tracing:
    """Opens a span around each request, as a part of what the client's own headers name."""

    def __init__(self, app: ASGIApp) -> None:
        if trace is None:
            raise BadRequest(
                "TRUCKKIT_REST_TRACING is on and OpenTelemetry is not installed; "
                'install "truckkit[tracing]", or leave it off.'
            )
        self.app = app
        self._tracer = trace.get_tracer("truckkit.api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        carrier = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in (b"traceparent", b"tracestate")
        }
        context = propagate.extract(carrier)
        with self._tracer.start_as_current_span(
            scope["method"], context=context, kind=trace.SpanKind.SERVER
        ) as span:

            async def answer(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(trace.StatusCode.ERROR)
                await send(message)

            attributes: dict[str, Any] = {
                "http.request.method": scope["method"],
                "url.path": quoted(scope["path"]),
                "truckkit.request_id": scope["state"]["request_id"],
            }
            span.set_attributes(attributes)
            try:
                # An error that leaves here is recorded by the span itself.
                await self.app(scope, receive, answer)
            finally:
                route = getattr(scope.get("route"), "path", None)
                if route:
                    span.set_attribute("http.route", route)
                    span.update_name(f"{scope['method']} {route}")
