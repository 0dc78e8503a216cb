"""What `/metrics` says, in Prometheus' text format: answers of this process, and the state of all searches."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily

from nas_service.store.overview import counts
from nas_service.store.unit_of_work import SqlStore

LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class StoreCollector:
    """Counts what is in the store each time that it is asked: nothing to keep in step, whatever process wrote it."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Gauges by status and queue."""
        with self._store.read() as uow:
            found = counts(uow.connection)
            workers = len(uow.workers.live())
        yield _gauge("nas_searches", "Searches by status.", "status", found.searches)
        yield _gauge("nas_candidates", "Candidates by status.", "status", found.candidates)
        yield _gauge("nas_queue_depth", "Work items that wait for a worker.", "queue", found.waiting_work)
        yield _gauge("nas_leased_work", "Work items that workers hold.", "queue", found.leased_work)
        yield GaugeMetricFamily("nas_live_workers", "Workers heard of lately.", value=workers)


def _gauge(name: str, doc: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, doc, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


class Instruments:
    """The registry of one app."""

    def __init__(self, store: SqlStore) -> None:
        self._registry = CollectorRegistry()
        self._latency = Histogram(
            "nas_api_latency_seconds",
            "Time from request to the end of its answer; event streams are left out.",
            ["method", "route", "status"],
            buckets=LATENCY_BUCKETS_S,
            registry=self._registry,
        )
        self._registry.register(StoreCollector(store))

    def answered(self, method: str, route: str, status: int, duration_s: float) -> None:
        """Note one answer. Event streams last as long as their search, so they say nothing about latency."""
        if not route.endswith("/events"):
            self._latency.labels(method, route, str(status)).observe(duration_s)

    def text(self) -> bytes:
        """Everything, in the text exposition format."""
        return generate_latest(self._registry)
