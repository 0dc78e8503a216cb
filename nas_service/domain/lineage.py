"""A compressed candidate beside the one that it was made of: what changed, and whether that helps."""

from dataclasses import dataclass

from nas_service.domain.entities import Candidate, JsonDict
from nas_service.domain.estimates import Estimates
from nas_service.domain.final import final_numbers
from nas_service.domain.metrics import objective_key
from nas_service.domain.spec import ObjectiveSpec, SearchSpec

MEASURED_ONCE = ("test_accuracy", "model_file_bytes")
"""Of the finished files, beside the metrics."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a child is worth having beside its parent, by the search's objectives."""

    helps: bool
    reason: str


def judge(spec: SearchSpec, parent: Estimates, child: Estimates) -> Verdict:
    """It helps where it is better by any objective, beyond what noise explains.

    Otherwise its parent dominates it, or might as well, and is kept alone.
    """
    better = [o for o in spec.objectives if _is_better(o, parent, child)]
    names = [objective_key(objective) for objective in better or spec.objectives]
    if better:
        return Verdict(True, f"better than its parent by {' and '.join(names)}")
    return Verdict(False, f"no better than its parent by {' or '.join(names)}, within noise; the parent is kept")


def _is_better(objective: ObjectiveSpec, parent: Estimates, child: Estimates) -> bool:
    key = objective_key(objective)
    before, after = ((known.intervals.get(key) or (known.metrics[key],) * 2) for known in (parent, child))
    return after[0] > before[1] if objective.maximize else after[1] < before[0]


def lineage(spec: SearchSpec, parent: Candidate, child: Candidate, final: JsonDict) -> JsonDict:
    """As kept with the child, shown and written on its card; `final` are its numbers. Both must be finalized.

    Under `comparison` the numbers of parent and child by metric key, those of the finished files.
    """
    before, after = final_numbers(spec, parent.known, parent.final), final_numbers(spec, child.known, final)
    assert before is not None
    assert after is not None
    verdict = judge(spec, before, after)
    was = before.metrics | _once(parent.final or {})
    now = after.metrics | _once(final)
    return {
        "parent_id": parent.id,
        "parent_number": parent.number,
        "recipe": list(child.recipe),
        "helps": verdict.helps,
        "reason": verdict.reason,
        "comparison": {key: {"parent": was[key], "child": now[key]} for key in was if key in now},
    }


def _once(final: JsonDict) -> dict[str, float]:
    return {name: final[name] for name in MEASURED_ONCE if name in final}
