"""The memories of the searches that this process advances."""

from collections.abc import Sequence

from nas_service.domain.entities import Search
from nas_service.domain.spec import ObjectiveSpec
from nas_service.search.create import create_study
from nas_service.search.foresight import foresights
from nas_service.search.space_problem import SpaceProblem
from nas_service.search.study import StudyMemory
from nas_service.use_cases.ports import UnitOfWork
from nas_service.use_cases.space import network_input, space_of

MAX_MEMORIES = 64
"""Studies kept in memory; beyond that the one used longest ago is forgotten, and read again when needed."""


class SqlMemories:
    """Implements the Memories port on Optuna's tables in our database."""

    def __init__(self) -> None:
        self._known: dict[str, StudyMemory] = {}

    def create(self, uow: UnitOfWork, study_name: str, objectives: Sequence[ObjectiveSpec]) -> None:
        """Create an empty study."""
        create_study(uow.connection, study_name, objectives)

    def of(self, uow: UnitOfWork, search: Search) -> StudyMemory:
        """The search's memory, equal to what this transaction sees."""
        memory = self._known.pop(search.id, None)
        if memory is None:
            memory = StudyMemory.load(uow.connection, search.study_name, _problem_of(uow, search), search.spec)
        else:
            memory.catch_up(uow.connection)
        self._known[search.id] = memory
        if len(self._known) > MAX_MEMORIES:
            self._known.pop(next(iter(self._known)))
        return memory

    def forget(self, search_id: str) -> None:
        """Drop the memory of a search that is over, or whose transaction failed."""
        self._known.pop(search_id, None)


def _problem_of(uow: UnitOfWork, search: Search) -> SpaceProblem:
    assert search.dataset is not None
    side = (search.dataset.height, search.dataset.width)
    return SpaceProblem.of(search.spec, space_of(search), network_input(search), side, foresights(uow, search))
