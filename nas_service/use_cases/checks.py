"""What is known to be impossible about a spec before it is stored. Each check returns the fields at fault."""

from collections.abc import Sequence
from pathlib import Path

import search_spaces
from nas_service.data_paths import resolve_below
from nas_service.domain.dataset_name import FILE_SCHEMES, UPLOADED, parse_dataset_name
from nas_service.domain.errors import DatasetError, FieldProblem, NotFoundError
from nas_service.domain.recipe import check_recipe
from nas_service.domain.spec import SearchSpec
from nas_service.use_cases.ports import Store
from nas_service.use_cases.submit import Check


def check_recipes(spec: SearchSpec) -> list[FieldProblem]:
    """Recipe steps that do not exist, or not in this place."""
    return [*check_recipe(spec.training.recipe, "training"), *check_recipe(spec.finalize.recipe, "finalize")]


def check_space(spec: SearchSpec) -> list[FieldProblem]:
    """Unknown spaces and presets, and restrictions that no network can follow.

    Which preset `auto` means depends on the data set, so it is only refused where no preset would do.
    """
    space = spec.space
    try:
        presets = search_spaces.get(space.name).presets() if space.preset == "auto" else (space.preset,)
    except search_spaces.SpaceError as error:
        return [FieldProblem("space.name", str(error))]
    problems = [_space_problem(spec, preset) for preset in presets]
    return [] if None in problems else [problem for problem in problems[:1] if problem]


def _space_problem(spec: SearchSpec, preset: str) -> FieldProblem | None:
    try:
        search_spaces.get(spec.space.name, preset=preset, choices=spec.space.choices)
    except search_spaces.ImpossibleChoice as error:
        return FieldProblem(f"space.choices.{error.field}", str(error))
    except search_spaces.UnknownSpace as error:
        return FieldProblem("space.name" if error.name == spec.space.name else "space.preset", str(error))
    return None


def upload_check(store: Store) -> Check:
    """A check that an uploaded set exists in `store`, and that its images have, or are given, one size."""

    def check(spec: SearchSpec) -> list[FieldProblem]:
        try:
            scheme, dataset_id = parse_dataset_name(spec.dataset.name)
            if scheme != UPLOADED:
                return []
            with store.read() as uow:
                facts = uow.datasets.get(dataset_id).facts
        except DatasetError:
            return []  # told by `dataset_check`
        except NotFoundError as error:
            return [FieldProblem("dataset.name", error.detail)]
        if facts.has_one_size or spec.dataset.image_size is not None:
            return []
        sizes = f"{facts.min_width}x{facts.min_height} to {facts.max_width}x{facts.max_height}"
        return [FieldProblem("dataset.image_size", f"the images have {sizes} pixels; set the size to resize them to")]

    return check


def dataset_check(roots: Sequence[Path]) -> Check:
    """A check that the data set's name can be read, and that a file set lies below one of `roots`."""

    def check(spec: SearchSpec) -> list[FieldProblem]:
        try:
            scheme, rest = parse_dataset_name(spec.dataset.name)
            if scheme in FILE_SCHEMES:
                resolve_below(rest, roots)
        except DatasetError as error:
            return [FieldProblem("dataset.name", error.detail)]
        return []

    return check
