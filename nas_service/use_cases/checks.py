"""What is known to be impossible about a spec before it is stored. Each check returns the fields at fault."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import search_spaces
from nas_service.domain.errors import FieldProblem
from nas_service.domain.recipe import check_recipe
from nas_service.domain.spec import SearchSpec
from nas_service.use_cases.submit import Check

FILE_SCHEMES = ("imagefolder", "npz")
SCHEMES = ("digits", "imagefolder:PATH", "npz:PATH", "hf:NAME")


def check_recipes(spec: SearchSpec) -> list[FieldProblem]:
    """Recipe steps that do not exist, or not in this place."""
    return [*check_recipe(spec.training.recipe, "training"), *check_recipe(spec.finalize.recipe, "finalize")]


def check_space(spec: SearchSpec) -> list[FieldProblem]:
    """Unknown spaces and presets, and restrictions that leave nothing.

    `preset: auto` depends on the data set, so it is only refused where no preset would do.
    """
    try:
        if spec.space.preset == "auto":
            search_spaces.get(spec.space.name, preset="auto", image_size=32, choices=spec.space.choices)
        else:
            search_spaces.get(spec.space.name, preset=spec.space.preset, choices=spec.space.choices)
    except search_spaces.ImpossibleChoice as error:
        return [FieldProblem(f"space.choices.{error.field}", str(error))]
    except search_spaces.UnknownSpace as error:
        field = "space.name" if error.name == spec.space.name else "space.preset"
        return [FieldProblem(field, str(error))]
    except search_spaces.SpaceError as error:
        return [FieldProblem("space", str(error))]
    return []


def dataset_check(roots: Sequence[Path]) -> Check:
    """A check that a file data set lies below one of `roots` and is there."""

    def check(spec: SearchSpec) -> list[FieldProblem]:
        scheme, _, rest = spec.dataset.name.partition(":")
        if scheme not in {"digits", "hf", *FILE_SCHEMES} or (scheme == "digits") == bool(rest):
            near = get_close_matches(scheme, ["digits", "imagefolder", "npz", "hf"], n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            known = ", ".join(SCHEMES)
            return [FieldProblem("dataset.name", f"unknown data set {spec.dataset.name!r}: one of {known}{hint}")]
        if scheme not in FILE_SCHEMES:
            return []
        path = Path(rest).expanduser().resolve()
        if not any(path.is_relative_to(root.resolve()) for root in roots):
            allowed = ", ".join(str(root) for root in roots)
            message = f"{rest} is not below a data root ({allowed}); move it there or add its folder to NAS_DATA_ROOTS"
            return [FieldProblem("dataset.name", message)]
        if not path.exists():
            return [FieldProblem("dataset.name", f"{rest} does not exist")]
        return []

    return check
