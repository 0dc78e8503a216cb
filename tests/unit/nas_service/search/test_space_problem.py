"""Our spaces as problems for the predictor sampler: what is known, allowed and equal."""

import numpy as np
import optuna

import search_spaces
from nas_service.domain.spec import SearchSpec
from nas_service.search.predictor import PredictorSampler
from nas_service.search.space_problem import SpaceProblem

INPUT = search_spaces.NetworkInput(channels=3, class_count=10)
SPACE = search_spaces.get("mobilenet", preset="tiny")


def problem_for(**fields: object) -> SpaceProblem:
    return SpaceProblem.of(SearchSpec.model_validate({"dataset": {"name": "digits"}, **fields}), SPACE, INPUT)


def some_rows(count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return SPACE.canonical_indices(
        rng.integers(0, [len(c.options) for c in SPACE.choices], (count, len(SPACE.choices)))
    )


def test_computable_objectives_are_known_and_others_are_not() -> None:
    problem = problem_for(objectives=[{"metric": "accuracy"}, {"metric": "latency_ms"}, {"metric": "size_bytes"}])
    rows = some_rows(5)
    assert list(problem.known(rows)) == [2]
    np.testing.assert_array_equal(problem.known(rows)[2], SPACE.cost(rows, INPUT).weight_bytes)


def test_computable_constraints_decide_what_may_be_proposed() -> None:
    rows = some_rows(50)
    macs = SPACE.cost(rows, INPUT).macs
    limit = float(np.median(macs))
    problem = problem_for(constraints=[{"metric": "macs", "max": limit}, {"metric": "latency_ms", "max": 1.0}])
    np.testing.assert_array_equal(problem.feasible(rows), macs <= limit)
    assert problem_for().feasible(rows).all()


def test_synaptic_flow_is_a_hint_where_it_is_asked_for() -> None:
    rows = some_rows(5)
    plain, asked = (problem_for(strategy={"proxies": proxies}).hints(rows) for proxies in (["jacob_cov"], ["synflow"]))
    assert asked.shape == (5, plain.shape[1] + 1)
    np.testing.assert_array_equal(asked[:, -1], SPACE.log_synaptic_flow(rows, INPUT))
    np.testing.assert_array_equal(asked[:, :-1], plain)


def test_rows_that_build_the_same_network_have_the_same_features() -> None:
    rng = np.random.default_rng(1)
    counts = [len(c.options) for c in SPACE.choices]
    rows = rng.integers(0, counts, (1, len(counts)))
    canonical = SPACE.canonical_indices(rows)
    twin = np.where(canonical < 0, rng.integers(0, counts), rows)
    problem = problem_for()
    np.testing.assert_array_equal(problem.canonical(twin), problem.canonical(rows))
    assert problem.features(canonical).sum() == (canonical >= 0).sum()


def test_a_search_of_our_space_repeats_no_network_and_keeps_its_constraint() -> None:
    limit = 2_000_000
    problem = problem_for(constraints=[{"metric": "macs", "max": limit}])
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=PredictorSampler(problem, seed=0))
    for _ in range(26):
        trial = study.ask(dict(problem.grid.distributions))
        cost = SPACE.cost([SPACE.canonical(trial.params)], INPUT)
        assert cost.macs[0] <= limit
        study.tell(trial, [float(np.log(cost.params[0])), float(cost.macs[0]) + 7.0 * (trial.number % 5)])
    assert len({SPACE.canonical(trial.params).key for trial in study.trials}) == 26
