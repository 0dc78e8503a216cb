"""The search memory of one search in one process: proposals in memory, trials as a whole in Optuna's tables."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Self
from uuid import uuid4

from optuna.samplers import BaseGASampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, Transaction, or_

from nas_service.domain.errors import PermanentError
from nas_service.domain.outcome import Draft, Foreseen, Outcome, OutcomeState
from nas_service.domain.spec import ChoiceValue, SearchSpec
from nas_service.search import reading, writing
from nas_service.search.samplers import make_sampler
from nas_service.search.space_problem import SpaceProblem
from nas_service.search.storage import MemoryStorage
from nas_service.search.tables import REVISION, TRIALS
from search_spaces import Architecture

# One list under one key, as Optuna's samplers wrote it up to version 4: Optuna 5 reads both forms, the dashboard this.
_CONSTRAINTS = "constraints"

_STATES = {
    OutcomeState.COMPLETE: TrialState.COMPLETE,
    OutcomeState.PRUNED: TrialState.PRUNED,
    OutcomeState.FAILED: TrialState.FAIL,
}


class StudyMemory:
    """What the sampler of one search knows, kept equal to the database without ever reloading it.

    Whoever writes holds the search's lock until the transaction ends. Not safe for threads.
    """

    def __init__(self, study: reading.StudyRow, study_name: str, problem: SpaceProblem, spec: SearchSpec) -> None:
        self._study_id = study.study_id
        self._problem = problem
        self._space = problem.grid.distributions
        self._space_json = writing.space_as_json(self._space)
        self._spec = spec
        self._storage = MemoryStorage(study_name, study.directions)
        self._study = Study(study_name, self._storage, make_sampler(spec, 0, problem))
        self._revision: str | None = None
        self._newest_id = 0
        self._stored_attrs: set[str] = set()
        self._transaction: Transaction | None = None
        self._unconfirmed: set[int] = set()

    @classmethod
    def load(cls, connection: Connection, study_name: str, problem: SpaceProblem, spec: SearchSpec) -> Self:
        """Read the whole study once, in bulk.

        Raises LookupError where there is no such study, and PermanentError where its trials were drawn from
        other choices or options than the problem has.
        """
        memory = cls(reading.read_study(connection, study_name), study_name, problem, spec)
        if reading.read_space_json(connection, memory._study_id) not in ({}, memory._space_json):
            raise PermanentError(
                "study-space-changed",
                f"the trials of study {study_name} were drawn from other choices than the search space has now:"
                " go on with the version that the search began with, or submit it anew",
            )
        memory.catch_up(connection)
        return memory

    def catch_up(self, connection: Connection) -> None:
        """Make memory equal to what this transaction sees: to be done before proposing in it.

        Takes in what other processes wrote, and takes back what an earlier transaction of this memory wrote and
        then rolled back. One short query where nothing changed, none the second time in a transaction.
        """
        if self._transaction is not None and self._transaction is connection.get_transaction():
            return
        revision = reading.read_study_attr(connection, self._study_id, REVISION)
        if revision != self._revision:
            self._read(connection, self._storage.running_ids() | self._unconfirmed)
            attrs = reading.read_study_attrs(connection, self._study_id)
            self._storage.replace_study_system_attrs(attrs)
            self._stored_attrs = set(attrs)
            self._revision = revision
        self._transaction = connection.get_transaction()
        self._unconfirmed.clear()

    def foresee(self, architectures: Sequence[Architecture]) -> Sequence[Foreseen]:
        """What latency predictors say of networks before they are measured."""
        return self._problem.foresee(architectures)

    def propose(self) -> Draft:
        """Ask the sampler. The draft counts as running until it is recorded, dropped or echoed."""
        number = self._study.ask(dict(self._space)).number
        return Draft(number, MappingProxyType(self._storage.by_number(number).params))

    def propose_given(self, values: Mapping[str, ChoiceValue]) -> Draft:
        """A draft with these values; choices not named are the sampler's. Raises ValueError for unknown ones."""
        for name, value in values.items():
            if not self._problem.grid.allows(name, value):
                raise ValueError(f"{name}={value!r} is not in the space of the study")
        self._study.enqueue_trial(dict(values))
        draft = self.propose()
        if isinstance(self._study.sampler, BaseGASampler):
            # Optuna leaves given trials out of every generation; here they may become parents like any other.
            self._study.sampler.get_trial_generation(self._study, self._storage.by_number(draft.number))
        return draft

    def drop(self, draft: Draft) -> None:
        """The draft did not become a candidate: leave no trace of it."""
        self._storage.forget(self._storage.by_number(draft.number)._trial_id)

    def echo(self, draft: Draft, outcome: Outcome) -> None:
        """The draft equals a candidate whose result is known: let a model learn it, in memory only.

        Otherwise TPE, which knows nothing new, would propose it again and again. A genetic population gains
        nothing from twins, and its parents must be found again after a restart: there the draft is dropped.
        """
        if isinstance(self._study.sampler, BaseGASampler):
            self.drop(draft)
        else:
            self._tell_in_memory(self._storage.by_number(draft.number), outcome)

    def record(self, connection: Connection, draft: Draft, number: int, user_attrs: Mapping[str, Any]) -> int:
        """Write the draft as a running trial and return its id. Numbers count from 0 without gaps."""
        self.catch_up(connection)
        trial = self._storage.by_number(draft.number)
        trial_id = writing.insert_trial(connection, self._study_id, number, trial, self._space_json)
        self._mark_changed(connection, trial_id)
        self._storage.adopt(draft.number, trial_id)
        self._newest_id = max(self._newest_id, trial_id)
        writing.insert_user_attrs(connection, trial_id, user_attrs)
        return trial_id

    def tell(self, connection: Connection, trial_id: int, outcome: Outcome) -> None:
        """Finish a trial, in the database and in memory; of one that is finished already only user attributes change.

        Raises LookupError for a trial that the study does not have, and ValueError for an outcome that does not
        match the spec's objectives and constraints.
        """
        self._check(outcome)
        self.catch_up(connection)
        if not self._storage.knows(trial_id):
            raise LookupError(f"study {self._study.study_name} has no trial with id {trial_id}")
        if not writing.finish_trial(connection, trial_id, _STATES[outcome.state]):
            writing.write_user_attrs(connection, trial_id, outcome.user_attrs)
            return
        self._mark_changed(connection, trial_id)
        before = self._storage.get_trial(trial_id)
        self._tell_in_memory(before, outcome)
        after = self._storage.get_trial(trial_id)
        fresh = {key: value for key, value in after.system_attrs.items() if key not in before.system_attrs}
        writing.insert_system_attrs(connection, trial_id, fresh)
        writing.insert_values(connection, trial_id, after.values or [])
        writing.write_user_attrs(connection, trial_id, outcome.user_attrs)

    def _check(self, outcome: Outcome) -> None:
        for name, given, wanted in (
            ("values", outcome.values, len(self._spec.objectives)),
            ("constraints", outcome.constraints, len(self._spec.constraints)),
        ):
            if outcome.state is OutcomeState.COMPLETE and len(given or ()) != wanted:
                raise ValueError(f"a complete outcome needs {wanted} {name}, not {given}")

    def _tell_in_memory(self, trial: FrozenTrial, outcome: Outcome) -> None:
        if outcome.constraints:
            self._storage.set_trial_system_attr(trial._trial_id, _CONSTRAINTS, list(outcome.constraints))
        self._study.tell(trial.number, outcome.values, _STATES[outcome.state])

    def _read(self, connection: Connection, trial_ids: set[int]) -> None:
        """Take in new trials and the present state of `trial_ids`; forget those that the database does not have."""
        wanted = or_(TRIALS.c.trial_id > self._newest_id, TRIALS.c.trial_id.in_(trial_ids))
        found = reading.read_trials(connection, self._study_id, self._space, wanted)
        strangers = any(not self._storage.knows(trial._trial_id) for trial in found)
        for trial_id in trial_ids - {trial._trial_id for trial in found}:
            self._storage.forget(trial_id)
        for trial in found:
            self._storage.put(trial)
            self._newest_id = max(self._newest_id, trial._trial_id)
        if strangers:
            self._study.sampler = make_sampler(self._spec, self._storage.recorded_count(), self._problem)

    def _mark_changed(self, connection: Connection, trial_id: int) -> None:
        """Store what the sampler remembers of the study, and a revision by which others see that there is news.

        From here on memory and database differ until the commit: a rollback brings the old revision back, and
        the next `catch_up` reads again what was changed.
        """
        self._revision = uuid4().hex
        self._unconfirmed.add(trial_id)
        attrs = self._storage.get_study_system_attrs(self._study_id)
        fresh = {key: value for key, value in attrs.items() if key not in self._stored_attrs}
        self._stored_attrs |= fresh.keys()
        writing.insert_study_attrs(connection, self._study_id, fresh)
        writing.change_study_attr(connection, self._study_id, REVISION, self._revision)
