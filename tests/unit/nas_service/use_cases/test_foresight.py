"""What a search does with latencies that a predictor foresees; real samplers, real predictors, made-up trainings."""

from datetime import UTC, datetime

import numpy as np

from nas_service.domain.entities import Search, new_id
from nas_service.domain.predictors import Origin, Predictor, Subject
from nas_service.domain.spec import TargetSpec
from nas_service.domain.states import CandidateStatus
from nas_service.latency.evidence import Evidence
from nas_service.latency.fit import fit_predictor
from nas_service.latency.networks import networks_of
from nas_service.use_cases.space import network_input, space_of
from tests.unit.nas_service.use_cases.conftest import Bench

MEASURED = 40
KEY = "predicted_latency_ms@0"


def with_predictor(
    bench: Bench, search: Search, target: TargetSpec = TargetSpec(), ms_per_million_macs: float = 1.0
) -> float:
    """One of a device whose latencies follow from the arithmetic; the median latency of random networks."""
    space, data = space_of(search), network_input(search)
    drawn = space.sample(np.random.default_rng(0), MEASURED)
    assert search.dataset is not None
    side = (search.dataset.height, search.dataset.width)
    networks = networks_of(space, space.to_indices(drawn), data, side)
    latencies_ms = 0.01 + ms_per_million_macs * space.cost(drawn, data).macs / 1e6
    fitted = fit_predictor(Evidence(networks, latencies_ms, np.zeros(MEASURED)), {})
    now, report, subject = datetime.now(UTC), fitted.report(), Subject.of(search)
    predictor = Predictor(new_id("p"), "default", subject, target, Origin.MEASURED, None, MEASURED, report, now)
    with bench.store.write() as uow:
        uow.predictors.put(predictor, fitted.predictor.to_json())
    return float(np.median(latencies_ms))


def test_what_a_latency_bound_surely_rules_out_is_never_trained(bench: Bench) -> None:
    space = {"name": "mobilenet", "preset": "tiny"}
    earlier = bench.submit(space=space, budget={"candidates": 1})
    bench.run(earlier)
    bound_ms = with_predictor(bench, bench.search(earlier))
    search = bench.submit(
        space=space,
        strategy={"sampler": "predictor"},
        constraints=[{"metric": "latency_ms", "target": 0, "max": bound_ms}],
        budget={"candidates": 12, "parallelism": 2},
    )
    bench.run(search)
    with bench.store.read() as uow:
        candidates = uow.candidates.of(search.id, list(CandidateStatus))
    assert len(candidates) == 12
    for candidate in candidates:
        low, high = candidate.intervals[KEY]
        assert low < candidate.metrics[KEY] < high
        assert low <= bound_ms
