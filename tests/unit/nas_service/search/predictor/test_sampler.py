"""What holds for every study that the predictor sampler serves."""

import numpy as np
import optuna
from optuna._hypervolume import compute_hypervolume
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import RandomSampler
from optuna.trial import TrialState, create_trial

from nas_service.search.predictor import PlainProblem, PredictorSampler
from nas_service.search.predictor.acquisition import boxes

from .conftest import REFERENCE, SPACE, Problems


def hypervolume(study: optuna.Study) -> float:
    """Of all trials, below the reference point, by the sampler's own boxes (they have a test of their own)."""
    points = np.array([[-t.values[0], t.values[1]] for t in study.trials])
    reference = np.array(REFERENCE)
    rest = [np.maximum(lower, (-20.0, 0.0)) for lower in boxes(points, reference)]
    return float(20.0 * 40.0 - np.prod(rest[1] - rest[0], axis=1).sum())


def test_it_beats_random_by_far_and_never_repeats_a_point(problems: Problems) -> None:
    guided = problems.study(PredictorSampler(problems.make(), seed=1))
    blind = problems.study(RandomSampler(seed=1))
    problems.run(guided, 40, in_flight=4)
    problems.run(blind, 160)
    assert hypervolume(guided) > hypervolume(blind)
    assert len(set(problems.rows(guided.trials))) == 40


def test_the_first_batch_spans_the_range_of_the_known_cost(problems: Problems) -> None:
    study = problems.study(PredictorSampler(problems.make(), seed=2))
    costs = sorted(problems.values(study.ask(SPACE).params)[1] for _ in range(10))
    whole = problems.values(dict.fromkeys(SPACE, 2))[1]
    assert costs[0] < 0.1 * whole
    assert costs[-1] > 0.9 * whole
    assert max(np.diff(costs)) < 0.2 * whole


def test_the_first_batch_begins_with_the_cheapest_where_time_counts(problems: Problems) -> None:
    costs = {}
    for cheapest_first in (True, False):
        study = problems.study(PredictorSampler(problems.make(), seed=2, cheapest_first=cheapest_first))
        costs[cheapest_first] = [problems.values(study.ask(SPACE).params)[1] for _ in range(10)]
    assert costs[True] == sorted(costs[False]) != costs[False]


def test_no_proposal_breaks_a_limit_that_needs_no_trial(problems: Problems) -> None:
    study = problems.study(PredictorSampler(problems.make(limit=6.0), seed=3))
    problems.run(study, 26, in_flight=2)
    assert max(trial.values[1] for trial in study.trials) <= 6.0


def test_a_measured_constraint_is_learned(problems: Problems) -> None:
    study = problems.study(PredictorSampler(problems.make(), seed=4))
    for _ in range(34):
        trial = study.ask(SPACE)
        values = problems.values(trial.params)
        trial.set_constraint("cost", values[1] - 8.0)
        study.tell(trial, values)
    late = study.trials[10:]
    assert np.mean([trial.values[1] <= 8.0 for trial in late]) > 0.8


def test_equal_seeds_and_results_give_equal_proposals(problems: Problems) -> None:
    found = []
    for seed in (5, 5, 6):
        study = problems.study(PredictorSampler(problems.make(), seed=seed))
        problems.run(study, 20, in_flight=2)
        found.append(problems.rows(study.trials))
    assert found[0] == found[1] != found[2]


def test_trials_in_flight_are_not_proposed_again_and_spread_the_next_ones(problems: Problems) -> None:
    study = problems.study(PredictorSampler(problems.make(), seed=7, batch_size=4))
    problems.run(study, 10)
    asked = [study.ask(SPACE) for _ in range(12)]
    assert all(trial.state is TrialState.RUNNING for trial in study.trials[10:])
    assert len({tuple(trial.params.values()) for trial in asked}) == 12
    costs = [problems.values(trial.params)[1] for trial in asked]
    assert np.ptp(costs) > 3


def test_failed_points_are_not_tried_again(problems: Problems) -> None:
    study = problems.study(PredictorSampler(problems.make(), seed=8))
    for number in range(20):
        trial = study.ask(SPACE)
        failed = number % 3 == 0
        study.tell(trial, None if failed else problems.values(trial.params), TrialState.FAIL if failed else None)
    assert len(set(problems.rows(study.trials))) == 20


