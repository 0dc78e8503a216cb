"""The front's networks at the precisions that nobody has tried: they are trained already, so that they come first."""

from collections.abc import Sequence

from nas_service.domain.entities import Candidate
from nas_service.domain.executed import chosen_precisions
from nas_service.use_cases.advance.context import Context
from nas_service.use_cases.advance.given import given_proposal
from nas_service.use_cases.advance.think import Proposal
from nas_service.use_cases.standing import searched_front
from search_spaces.deployment import PRECISION, network_values


def untried_sibling(context: Context) -> Proposal | None:
    """A member of the front, so far as it is known, at another precision; None where each was tried at all of them."""
    precisions = chosen_precisions(context.search.spec)
    if len(precisions) < 2:
        return None
    for member in _front(context):
        for precision in precisions:
            values = {**network_values(member.architecture), PRECISION.name: precision}
            proposal = given_proposal(context, values)
            if proposal is not None:
                return proposal
    return None


def _front(context: Context) -> Sequence[Candidate]:
    completed = context.uow.candidates.completed(context.search.id)
    return context.uow.candidates.named([completed[i].id for i in sorted(searched_front(context.search, completed))])
