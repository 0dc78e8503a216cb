"""What is known to be impossible about a spec before it is stored. Each check returns the fields at fault."""

from collections.abc import Sequence
from pathlib import Path

import search_spaces
from nas_service.data_paths import resolve_below
from nas_service.domain.dataset_name import FILE_SCHEMES, NOISE, parse_dataset_name, parse_noise
from nas_service.domain.entities import CANDIDATES
from nas_service.domain.errors import DatasetError, FieldProblem
from nas_service.domain.executed import at_precision
from nas_service.domain.formats import precisions_of, runtimes_at
from nas_service.domain.metrics import judged_by_training
from nas_service.domain.recipe import apply_recipe, check_recipe
from nas_service.domain.spec import BEST_TEACHER, SUPERNET_TEACHER, TEACHER_FILES, Metric, SearchSpec
from nas_service.use_cases.submit import Check
from search_spaces.deployment import PRECISION, SPARSITY
from search_spaces.registry import builds_its_own


def check_recipes(spec: SearchSpec) -> list[FieldProblem]:
    """Recipe steps that do not exist, not in this place or order, or that the targets cannot execute."""
    return [
        *check_recipe(spec.training.recipe, "training"),
        *dict.fromkeys(
            problem
            for each in (spec, *([at_precision(spec, "int8")] if spec.chooses_precision else []))
            for problem in check_recipe(spec.finalize.recipe, "finalize", targets=each.targets)
        ),
    ]


def check_precision(spec: SearchSpec) -> list[FieldProblem]:
    """Where the space chooses at which precision a network is executed: targets that do, too, or that know but one."""
    if not spec.chooses_precision:
        return []
    field, problems = f"space.choices.{PRECISION.name}", []
    for i, target in enumerate(spec.targets):
        if target.precision != PRECISION.default:
            message = f"the space chooses the precision; leave it out here, or leave out {field}"
            problems.append(FieldProblem(f"targets.{i}.precision", message))
        elif "int8" not in precisions_of(target.runtime):
            able = ", ".join(runtimes_at("int8"))
            message = f"{target.runtime} (targets.{i}) executes fp32 only; use {able}, or leave int8 out"
            problems.append(FieldProblem(field, message))
    if spec.strategy.evaluator == "untrained":
        mend = "leave it out, and name a target for each precision"
        problems.append(FieldProblem(field, f"a profile times every network on every target; {mend}"))
    return problems


def check_sparsity(spec: SearchSpec) -> list[FieldProblem]:
    """Zeros come while a candidate is trained, in one piece, and only the size of packed weights tells of them."""
    if not spec.chooses_sparsity:
        return []
    field, problems = f"space.choices.{SPARSITY.name}", []
    if Metric.PACKED_BYTES not in judged_by_training(spec):
        mend = f"name `{Metric.PACKED_BYTES}` in an objective or a constraint, or leave it out"
        problems.append(FieldProblem(field, f"zeros change neither `size_bytes` nor any latency; {mend}"))
    if spec.halves:
        message = f"zeros come gradually, over one training; set it to `full`, or leave out {field}"
        problems.append(FieldProblem("strategy.schedule", message))
    return problems


def teacher_check(roots: Sequence[Path]) -> Check:
    """A check that whoever distils has somebody to learn from, and that files of teachers lie below one of `roots`."""

    def check(spec: SearchSpec) -> list[FieldProblem]:
        field, teachers = "training.distill.teachers", spec.training.distill.teachers
        problems = [
            FieldProblem(field, f"{name}: {problem}")
            for name in teachers
            if name not in (BEST_TEACHER, SUPERNET_TEACHER) and not name.startswith(CANDIDATES)
            if (problem := _file_problem(name, roots))
        ]
        shares_weights = spec.strategy.evaluator == "supernet"
        if SUPERNET_TEACHER in teachers and not shares_weights:
            mend = "name `best` or a file, or set strategy.evaluator to `supernet`"
            problems.append(FieldProblem(field, f"the search has no supernet to learn from; {mend}"))
        legal = not check_recipe(spec.training.recipe, "training")
        in_search = legal and apply_recipe(spec.training, spec.training.recipe).distill.is_on
        if in_search and (BEST_TEACHER in teachers or not (teachers or shares_weights)):
            mend = "name a candidate or a file here, or move `distill` to finalize.recipe"
            problems.append(FieldProblem(field, f"while candidates are trained none of them is the best yet; {mend}"))
        return problems

    return check


