"""The metrics of the whole service, read from its database: whatever process is asked, the answer is the same."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from math import inf

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from sqlalchemy.exc import SQLAlchemyError

from nas_service.store.overview import Queue, queues, searches_by_status
from nas_service.store.tally_rows import all_tallies
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases.ports import Dispatcher
from nas_service.use_cases.tallies import DURATION_BOUNDS_S, Tallied, Tally, TallyKey

log = structlog.get_logger(__name__)

Found = Mapping[TallyKey, Tallied]

COUNTERS = {
    Tally.LEASE_EXPIRED: ("nas_lease_expiries", "Work taken back from workers not heard of any more.", "kind"),
    Tally.RESULT_REFUSED: ("nas_refused_results", "Results that came after their lease was lost.", "kind"),
    Tally.CANDIDATE_ENDED: ("nas_candidates", "Candidates by the status in which they ended.", "status"),
}


class ServiceCollector:
    """Reads the database each time that it is asked: nothing to keep in step, whatever process wrote it."""

    def __init__(self, store: SqlStore, dispatcher: Dispatcher) -> None:
        self._store, self._dispatcher = store, dispatcher

    def describe(self) -> Iterable[Metric]:
        """Nothing: an app is made before its database is there."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """What can be had: a database or a broker that is away is a metric too."""
        yield GaugeMetricFamily("nas_broker_up", "Whether messages reach the broker.", self._dispatcher.is_reachable())
        try:
            families = list(self._stored())
        except SQLAlchemyError as error:
            log.warning("the database did not answer", error=type(error).__name__)
            families = []
        yield GaugeMetricFamily("nas_database_up", "Whether the database answers.", bool(families))
        yield from families

    def _stored(self) -> Iterator[Metric]:
        with self._store.read() as uow:
            found = all_tallies(uow.connection)
            by_status = searches_by_status(uow.connection)
            in_use = queues(uow.connection)
            workers = uow.workers.live()
        serving = [queue for worker in workers for queue in worker.queues]
        known = {queue: in_use.get(queue, Queue()) for queue in sorted({*serving, *in_use})}
        yield _gauge("nas_searches", "Searches by status.", "status", {str(s): by_status[s] for s in by_status})
        yield _gauge(
            "nas_queue_depth", "Work items that wait for a worker.", "queue", {q: known[q].waiting for q in known}
        )
        yield _gauge(
            "nas_queue_oldest_seconds", "Age of the oldest of them.", "queue", {q: known[q].oldest_s for q in known}
        )
        yield _gauge("nas_leased_work", "Work items that workers hold.", "queue", {q: known[q].leased for q in known})
        yield _gauge("nas_live_workers", "Workers heard of lately.", "queue", {q: serving.count(q) for q in known})
        for tally, (name, doc, label) in COUNTERS.items():
            yield _counter(name, doc, label, [(k.labels, v.count) for k, v in found.items() if k.tally is tally])
        yield _durations({key: tallied for key, tallied in found.items() if key.tally is Tally.WORK_DURATION})


def _gauge(name: str, doc: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, doc, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _counter(name: str, doc: str, label: str, values: Sequence[tuple[Sequence[str], int]]) -> Metric:
    family = CounterMetricFamily(name, doc, labels=[label])
    for labels, value in values:
        family.add_metric(labels, value)
    return family


def _durations(found: Found) -> Metric:
    """Prometheus' buckets hold everything up to their bound; ours hold what is above the one before."""
    family = HistogramMetricFamily(
        "nas_work_duration_seconds", "Attempts at work items by kind and outcome.", labels=["kind", "outcome"]
    )
    for labels, keys in groupby(found, key=lambda key: key.labels):
        mine = {key.bound: found[key] for key in keys}
        bounds = sorted({*mine, *DURATION_BOUNDS_S, inf})
        buckets = [("+Inf" if b == inf else str(b), sum(t.count for at, t in mine.items() if at <= b)) for b in bounds]
        family.add_metric(labels, buckets, sum_value=sum(tallied.total for tallied in mine.values()))
    return family
