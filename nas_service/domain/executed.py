"""What targets execute of a candidate: the files of its own precision in place of those that the spec asks for."""

from collections.abc import Mapping, Sequence
from typing import cast

from nas_service.domain.entities import Candidate, JsonDict
from nas_service.domain.formats import ModelFormat, PrecisionName
from nas_service.domain.recipe import compressions
from nas_service.domain.spec import ChoiceValue, RecipeEntry, SearchSpec, TargetSpec
from search_spaces.deployment import PRECISION


def precision_of(architecture: Mapping[str, ChoiceValue], recipe: Sequence[RecipeEntry] = ()) -> PrecisionName | None:
    """At which precision targets execute a candidate: what its recipe gives, or else what its architecture says.

    None: at their own.
    """
    given = next((c.step.precision for c in reversed(compressions(recipe)) if c.step.precision), None)
    return given or cast(PrecisionName | None, architecture.get(PRECISION.name))


def at_precision(spec: SearchSpec, precision: PrecisionName | None) -> SearchSpec:
    """The spec with its targets at another precision; None: as it is."""
    if precision is None:
        return spec
    targets = tuple(target.model_copy(update={"precision": precision}) for target in spec.targets)
    return spec.model_copy(update={"targets": targets})


def chosen_precisions(spec: SearchSpec) -> tuple[PrecisionName | None, ...]:
    """Those at which targets execute a search's candidates; None: at their own."""
    if not spec.chooses_precision:
        return (None,)
    return tuple(cast(PrecisionName, option) for option in spec.space.choices[PRECISION.name])


def as_executed(spec: SearchSpec, candidate: Candidate) -> SearchSpec:
    """The spec with the targets on which a candidate is timed and judged: its own, but for their precision."""
    return at_precision(spec, precision_of(candidate.architecture, candidate.recipe))


def formats_of(spec: SearchSpec, candidate: Candidate) -> tuple[ModelFormat, ...]:
    """The files of a candidate. A child's network follows from no architecture, so that its program is kept, too."""
    executed = as_executed(spec, candidate).formats
    if candidate.parent_id is None:
        return executed
    return tuple(form for form in ModelFormat if form in executed or form is ModelFormat.PT2)


def timed_target(spec: SearchSpec, payload: JsonDict) -> TargetSpec:
    """What a work item asks for that is about one target, as it executes the candidate."""
    target = spec.targets[payload["target"]]
    return target.model_copy(update={"precision": payload["precision"]}) if "precision" in payload else target


def is_timed_roughly(spec: SearchSpec, payload: JsonDict) -> bool:
    """Whether a timing's work item may take less time at less precision.

    A latency predictor learns more from many rough timings than from few good ones. And where candidates are halved,
    accuracies of short trainings are far less certain than a rough timing: near-ties and the front's members are timed
    for longer in the end.
    """
    return spec.strategy.evaluator == "untrained" or (spec.halves and not payload["final"])


def executed_files(spec: SearchSpec, candidate: Candidate) -> dict[str, str]:
    """By target the file that is executed there."""
    targets = as_executed(spec, candidate).targets
    return {str(index): target.format.file_name for index, target in enumerate(targets)}
