"""Whatever the memory writes, stock Optuna reads: parameters, values, states, constraints and the front."""

import uuid
from datetime import datetime, timedelta

import hypothesis
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState
from sqlalchemy import Engine

from nas_service.domain.front import non_dominated
from nas_service.domain.outcome import Outcome, OutcomeState
from tests.contract.search.conftest import CHOICES, StudyUnderTest, make_spec

SETTINGS = hypothesis.settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
THREE_OBJECTIVES = [{"metric": "accuracy"}, {"metric": "latency_ms"}, {"metric": "macs"}]
TWO_CONSTRAINTS = [{"metric": "size_bytes", "max": 1}, {"metric": "latency_ms", "max": 1}]

# Few distinct numbers, so that ties and equal points occur; infinities as Optuna may store them.
numbers = st.sampled_from([0.0, 0.25, 1.0, -3.5, 1e300, float("inf"), float("-inf")])
violations = st.sampled_from([-1.0, 0.0, 0.5])
outcomes = st.one_of(
    st.builds(
        Outcome,
        st.just(OutcomeState.COMPLETE),
        st.tuples(numbers, numbers, numbers),
        st.tuples(violations, violations),
        st.just({"status": "COMPLETED"}),
    ),
    st.builds(Outcome, st.just(OutcomeState.PRUNED), constraints=st.just((2.0, -1.0))),
    st.builds(Outcome, st.just(OutcomeState.FAILED)),
)


@SETTINGS
@given(told=st.lists(outcomes, min_size=1, max_size=8))
def test_best_trials_are_the_feasible_non_dominated_candidates(engine: Engine, told: list[Outcome]) -> None:
    spec = make_spec(objectives=THREE_OBJECTIVES, constraints=TWO_CONSTRAINTS)
    study = StudyUnderTest(engine, spec, uuid.uuid4().hex)
    memory = study.load()
    for number, outcome in enumerate(told):
        study.tell(memory, study.record(memory, memory.propose(), number), outcome)
    feasible = [
        (number, outcome.values)
        for number, outcome in enumerate(told)
        if outcome.values is not None and max(outcome.constraints) <= 0
    ]
    front = non_dominated([values for _, values in feasible], [o.maximize for o in spec.objectives])
    expected = [feasible[i][0] for i in front]
    assert [trial.number for trial in study.stock().best_trials] == expected


def test_every_field_of_a_trial_is_read_as_it_was_written(engine: Engine) -> None:
    study = StudyUnderTest(engine, make_spec(constraints=TWO_CONSTRAINTS))
    memory = study.load()
    draft = memory.propose_given({"kernel": 7, "squeeze": True, "block": "fused"})
    trial_id = study.record(memory, draft, 0)
    running = study.stock().trials[0]
    outcome = Outcome(OutcomeState.COMPLETE, (0.9, float("inf")), (-1.0, 2.0), {"note": "späte Blüte", "runs": [1, 2]})
    study.tell(memory, trial_id, outcome)

    assert running.state is TrialState.RUNNING
    trial = study.stock().trials[0]
    assert trial.state is TrialState.COMPLETE
    assert trial.params == dict(draft.values)
    assert [type(v) for v in trial.params.values()] == [int, str, bool, float, int, int]
    assert trial.distributions == {c.name: CategoricalDistribution(c.options) for c in CHOICES}
    assert trial.values == [0.9, float("inf")]
    assert list(trial.constraints.values()) == [-1.0, 2.0]
    assert trial.user_attrs == {"architecture_key": "key-0", "note": "späte Blüte", "runs": [1, 2]}
    assert datetime.now() - trial.datetime_start < timedelta(minutes=5)
    assert trial.datetime_start <= trial.datetime_complete


def test_the_study_shows_its_directions_and_metric_names(engine: Engine) -> None:
    objectives = [
        {"metric": "accuracy"},
        {"metric": "latency_ms", "target": 0},
        {"metric": "latency_ms", "target": 1},
        {"metric": "macs", "goal": "maximize"},
    ]
    stock = StudyUnderTest(engine, make_spec(objectives=objectives, targets=[{"threads": 1}, {"threads": 2}])).stock()
    assert [direction.name for direction in stock.directions] == ["MAXIMIZE", "MINIMIZE", "MINIMIZE", "MAXIMIZE"]
    assert stock.metric_names == ["accuracy", "latency_ms@0", "latency_ms@1", "macs"]


def test_one_objective_is_a_study_with_a_best_trial(engine: Engine) -> None:
    study = StudyUnderTest(engine, make_spec("tpe", objectives=[{"metric": "accuracy"}]))
    memory = study.load()
    for number in range(8):
        trial_id = study.record(memory, memory.propose(), number)
        study.tell(memory, trial_id, Outcome(OutcomeState.COMPLETE, (number / 10,)))
    assert study.stock().best_trial.number == 7


def test_stock_optuna_can_go_on_with_the_study(engine: Engine) -> None:
    study = StudyUnderTest(engine, make_spec())
    study.run(study.load(), range(4))
    stock = study.stock()
    trial = stock.ask({c.name: CategoricalDistribution(c.options) for c in CHOICES})
    stock.tell(trial, [0.5, 0.5])
    assert trial.number == 4
    memory = study.load()
    assert study.record(memory, memory.propose(), 5) > trial._trial_id


@pytest.mark.parametrize("objective_count", [2, 3])
def test_trials_that_failed_do_not_disturb_stock_tpe(engine: Engine, objective_count: int) -> None:
    study = StudyUnderTest(engine, make_spec("tpe", objectives=THREE_OBJECTIVES[:objective_count]))
    memory = study.load()
    for number in range(16):
        trial_id = study.record(memory, memory.propose(), number)
        outcome = Outcome(OutcomeState.FAILED)
        if number % 3:
            outcome = Outcome(OutcomeState.COMPLETE, tuple(float(number % (2 + i)) for i in range(objective_count)))
        study.tell(memory, trial_id, outcome)
    stock = study.stock()
    trial = stock.ask({c.name: CategoricalDistribution(c.options) for c in CHOICES})
    assert trial.params.keys() == {c.name for c in CHOICES}
    assert [t.values for t in stock.trials if t.state is TrialState.FAIL] == [None] * 6
