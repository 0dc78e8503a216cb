"""Memory and database stay equal: through rejections, repeated tells, rollbacks and other processes."""

import pytest
from optuna.trial import TrialState
from sqlalchemy import Engine, event

from nas_service.domain.errors import PermanentError
from nas_service.domain.outcome import Outcome, OutcomeState
from nas_service.search.study import StudyMemory
from search_spaces import Choice
from tests.contract.search.conftest import CHOICES, StudyUnderTest, make_spec, plain

COMPLETE = Outcome(OutcomeState.COMPLETE, (0.5, 2.0))


class PowerCutError(Exception):
    """Whatever ends a transaction before its commit."""


@pytest.fixture
def study(engine: Engine) -> StudyUnderTest:
    return StudyUnderTest(engine, make_spec("tpe"))


def facts(memory: StudyMemory) -> list[tuple[object, ...]]:
    """What the sampler can see of the recorded trials."""
    trials = memory._study.get_trials(deepcopy=False)
    return [
        (t._trial_id, t.state, t.params, t.distributions, t.values, t.system_attrs) for t in trials if t._trial_id > 0
    ]


def test_dropped_and_echoed_drafts_never_touch_the_database(study: StudyUnderTest) -> None:
    memory = study.load()
    statements: list[str] = []
    event.listen(study.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    for _ in range(8):
        memory.drop(memory.propose())
        memory.echo(memory.propose(), Outcome(OutcomeState.COMPLETE, (0.5, 1.0)))
    assert statements == []
    assert study.stock().trials == []


def test_an_echo_teaches_the_sampler_and_a_drop_leaves_no_trace(study: StudyUnderTest) -> None:
    memory = study.load()
    memory.drop(memory.propose())
    memory.echo(memory.propose(), Outcome(OutcomeState.COMPLETE, (0.5, 1.0)))
    assert [trial.values for trial in memory._study.trials] == [[0.5, 1.0]]


def test_an_echo_does_not_enter_a_genetic_population(engine: Engine) -> None:
    study = StudyUnderTest(engine, make_spec("nsga2"))
    memory = study.load()
    memory.echo(memory.propose(), Outcome(OutcomeState.COMPLETE, (0.5, 1.0)))
    assert memory._study.trials == []


def test_telling_twice_is_harmless_and_the_first_result_stays(study: StudyUnderTest) -> None:
    memory = study.load()
    trial_id = study.record(memory, memory.propose(), 0)
    study.tell(memory, trial_id, COMPLETE)
    study.tell(memory, trial_id, Outcome(OutcomeState.COMPLETE, (0.9, 9.0)))
    study.tell(study.load(), trial_id, Outcome(OutcomeState.FAILED))
    assert [trial.values for trial in study.stock().trials] == [[0.5, 2.0]]
    assert facts(memory) == facts(study.load())


def test_user_attributes_told_replace_those_recorded(study: StudyUnderTest) -> None:
    memory = study.load()
    trial_id = study.record(memory, memory.propose(), 0)
    study.tell(memory, trial_id, Outcome(OutcomeState.FAILED, user_attrs={"architecture_key": "other", "why": "NaN"}))
    assert study.stock().trials[0].user_attrs == {"architecture_key": "other", "why": "NaN"}


def test_a_reloaded_memory_knows_what_the_lost_one_knew(study: StudyUnderTest) -> None:
    memory = study.load()
    study.run(memory, range(12))
    study.tell(memory, study.record(memory, memory.propose(), 12), Outcome(OutcomeState.PRUNED))
    study.record(memory, memory.propose(), 13)
    assert facts(study.load()) == facts(memory)


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_what_was_rolled_back_is_forgotten(engine: Engine, sampler: str) -> None:
    study = StudyUnderTest(engine, make_spec(sampler))
    memory = study.load()
    study.run(memory, range(7), in_flight=1)
    waiting = study.record(memory, memory.propose(), 7)

    def write_and_die() -> None:
        with study.transaction() as connection:
            memory.catch_up(connection)
            memory.tell(connection, waiting, COMPLETE)
            memory.record(connection, memory.propose(), 8, {})
            raise PowerCutError

    with pytest.raises(PowerCutError):
        write_and_die()
    assert facts(study.load()) != facts(memory)
    study.catch_up(memory)
    assert facts(study.load()) == facts(memory)
    study.tell(memory, waiting, COMPLETE)
    study.run(memory, range(8, 16), in_flight=2)
    assert facts(study.load()) == facts(memory)


def test_a_tell_that_was_rolled_back_can_be_repeated_at_once(study: StudyUnderTest) -> None:
    memory = study.load()
    trial_id = study.record(memory, memory.propose(), 0)

    def tell_and_die() -> None:
        with study.transaction() as connection:
            memory.tell(connection, trial_id, COMPLETE)
            raise PowerCutError

    with pytest.raises(PowerCutError):
        tell_and_die()
    study.tell(memory, trial_id, COMPLETE)
    assert study.stock().trials[0].state is TrialState.COMPLETE
    assert facts(study.load()) == facts(memory)


def test_two_processes_take_turns(study: StudyUnderTest) -> None:
    memories = [study.load(), study.load()]
    for number in range(14):
        mine, other = memories[number % 2], memories[(number + 1) % 2]
        study.catch_up(mine)
        trial_id = study.record(mine, mine.propose(), number)
        if number % 3:
            study.tell(other, trial_id, COMPLETE)
    for memory in memories:
        study.catch_up(memory)
        assert facts(memory) == facts(study.load())


def test_catching_up_with_another_process_reads_only_the_news(study: StudyUnderTest) -> None:
    memory = study.load()
    study.run(memory, range(4))
    study.catch_up(memory)
    known = memory._study.get_trials(deepcopy=False)
    study.run(study.load(), range(4, 6))
    study.catch_up(memory)
    caught_up = memory._study.get_trials(deepcopy=False)
    assert [id(trial) for trial in caught_up[:4]] == [id(trial) for trial in known]
    assert len(caught_up) == 6


def test_catching_up_with_nothing_new_is_one_query(study: StudyUnderTest) -> None:
    memory = study.load()
    study.run(memory, range(3))
    with study.transaction() as connection:
        statements: list[str] = []
        event.listen(connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
        memory.catch_up(connection)
    assert len(statements) == 1


def test_loading_takes_the_same_queries_for_few_and_many_trials(study: StudyUnderTest) -> None:
    counts = []
    memory = study.load()
    for numbers in (range(2), range(2, 12)):
        study.run(memory, numbers)
        with study.transaction() as connection:
            statements: list[str] = []
            event.listen(connection, "before_cursor_execute", lambda *args, seen=statements: seen.append(args[2]))
            StudyMemory.load(connection, study.name, plain(CHOICES), study.spec)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 12


def test_searches_do_not_see_each_other(study: StudyUnderTest) -> None:
    other = StudyUnderTest(study.engine, make_spec(), "another-search", (Choice("colour", ("red", "blue")),))
    study.run(study.load(), range(3))
    other.run(other.load(), range(2))
    assert len(facts(study.load())) == 3
    assert len(facts(other.load())) == 2


def test_a_trial_of_nobody_is_an_error(study: StudyUnderTest) -> None:
    with pytest.raises(LookupError, match="no trial with id 999"):
        study.tell(study.load(), 999, COMPLETE)


def test_a_study_of_nobody_is_an_error(study: StudyUnderTest) -> None:
    with study.transaction() as connection, pytest.raises(LookupError, match="no study 'unknown'"):
        StudyMemory.load(connection, "unknown", plain(CHOICES), study.spec)


def test_a_space_that_has_changed_since_is_refused(study: StudyUnderTest) -> None:
    study.run(study.load(), range(1))
    changed = (Choice("kernel", (3, 7)), *CHOICES[1:])
    with study.transaction() as connection, pytest.raises(PermanentError, match="drawn from other choices"):
        StudyMemory.load(connection, study.name, plain(changed), study.spec)


@pytest.mark.parametrize(
    ("outcome", "complaint"),
    [
        (Outcome(OutcomeState.COMPLETE, (0.5,)), "needs 2 values"),
        (Outcome(OutcomeState.COMPLETE, (0.5, 1.0), (0.0,)), "needs 0 constraints"),
    ],
)
def test_an_outcome_that_does_not_match_the_spec_changes_nothing(
    study: StudyUnderTest, outcome: Outcome, complaint: str
) -> None:
    memory = study.load()
    trial_id = study.record(memory, memory.propose(), 0)
    with pytest.raises(ValueError, match=complaint):
        study.tell(memory, trial_id, outcome)
    assert study.stock().trials[0].state is TrialState.RUNNING


@pytest.mark.parametrize("values", [{"kernel": 4}, {"colour": "red"}])
def test_given_values_outside_the_space_are_refused(study: StudyUnderTest, values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not in the space"):
        study.load().propose_given(values)
