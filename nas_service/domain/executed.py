"""What targets execute of a child: the files of its recipe's precision in place of those that the spec asks for."""

from collections.abc import Sequence

from nas_service.domain.entities import Candidate, JsonDict
from nas_service.domain.formats import ModelFormat, PrecisionName
from nas_service.domain.recipe import compressions
from nas_service.domain.spec import RecipeEntry, SearchSpec, TargetSpec


def precision_of(recipe: Sequence[RecipeEntry]) -> PrecisionName | None:
    """At which precision targets execute what the recipe gives; None: at their own."""
    return next((c.step.precision for c in reversed(compressions(recipe)) if c.step.precision), None)


def as_executed(spec: SearchSpec, recipe: Sequence[RecipeEntry]) -> SearchSpec:
    """The spec with the targets on which what the recipe gives is timed: its own, but for their precision."""
    precision = precision_of(recipe)
    if precision is None:
        return spec
    targets = tuple(target.model_copy(update={"precision": precision}) for target in spec.targets)
    return spec.model_copy(update={"targets": targets})


def formats_of(spec: SearchSpec, candidate: Candidate) -> tuple[ModelFormat, ...]:
    """The files of a candidate. A child's network follows from no architecture, so that its program is kept, too."""
    executed = as_executed(spec, candidate.recipe).formats
    if candidate.parent_id is None:
        return executed
    return tuple(form for form in ModelFormat if form in executed or form is ModelFormat.PT2)


def timed_target(spec: SearchSpec, payload: JsonDict) -> TargetSpec:
    """What a timing's work item asks for."""
    target = spec.targets[payload["target"]]
    return target.model_copy(update={"precision": payload["precision"]}) if "precision" in payload else target


def is_timed_roughly(spec: SearchSpec) -> bool:
    """Whether its timings are what a latency predictor learns from: many rough ones teach more than few good ones."""
    return spec.strategy.evaluator == "untrained"


def executed_files(spec: SearchSpec, candidate: Candidate) -> dict[str, str]:
    """By target the file that is executed there."""
    targets = as_executed(spec, candidate.recipe).targets
    return {str(index): target.format.file_name for index, target in enumerate(targets)}
