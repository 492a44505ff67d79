"""What the service does, as Prometheus reads it: requests by route, how long they take, who is refused.

Each app counts for itself, and so does each process. No name of a truck, key or address is a label: a
series stands for a route's template, a method, a status or a reason, and of those there are few.

>>> monitor = Monitor()
>>> monitor.began()
>>> monitor.ended("/trucks/{truck}", "GET", 200, 0.004, 512)
>>> 'truckkit_requests_total{method="GET",route="/trucks/{truck}",status="200"} 1.0' in monitor.text()
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

METHODS = frozenset(("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"))
_LONGEST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Monitor:
    """The counts of one app.

    Parameters
    ----------
    cache
        Gives the cache of answers, once there is one: its ``hits``, ``misses`` and ``bytes`` are told too.
    """

    def __init__(self, cache: Callable[[], Any] = lambda: None) -> None:
        self.registry = registry = CollectorRegistry()
        self._requests = Counter(
            "truckkit_requests", "Requests answered.", ("route", "method", "status"), registry=registry
        )
        self._seconds = Histogram(
            "truckkit_request_seconds",
            "Time from a request to the end of its answer.",
            ("route",),
            registry=registry,
            buckets=_LONGEST_S,
        )
        self._bytes = Counter(
            "truckkit_sent_bytes", "Bytes of answers, as they went out.", ("route",), registry=registry
        )
        self._in_flight = Gauge("truckkit_requests_in_flight", "Requests under way.", registry=registry)
        self.waiting = Gauge("truckkit_requests_waiting", "Requests that wait for a turn.", registry=registry)
        self._refused = Counter("truckkit_refused", "Requests turned away.", ("reason",), registry=registry)
        self.ready = Gauge("truckkit_store_ready", "1 where the store can be read.", registry=registry)
        self.generation = Gauge("truckkit_store_generation", "Generation that is read.", registry=registry)
        self.age = Gauge("truckkit_data_age_seconds", "How long ago the data stops.", registry=registry)
        registry.register(_Cache(cache))
        # A label is looked up under a lock, which costs more than to count; there are few of them.
        self._known: dict[tuple[str, str, int], tuple[Any, Any, Any]] = {}

    def began(self) -> None:
        """A request came in."""
        self._in_flight.inc()

    def ended(self, route: str, method: str, status: int, seconds: float, size: int) -> None:
        """A request is over; status 0 where its client left before the answer."""
        self._in_flight.dec()
        key = (route, method if method in METHODS else "other", status)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (
                self._requests.labels(route, key[1], str(status)),
                self._seconds.labels(route),
                self._bytes.labels(route),
            )
        known[0].inc()
        known[1].observe(seconds)
        known[2].inc(size)

    def refused(self, reason: str) -> None:
        """A request was turned away, for one of a few reasons."""
        self._refused.labels(reason).inc()

    def text(self) -> str:
        """All counts, in the text format of Prometheus."""
        return generate_latest(self.registry).decode()


class _Cache(Collector):
    def __init__(self, cache: Callable[[], Any]) -> None:
        self._cache = cache

    def collect(self) -> Iterator[Metric]:
        cache = self._cache()
        for name, told in (("hits", "Answers that were known."), ("misses", "Answers that had to be made.")):
            if isinstance(value := getattr(cache, name, None), int):
                yield CounterMetricFamily(f"truckkit_cache_{name}", told, value=value)
        if isinstance(value := getattr(cache, "bytes", None), int):
            yield GaugeMetricFamily("truckkit_cache_bytes", "Bytes of the answers kept.", value=value)
