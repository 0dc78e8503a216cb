"""The network of a candidate, and its picture."""

import search_spaces
from nas_service.domain.errors import ConflictError
from nas_service.use_cases.ports import UnitOfWork
from nas_service.use_cases.space import network_input, space_of
from search_spaces.drawing import draw


def plan_of(uow: UnitOfWork, candidate_id: str) -> search_spaces.NetworkPlan:
    """The blocks of a candidate's network.

    Raises NotFoundError, and ConflictError where this process does not know the search's space.
    """
    candidate = uow.candidates.get(candidate_id)
    search = uow.searches.get(candidate.search_id)
    try:
        space = space_of(search)
        return space.plan(space.canonical(candidate.architecture), network_input(search))
    except (ValueError, search_spaces.SpaceError) as error:
        detail = f"the network of {candidate_id} cannot be drawn here: {error}"
        raise ConflictError("no-plan", detail) from error


def drawing(uow: UnitOfWork, candidate_id: str) -> str:
    """An SVG document. Raises as `plan_of` does."""
    return draw(plan_of(uow, candidate_id))