def test_earlier_trials_spare_the_first_batch(problems: Problems) -> None:
    before = problems.study(PredictorSampler(problems.make(), seed=9))
    problems.run(before, 30, in_flight=5)
    again = problems.study(PredictorSampler(problems.make(), seed=10, earlier=before.trials))
    fresh = problems.study(PredictorSampler(problems.make(), seed=10))
    for study in (again, fresh):
        problems.run(study, 8)
    assert hypervolume(again) > hypervolume(fresh)


def test_noisy_observations_still_guide(problems: Problems) -> None:
    rng = np.random.default_rng(0)
    study = problems.study(PredictorSampler(problems.make(), seed=11))
    for _ in range(34):
        trial = study.ask(SPACE)
        value, price = problems.values(trial.params)
        study.tell(trial, [value + rng.normal(0, 0.3), price])
    truth = problems.study(RandomSampler(seed=11))
    for trial in study.trials:
        truth.add_trial(create_trial(params=trial.params, distributions=SPACE, values=problems.values(trial.params)))
    blind = problems.study(RandomSampler(seed=11))
    problems.run(blind, 100)
    assert hypervolume(truth) > hypervolume(blind)


def test_one_objective_and_numeric_parameters_find_the_optimum() -> None:
    space = {"x": IntDistribution(-10, 10), "y": FloatDistribution(0, 1, step=0.1), "k": CategoricalDistribution("abc")}
    study = optuna.create_study(sampler=PredictorSampler(PlainProblem(space), seed=12, batch_size=4))
    penalty = {"a": 1.0, "b": 0.0, "c": 0.5}
    study.optimize(
        lambda trial: (
            (trial.suggest_int("x", -10, 10) / 10 - 0.4) ** 2
            + (trial.suggest_float("y", 0, 1, step=0.1) - 0.3) ** 2
            + penalty[trial.suggest_categorical("k", "abc")]
        ),
        n_trials=34,
    )
    assert study.best_value < 0.011


def test_three_learned_objectives_beat_random_by_far() -> None:
    weights = np.random.default_rng(0).normal(size=(3, 12))
    fronts = []
    for sampler, count in ((PredictorSampler(PlainProblem(SPACE), seed=13), 34), (RandomSampler(seed=13), 136)):
        study = optuna.create_study(directions=["minimize"] * 3, sampler=sampler)
        for _ in range(count):
            trial = study.ask(SPACE)
            study.tell(trial, (weights @ np.array(list(trial.params.values()))).tolist())
        fronts.append(compute_hypervolume(np.array([trial.values for trial in study.trials]), np.full(3, 10.0)))
    assert fronts[0] > 1.2 * fronts[1]


def test_an_exhausted_space_is_proposed_again_rather_than_hanging() -> None:
    space = {"p": IntDistribution(0, 5)}
    study = optuna.create_study(sampler=PredictorSampler(PlainProblem(space), seed=14))
    for _ in range(8):
        trial = study.ask(space)
        study.tell(trial, float(trial.params["p"]))
    assert {trial.params["p"] for trial in study.trials[:6]} == set(range(6))


def test_threads_that_ask_at_once_get_different_points(problems: Problems) -> None:
    study = problems.study(PredictorSampler(problems.make(), seed=15))
    study.optimize(
        lambda trial: problems.values({name: trial.suggest_categorical(name, (0, 1, 2)) for name in SPACE}),
        n_trials=24,
        n_jobs=4,
    )
    assert len(set(problems.rows(study.trials))) == 24


def test_after_points_that_were_given_it_goes_by_their_results_and_not_by_a_plan_made_before(
    problems: Problems,
) -> None:
    """A first batch, made without any result, would have ten points."""
    study = problems.study(PredictorSampler(problems.make(), seed=9))
    for option in (0, 1, 2, 0, 1):
        given = dict.fromkeys(SPACE, option) | {next(iter(SPACE)): len(study.trials) % 3}
        study.enqueue_trial(given)
        trial = study.ask(SPACE)
        assert trial.params == given
        study.tell(trial, problems.values(trial.params))
    assert batches_of(study) == []
    study.ask(SPACE)
    assert [len(batch) for batch in batches_of(study)] == [8]


def batches_of(study: optuna.Study) -> list[list[list[int]]]:
    """Those that were planned."""
    attrs = study._storage.get_study_system_attrs(study._study_id)
    return [rows for key, rows in attrs.items() if key.startswith("predictor:batch:")]
