"""What the sampler thinks of next, outside of any transaction: some samplers think for seconds."""

from dataclasses import dataclass, field

import search_spaces
from nas_service.domain.entities import Candidate, Search
from nas_service.domain.metrics import broken, computable
from nas_service.domain.outcome import Draft, Foreseen
from nas_service.use_cases.ports import SearchMemory
from nas_service.use_cases.space import computable_metrics, space_of

MAX_REJECTED = 100
"""Proposals in a row that may be known or infeasible before architectures are drawn directly."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An architecture that keeps what can be computed or foreseen. Whether it is new, only the database can tell."""

    draft: Draft
    architecture: search_spaces.Architecture
    metrics: dict[str, float]
    foreseen: Foreseen


@dataclass(slots=True)
class Thoughts:
    """Proposals between the transactions of one `advance`."""

    ready: list[Proposal] = field(default_factory=list)
    wanted: int = 0
    """How many more the last transaction could have used."""
    memory: SearchMemory | None = None
    """Who is asked."""
    earlier: list[Candidate] | None = None
    """What is left of earlier searches' candidates to take over; None: nobody has looked."""
    rejected: int = 0
    """Proposals rejected since the last one that became a candidate."""

    @property
    def fruitless(self) -> bool:
        """Whether the sampler has been asked often enough."""
        return self.rejected >= MAX_REJECTED

    def drop_unused(self) -> None:
        """Proposals that nobody wanted any more were never made."""
        for proposal in self.ready:
            assert self.memory is not None
            self.memory.drop(proposal.draft)


def think(search: Search, thoughts: Thoughts) -> None:
    """Ask the sampler until `wanted` proposals are ready, or it is fruitless."""
    memory = thoughts.memory
    assert memory is not None
    space, constraints = space_of(search), computable(search.spec.constraints)
    while len(thoughts.ready) < thoughts.wanted and not thoughts.fruitless:
        draft = memory.propose()
        architecture = space.canonical(draft.values)
        foreseen = memory.foresee([architecture])[0]
        metrics = computable_metrics(search, [architecture])[0] | foreseen.metrics
        if foreseen.broken or broken(constraints, metrics):
            memory.drop(draft)
            thoughts.rejected += 1
        else:
            thoughts.ready.append(Proposal(draft, architecture, metrics, foreseen))
    thoughts.wanted = 0
