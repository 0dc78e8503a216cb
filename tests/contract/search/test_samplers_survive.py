"""Every sampler runs through the contract, told late and out of order, and goes on after its process was lost."""

import pytest
from optuna.trial import TrialState
from sqlalchemy import Engine

from tests.contract.search.conftest import CHOICES, StudyUnderTest, make_spec

GENERATION = "NSGAIISampler:generation"


@pytest.mark.parametrize("sampler", ["random", "nsga2", "nsga3", "tpe", "predictor"])
def test_a_whole_search_with_a_restart_in_the_middle(engine: Engine, sampler: str) -> None:
    study = StudyUnderTest(engine, make_spec(sampler, constraints=[{"metric": "macs", "max": 1}]))
    study.run(study.load(), range(20))
    study.run(study.load(), range(20, 36))
    trials = study.stock().trials
    assert [trial.number for trial in trials] == list(range(36))
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}
    assert all(trial.params.keys() == {c.name for c in CHOICES} for trial in trials)


def test_a_gaussian_process_search_with_a_restart(engine: Engine) -> None:
    study = StudyUnderTest(engine, make_spec("gp", constraints=[{"metric": "macs", "max": 1}]))
    study.run(study.load(), range(6))
    study.run(study.load(), range(6, 8))
    assert [trial.number for trial in study.stock().best_trials] != []


def test_a_generation_goes_on_where_the_lost_process_left_it(engine: Engine) -> None:
    study = StudyUnderTest(engine, make_spec("nsga2"))
    study.run(study.load(), range(9), in_flight=1)
    study.run(study.load(), range(9, 14), in_flight=1)
    generations = [trial.system_attrs[GENERATION] for trial in study.stock().trials]
    assert generations == [0] * 6 + [1] * 6 + [2] * 2


def test_parents_chosen_before_a_restart_stay_the_parents(engine: Engine) -> None:
    study = StudyUnderTest(engine, make_spec("nsga2"))
    memory = study.load()
    late = memory.propose()
    late_id = study.record(memory, late, 0)
    study.run(memory, range(1, 8), in_flight=1)
    parents = study.stock()._storage.get_study_system_attrs(study.stock()._study_id)["NSGAIISampler:parent:1"]
    study.tell_complete(memory, late_id, late)

    restarted = study.load()
    study.run(restarted, range(8, 9), in_flight=1)
    sampler, known = restarted._study.sampler, restarted._study
    assert sorted(t._trial_id for t in sampler.get_parent_population(known, 1)) == sorted(parents)
    assert late_id not in parents


def test_a_restart_does_not_change_what_the_predictor_sampler_proposes(engine: Engine) -> None:
    without = StudyUnderTest(engine, make_spec("predictor"), "without-restart")
    restarted = StudyUnderTest(engine, make_spec("predictor"), "restarted")
    expected = without.run(without.load(), range(22), in_flight=1)
    found = [restarted.run(restarted.load(), range(n, n + 1), in_flight=1)[0] for n in range(22)]
    assert found == expected


def test_the_predictor_sampler_proposes_nothing_twice(engine: Engine) -> None:
    study = StudyUnderTest(engine, make_spec("predictor"))
    proposed = study.run(study.load(), range(40), in_flight=5)
    assert len({tuple(values.items()) for values in proposed}) == 40


def test_given_points_join_the_generation(engine: Engine) -> None:
    study = StudyUnderTest(engine, make_spec("nsga2"))
    memory = study.load()
    draft = memory.propose_given({c.name: c.options[-1] for c in CHOICES})
    study.tell_complete(memory, study.record(memory, draft, 0), draft)
    assert dict(draft.values) == {c.name: c.options[-1] for c in CHOICES}
    assert study.stock().trials[0].system_attrs[GENERATION] == 0


@pytest.mark.parametrize("sampler", ["random", "nsga2", "tpe", "predictor"])
def test_the_same_seed_and_results_give_the_same_proposals(engine: Engine, sampler: str) -> None:
    first = StudyUnderTest(engine, make_spec(sampler, seed=3), "first")
    second = StudyUnderTest(engine, make_spec(sampler, seed=3), "second")
    other = StudyUnderTest(engine, make_spec(sampler, seed=4), "other")
    proposed = first.run(first.load(), range(20))
    assert second.run(second.load(), range(20)) == proposed
    assert other.run(other.load(), range(20)) != proposed


def test_a_restart_does_not_repeat_the_random_stream(engine: Engine) -> None:
    study = StudyUnderTest(engine, make_spec("random"))
    before = study.run(study.load(), range(5))
    after = study.run(study.load(), range(5, 10))
    assert after != before


def test_two_processes_that_start_together_propose_differently(engine: Engine) -> None:
    study = StudyUnderTest(engine, make_spec("random"))
    one, two = study.load(), study.load()
    first = one.propose()
    study.record(one, first, 0)
    study.catch_up(two)
    assert two.propose().values != first.values
