"""What earlier searches have found out: their best architectures come first, for they are trained already."""

from nas_service.domain.entities import Candidate, Search
from nas_service.domain.front import Point, non_dominated
from nas_service.domain.metrics import accuracy_key, broken
from nas_service.domain.rungs import rungs_of
from nas_service.domain.spec import Metric
from nas_service.domain.states import CandidateStatus
from nas_service.use_cases.advance.context import Context
from nas_service.use_cases.advance.given import given_proposal
from nas_service.use_cases.advance.think import Proposal
from nas_service.use_cases.reuse import evaluation_reuse_key

MOST_SEARCHES = 16
"""Of the tenant's searches, the latest ones, are looked into."""
MOST_TAKEN = 64
"""Architectures that are taken over; at most half of a budget of candidates."""


def taken_over(context: Context) -> Proposal | None:
    """The next architecture whose training an earlier search has paid for and which this one does not know yet."""
    thoughts = context.thoughts
    if thoughts.earlier is None:
        thoughts.earlier = _worth_taking(context)
    while thoughts.earlier:
        proposal = given_proposal(context, thoughts.earlier.pop(0).architecture)
        if proposal is not None:
            return proposal
    return None


def _worth_taking(context: Context) -> list[Candidate]:
    """The best by accuracy and MACs, which mean the same on every target, of all that would be trained alike."""
    search = context.search
    strategy, bound = search.spec.strategy, search.spec.budget.candidates
    most = MOST_TAKEN if bound is None else min(MOST_TAKEN, bound // 2)
    wanted = strategy.warm_start and (strategy.sampler, strategy.evaluator) == ("predictor", "scratch")
    if not wanted or search.candidate_count >= most:
        return []
    found: dict[str, tuple[Candidate, Point]] = {}
    for earlier in context.uow.searches.latest(search.tenant, MOST_SEARCHES):
        if earlier.id == search.id or earlier.is_imported or not _trains_alike(earlier, search):
            continue
        accuracy = accuracy_key(earlier.spec)
        for candidate in context.uow.candidates.of(earlier.id, [CandidateStatus.COMPLETED]):
            point = candidate.metrics[accuracy], candidate.metrics[Metric.MACS]
            if earlier.spec.targets != search.spec.targets or not broken(search.spec.constraints, candidate.metrics):
                found.setdefault(candidate.architecture_key, (candidate, point))
    return _best(list(found.values()), most - search.candidate_count)


def _trains_alike(one: Search, other: Search) -> bool:
    """Whether an architecture would get the same evaluation in both."""
    if one.dataset is None or one.space is None:
        return False
    keys = [evaluation_reuse_key(s, "", final=False, epochs=rungs_of(s.spec)[0]) for s in (one, other)]
    return keys[0] == keys[1]


def _best(candidates: list[tuple[Candidate, Point]], most: int) -> list[Candidate]:
    """Front after front."""
    chosen: list[Candidate] = []
    left = candidates
    while left and len(chosen) < most:
        front = set(non_dominated([point for _, point in left], (True, False)))
        chosen += [left[i][0] for i in sorted(front)]
        left = [each for i, each in enumerate(left) if i not in front]
    return chosen[:most]
