"""Answers that stay the same while their search does: kept by its version, so that many who ask cost little."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import Depends, Request

from nas_service.api.converters import front_info
from nas_service.api.front_csv import front_csv
from nas_service.api.recent import Recent
from nas_service.domain.entities import Search
from nas_service.domain.states import SearchStatus
from nas_service.use_cases import queries
from nas_service.use_cases.figures.growth import growths
from nas_service.use_cases.ports import Page, UnitOfWork
from nas_service.use_cases.standing import Standing, standing
from nas_service.wire.base import Document

SEARCHES = 1000
STANDINGS = 1000
HISTORY_STEPS = 32
"""Of a small picture."""
FRONTS_BYTES = 32 * 2**20
FIGURES_BYTES = 64 * 2**20


History = tuple[float, ...]


class Answers:
    """Of one process. Whoever asks has found the search in a store of his own: nobody is told of another tenant's."""

    def __init__(self) -> None:
        self._searches: Recent[Search] = Recent(SEARCHES)
        self._standings: Recent[Standing] = Recent(STANDINGS)
        self._histories: Recent[History] = Recent(STANDINGS)
        self._fronts: Recent[bytes] = Recent(FRONTS_BYTES, weight=len)
        self._figures: Recent[bytes] = Recent(FIGURES_BYTES, weight=len)

    def searches(
        self, uow: UnitOfWork, page: Page, status: SearchStatus | None = None, named: str = ""
    ) -> tuple[Sequence[Search], str | None]:
        """A page of searches and the next one's cursor, each read once a version."""
        found, next_cursor = uow.searches.list(page, status, named, lambda *version: self._searches.find(version))
        for search in found:
            self._searches.keep((search.id, search.version), search)
        return found, next_cursor

    def standing(self, uow: UnitOfWork, search: Search) -> Standing:
        """The search's standing, computed once a version."""
        return self._standings.get((search.id, search.version), lambda: standing(uow, search))

    def histories(self, uow: UnitOfWork, searches: Sequence[Search]) -> list[History]:
        """How the hypervolume of each grew, as ratios: computed once a version, those not known in one query."""
        known = {search.id: self._histories.find((search.id, search.version)) for search in searches}
        missing = [search for search in searches if known[search.id] is None]
        for search_id, steps in (growths(uow, missing, HISTORY_STEPS) if missing else {}).items():
            known[search_id] = tuple(step.hypervolume_ratio for step in steps)
        for search in missing:
            self._histories.keep((search.id, search.version), known[search.id] or ())
        return [known[search.id] or () for search in searches]

    def front(self, uow: UnitOfWork, search_id: str, target: int | None, *, as_csv: bool) -> bytes:
        """The search's front as sent, computed and encoded once a version.

        Raises NotFoundError, and SpecError for a target that the search does not have.
        """

        def made() -> bytes:
            front = front_info(queries.front(uow, search_id, target))
            return (front_csv(front) if as_csv else front.model_dump_json()).encode()

        return self._fronts.get((search_id, uow.searches.version(search_id), target, as_csv), made)

    def figure(self, uow: UnitOfWork, search_id: str, make: Callable[[UnitOfWork, Search], Document]) -> bytes:
        """What `make` gives for the search, computed and encoded once a version. Raises NotFoundError."""

        def made() -> bytes:
            return make(uow, uow.searches.get(search_id)).model_dump_json().encode()

        return self._figures.get((make.__name__, search_id, uow.searches.version(search_id)), made)


async def _answers(request: Request) -> Answers:
    answers: Answers = request.app.state.answers
    return answers


AnswersDep = Annotated[Answers, Depends(_answers)]
