"""Where a network's latency goes."""

from dataclasses import replace

import numpy as np
import pytest

from nas_service.domain.entities import Search
from nas_service.domain.predictors import Subject
from nas_service.latency.evidence import Evidence
from nas_service.latency.means import first_estimate
from nas_service.latency.networks import networks_of
from nas_service.latency.plain import Plain
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases.drawing import plan_of
from nas_service.use_cases.figures.block_times import block_times
from nas_service.use_cases.space import network_input, space_of
from tests.support.finished_search import seed
from tests.support.values import PREDICTOR
from tests.unit.nas_service.use_cases.conftest import Bench

A_MAC_MS = 1e-6


def learn(store: SqlStore, search: Search) -> None:
    """Keep a predictor of the search's first target, on which a network takes as long as its arithmetic."""
    space = space_of(search)
    drawn = space.sample(np.random.default_rng(0), 40)
    networks = networks_of(space, space.to_indices(drawn), network_input(search), (8, 8))
    times = space.cost(drawn, network_input(search)).macs * A_MAC_MS
    model = Plain(first_estimate(Evidence(networks, times, np.full(40, 0.01))))
    found = replace(PREDICTOR, subject=Subject.of(search), target=search.spec.targets[0])
    with store.write() as uow:
        uow.predictors.put(found, model.to_json())


def test_each_block_of_the_plan_has_its_time_on_targets_with_a_predictor(bench: Bench) -> None:
    search = seed(bench.store, 1)
    learn(bench.store, search)
    with bench.store.read() as uow:
        [summary] = uow.records.candidates(search.id)
        candidate, plan = uow.candidates.get(summary.id), plan_of(uow, summary.id)
        [times] = block_times(uow, search, candidate)
    assert times.target == search.spec.targets[0]
    assert len(times.of_block_ms) == len(plan.blocks)
    assert sum(times.shares) <= 1.0 + 1e-9
    assert times.total_ms == pytest.approx(plan.macs * A_MAC_MS, rel=0.3)
    dearest = max(range(len(plan.blocks)), key=lambda i: plan.blocks[i].macs)
    assert times.of_block_ms[dearest] > sum(times.of_block_ms) / len(plan.blocks)
    assert times.mape is None


def test_without_a_predictor_nothing_is_said(bench: Bench) -> None:
    search = seed(bench.store, 1)
    with bench.store.read() as uow:
        [summary] = uow.records.candidates(search.id)
        assert block_times(uow, search, uow.candidates.get(summary.id)) == []
