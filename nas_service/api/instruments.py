"""What `/metrics` says, in Prometheus' text format: answers of this process, and the state of the whole service."""

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest

from nas_service.api.service_metrics import ServiceCollector
from nas_service.bootstrap import Service

LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
"""A client may send any word as a method: each of its own would be a series of its own."""


class Instruments:
    """The registry of one app."""

    def __init__(self, service: Service) -> None:
        self._registry = CollectorRegistry()
        self._latency = Histogram(
            "nas_api_latency_seconds",
            "Time from request to the end of its answer, in this process; event streams are left out.",
            ["method", "route", "status"],
            buckets=LATENCY_BUCKETS_S,
            registry=self._registry,
        )
        pool = service.store.engine.pool
        in_use = Gauge(
            "nas_database_connections_in_use", "Database connections taken from this process's pool.", registry=None
        )
        in_use.set_function(lambda: float(pool.checkedout()))  # type: ignore[attr-defined]
        self._registry.register(in_use)
        self._registry.register(ServiceCollector(service.store, service.dispatcher))

    def answered(self, method: str, route: str, status: int, duration_s: float) -> None:
        """Note one answer. Event streams last as long as their search, so they say nothing about latency."""
        if not route.endswith("/events"):
            self._latency.labels(method if method in METHODS else "other", route, str(status)).observe(duration_s)

    def text(self) -> bytes:
        """Everything, in the text exposition format."""
        return generate_latest(self._registry)
