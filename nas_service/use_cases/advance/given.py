"""Proposals that no sampler has made: architectures that are worth a look because they are trained already."""

from collections.abc import Mapping

import search_spaces
from nas_service.domain.metrics import broken
from nas_service.use_cases.advance.context import Context
from nas_service.use_cases.advance.think import Proposal
from nas_service.use_cases.space import computable_metrics, space_of


def given_proposal(context: Context, values: Mapping[str, object]) -> Proposal | None:
    """As the sampler would have made it, unless this search knows it already, has not all of its options, or it breaks
    what can be foreseen."""
    search, space = context.search, space_of(context.search)
    try:
        architecture = space.canonical(values)
    except search_spaces.IllegalArchitecture:
        return None
    if context.uow.candidates.by_key(search.id, architecture.key) is not None:
        return None
    foreseen = context.memory.foresee([architecture])[0]
    metrics = computable_metrics(search, [architecture])[0] | foreseen.metrics
    if foreseen.broken or broken(search.spec.constraints, metrics):
        return None
    return Proposal(context.memory.propose_given(space.spelled_out(architecture)), architecture, metrics, foreseen)
