"""What a candidate's rungs mean for it, where the schedule has any."""

from collections.abc import Sequence

from nas_service.domain.entities import Candidate, Evaluation, Rung
from nas_service.domain.executed import as_executed
from nas_service.domain.metrics import accuracies, accuracy_key
from nas_service.domain.rungs import rungs_of
from nas_service.domain.spec import ConstraintSpec, Metric, SearchSpec


def reached(spec: SearchSpec, candidate: Candidate, evaluation: Evaluation) -> tuple[Rung, ...]:
    """The candidate's rungs with this evaluation's; none where there is but one."""
    if len(rungs_of(spec)) == 1:
        return ()
    accuracy = accuracies(as_executed(spec, candidate), evaluation)[accuracy_key(spec)]
    return (*candidate.rungs, Rung(rungs_of(spec)[len(candidate.rungs)], accuracy, evaluation.id))


def has_rungs_left(spec: SearchSpec, candidate: Candidate) -> bool:
    """Whether it can be trained further."""
    return 0 < len(candidate.rungs) < len(rungs_of(spec))


def decided(constraints: Sequence[ConstraintSpec], *, goes_on: bool) -> list[ConstraintSpec]:
    """The constraints that more training cannot change: while it may go on, all but those on what is trained."""
    return [c for c in constraints if not goes_on or c.metric not in (Metric.ACCURACY, Metric.SHARPNESS)]
