"""Checks a parsed spec file as far as is possible without a service, and finds the line of what a service refused."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nas_service.cli.spec.document import SpecDocument, SpecFileError, SpecProblem, read_document
from nas_service.domain.dataset_name import parse_dataset_name
from nas_service.domain.errors import DatasetError, FieldProblem, SpecError
from nas_service.domain.recipe import check_recipe
from nas_service.domain.recipe_step import Place
from nas_service.domain.spec import SearchSpec
from nas_service.wire.spec_problems import location_of, spec_of

PLACES: tuple[Place, ...] = ("training", "finalize")


def read_spec(path: Path, budget: Mapping[str, float] | None = None) -> tuple[SearchSpec, SpecDocument]:
    """The spec in the file, its budget overridden by `budget`. Raises SpecFileError with all that is wrong."""
    document = read_document(path)
    data = document.data
    if budget and isinstance(data.get("budget", {}), dict):
        data["budget"] = {**data.get("budget", {}), **budget}
    problems = [*_dataset_problems(data), *_recipe_problems(data)]
    try:
        spec = spec_of(data)
    except SpecError as error:
        raise _refusal(document, [*problems, *error.problems]) from None
    if problems:
        raise _refusal(document, problems)
    return spec, document


def refused(document: SpecDocument, errors: Sequence[tuple[str, str]]) -> SpecFileError:
    """What a service found wrong, as dotted fields and messages, brought to the lines of the file."""
    return _refusal(document, [FieldProblem(field, message) for field, message in errors])


def _refusal(document: SpecDocument, problems: Sequence[FieldProblem]) -> SpecFileError:
    lines = [SpecProblem(document.line_of(location_of(p.field)), p.field, p.message) for p in problems]
    return SpecFileError(document.path, lines)


def _dataset_problems(data: Mapping[str, Any]) -> list[FieldProblem]:
    dataset = data.get("dataset")
    name = dataset.get("name") if isinstance(dataset, dict) else None
    if not isinstance(name, str):
        return []
    try:
        parse_dataset_name(name)
    except DatasetError as error:
        return [FieldProblem("dataset.name", error.detail)]
    return []


def _recipe_problems(data: Mapping[str, Any]) -> list[FieldProblem]:
    problems = []
    for place in PLACES:
        part = data.get(place)
        recipe = part.get("recipe") if isinstance(part, dict) else None
        recipe = [recipe] if isinstance(recipe, str) and place == "finalize" else recipe
        if isinstance(recipe, list) and all(map(_is_entry, recipe)):
            problems += check_recipe(recipe, place)
    return problems


def _is_entry(entry: Any) -> bool:
    """Whether it names a step; otherwise the spec's schema says what is wrong."""
    if isinstance(entry, dict) and len(entry) == 1:
        ((name, options),) = entry.items()
        return isinstance(name, str) and isinstance(options, dict)
    return isinstance(entry, str)
