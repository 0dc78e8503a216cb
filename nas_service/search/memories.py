"""The memories of the searches that this process advances, each bound to one transaction at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from nas_service.domain.entities import Search
from nas_service.domain.spec import ObjectiveSpec
from nas_service.search import values
from nas_service.search.create import create_study
from nas_service.search.study import StudyMemory
from nas_service.use_cases.ports import Outcome, UnitOfWork
from nas_service.use_cases.space import space_of

MAX_MEMORIES = 64
"""Studies kept in memory; beyond that the one used longest ago is forgotten, and read again when needed."""


class BoundMemory:
    """Implements the SearchMemory port: one study on one transaction."""

    def __init__(self, memory: StudyMemory, connection: Connection) -> None:
        self._memory = memory
        self._connection = connection

    def propose(self) -> values.Draft:
        """The sampler's next proposal."""
        return self._memory.propose()

    def propose_given(self, given: Mapping[str, Any]) -> values.Draft:
        """A proposal with these values."""
        return self._memory.propose_given(given)

    def drop(self, draft: values.Draft) -> None:
        """The draft did not become a candidate."""
        self._memory.drop(draft)

    def echo(self, draft: values.Draft, outcome: Outcome) -> None:
        """The draft equals a candidate whose result is known."""
        self._memory.echo(draft, outcome.values or (), outcome.violations)

    def record(self, draft: values.Draft, number: int, user_attrs: Mapping[str, Any]) -> int:
        """The draft has become a candidate; returns its trial's id."""
        return self._memory.record(self._connection, draft, number, user_attrs)

    def tell(self, trial_id: int, outcome: Outcome) -> None:
        """The candidate is over."""
        state = values.OutcomeState.FAILED
        if outcome.values is not None:
            state = values.OutcomeState.COMPLETE
        elif outcome.pruned:
            state = values.OutcomeState.PRUNED
        told = values.Outcome(state, outcome.values, outcome.violations, outcome.user_attrs or {})
        self._memory.tell(self._connection, trial_id, told)


class SqlMemories:
    """Implements the Memories port on Optuna's tables in our database."""

    def __init__(self) -> None:
        self._known: dict[str, StudyMemory] = {}

    def create(self, uow: UnitOfWork, study_name: str, objectives: Sequence[ObjectiveSpec]) -> None:
        """Create an empty study."""
        create_study(uow.connection, study_name, objectives)

    def of(self, uow: UnitOfWork, search: Search) -> BoundMemory:
        """The search's memory, equal to what this transaction sees."""
        memory = self._known.pop(search.id, None)
        if memory is None:
            memory = StudyMemory.load(uow.connection, search.study_name, space_of(search).choices, search.spec)
        else:
            memory.catch_up(uow.connection)
        self._known[search.id] = memory
        if len(self._known) > MAX_MEMORIES:
            self._known.pop(next(iter(self._known)))
        return BoundMemory(memory, uow.connection)

    def forget(self, search_id: str) -> None:
        """Drop the memory of a search that is over, or whose transaction failed."""
        self._known.pop(search_id, None)