def _file_problem(name: str, roots: Sequence[Path]) -> str | None:
    if not name.endswith(TEACHER_FILES):
        return f"is no teacher; name `best`, `supernet`, a candidate's id, or a file ({', '.join(TEACHER_FILES)})"
    try:
        resolve_below(name, roots)
    except DatasetError as error:
        return error.detail
    return None


def check_space(spec: SearchSpec) -> list[FieldProblem]:
    """Unknown spaces and presets, and restrictions that no network can follow.

    Which preset `auto` means depends on the data set, so it is only refused where no preset would do.
    """
    space = spec.space
    try:
        presets = search_spaces.get(space.name).presets() if space.preset == "auto" else (space.preset,)
    except search_spaces.SpaceError as error:
        return [FieldProblem("space.name", str(error))]
    if spec.strategy.evaluator == "supernet" and builds_its_own(space.name):
        message = f"{space.name} builds its own networks, whose weights cannot be shared; use scratch"
        return [FieldProblem("strategy.evaluator", message)]
    problems = [_space_problem(spec, preset) for preset in presets]
    return [] if None in problems else [problem for problem in problems[:1] if problem]


def check_untrained(spec: SearchSpec) -> list[FieldProblem]:
    """What says nothing of networks that are not trained, and what says something of those alone."""
    untrained = spec.strategy.evaluator == "untrained"
    noise = spec.dataset.name.startswith(f"{NOISE}:")
    problems = []
    if untrained and (judged := judged_by_training(spec)):
        mend = f"name `latency_ms` as the only objective, and constrain no {judged[0]}"
        problems.append(FieldProblem("objectives", f"untrained networks have no {judged[0]} to speak of; {mend}"))
    if untrained and any(o.metric is Metric.ACCURACY for o in spec.objectives):
        mend = "name `latency_ms` as the only objective"
        problems.append(FieldProblem("objectives", f"untrained networks have no accuracy to speak of; {mend}"))
    if spec.strategy.sampler == "profile" and not untrained:
        mend = "set strategy.evaluator to `untrained`, or choose another sampler"
        problems.append(
            FieldProblem("strategy.sampler", f"`profile` chooses what to measure, not what to train; {mend}")
        )
    if spec.budget.predictor_mape is not None and not untrained:
        mend = "leave it out: only a profile ends with its predictors"
        problems.append(FieldProblem("budget.predictor_mape", f"this search is made for a front; {mend}"))
    if noise and not untrained:
        problems.append(FieldProblem("dataset.name", "noise cannot be learned; it is for profiles only"))
    return problems


def _space_problem(spec: SearchSpec, preset: str) -> FieldProblem | None:
    try:
        space = search_spaces.get(spec.space.name, preset=preset, choices=spec.space.choices)
    except search_spaces.ImpossibleChoice as error:
        return FieldProblem(f"space.choices.{error.field}", str(error))
    except search_spaces.UnknownSpace as error:
        return FieldProblem("space.name" if error.name == spec.space.name else "space.preset", str(error))
    optional = [choice.name for choice in space.choices if choice.default is not None]
    if spec.strategy.evaluator == "supernet" and optional:
        message = f"a supernet knows nothing of {', '.join(optional)}; leave it out of space.choices, or use scratch"
        return FieldProblem("strategy.evaluator", message)
    return None


def dataset_check(roots: Sequence[Path]) -> Check:
    """A check that the data set's name can be read, and that a file set lies below one of `roots`."""

    def check(spec: SearchSpec) -> list[FieldProblem]:
        try:
            scheme, rest = parse_dataset_name(spec.dataset.name)
            if scheme in FILE_SCHEMES:
                resolve_below(rest, roots)
            if scheme == NOISE:
                parse_noise(rest)
        except DatasetError as error:
            return [FieldProblem("dataset.name", error.detail)]
        return []

    return check
