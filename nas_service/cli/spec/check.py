"""Checks a parsed spec file as far as is possible without a service, and finds the line of what a service refused."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from nas_service.cli.spec.document import Location, SpecDocument, SpecFileError, SpecProblem, read_document
from nas_service.cli.spec.schema import fields_at, places_of, suggestion, values_at
from nas_service.domain.dataset_name import parse_dataset_name
from nas_service.domain.errors import DatasetError
from nas_service.domain.recipe import Place, check_recipe
from nas_service.domain.spec import SearchSpec

PLACES: tuple[Place, ...] = ("training", "finalize")


def read_spec(path: Path, budget: Mapping[str, float] | None = None) -> tuple[SearchSpec, SpecDocument]:
    """The spec in the file, its budget overridden by `budget`. Raises SpecFileError with all that is wrong."""
    document = read_document(path)
    data = document.data
    if budget and isinstance(data.get("budget", {}), dict):
        data["budget"] = {**data.get("budget", {}), **budget}
    problems = [*_dataset_problems(document), *_recipe_problems(document)]
    try:
        spec = SearchSpec.model_validate(data)
    except ValidationError as error:
        raise SpecFileError(document.path, [*problems, *_explained(document, error)]) from None
    if problems:
        raise SpecFileError(document.path, problems)
    return spec, document


def refused(document: SpecDocument, errors: Sequence[tuple[str, str]]) -> SpecFileError:
    """What a service found wrong, as dotted fields and messages, brought to the lines of the file."""
    found = [_problem(document, location_of(field), message) for field, message in errors]
    return SpecFileError(document.path, found)


def location_of(field: str) -> Location:
    """`objectives.0.metric` as a location."""
    return [int(part) if part.isdigit() else part for part in field.split(".") if part]


def _problem(document: SpecDocument, location: Location, message: str) -> SpecProblem:
    return SpecProblem(document.line_of(location), ".".join(map(str, location)), message)


def _explained(document: SpecDocument, error: ValidationError) -> list[SpecProblem]:
    # A value that fits no member of a union is one problem, though pydantic names each member.
    unique: dict[Location, SpecProblem] = {}
    for detail in error.errors(include_url=False):
        if _follows_from_others(detail):
            continue
        location, message = _located(document, detail)
        unique.setdefault(tuple(location), _problem(document, location, message))
    return list(unique.values())


def _follows_from_others(detail: ErrorDetails) -> bool:
    """A list that is only too short because its entries are wrong, which is reported for each of them."""
    return detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]


def _located(document: SpecDocument, detail: ErrorDetails) -> tuple[Location, str]:
    location = detail["loc"]
    kind = detail["type"]
    if kind == "missing":
        return location, "is required, but missing"
    present = _present(document.data, location)
    if kind == "extra_forbidden":
        return present, f"unknown field; {_nearest_field(str(location[-1]), location[:-1])}"
    if len(present) < len(location):
        return present, f"should be true, false, a number or a text, not {_shown(detail['input'])}"
    message = _message(detail)
    # What spans several fields is reported by the whole spec, and its message names the field.
    named, _, rest = message.partition(" ")
    if not location and _present(document.data, location_of(named)):
        return _present(document.data, location_of(named)), rest
    return location, message


def _present(data: Any, location: Location) -> Location:
    """The part of `location` that exists in the data."""
    for depth, part in enumerate(location):
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return tuple(location[:depth])
    return tuple(location)


def _nearest_field(name: str, parent: Location) -> str:
    elsewhere = places_of(name)
    return f"did you mean `{elsewhere[0]}`?" if elsewhere else suggestion(name, fields_at(parent))


def _message(detail: ErrorDetails) -> str:
    location, given = detail["loc"], detail["input"]
    if detail["type"] in ("literal_error", "enum"):
        return f"{_shown(given)} is not known here; {suggestion(str(given), values_at(location))}"
    if detail["type"] == "model_type":
        example = f"did you mean `{{name: {given}}}`?" if "name" in fields_at(location) else "see the example specs"
        return f"should be a mapping of fields; {example}"
    if detail["type"] == "value_error":
        return detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "too_short":
        return f"should have at least {detail['ctx']['min_length']} entry"
    message = (
        detail["msg"].replace("Input should", "should").replace("valid tuple", "list").replace("dictionary", "mapping")
    )
    return f"{message}, not {_shown(given)}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _dataset_problems(document: SpecDocument) -> list[SpecProblem]:
    dataset = document.data.get("dataset")
    name = dataset.get("name") if isinstance(dataset, dict) else None
    if not isinstance(name, str):
        return []
    try:
        parse_dataset_name(name)
    except DatasetError as error:
        return [_problem(document, ("dataset", "name"), error.detail)]
    return []


def _recipe_problems(document: SpecDocument) -> list[SpecProblem]:
    problems = []
    for place in PLACES:
        part = document.data.get(place)
        recipe = part.get("recipe") if isinstance(part, dict) else None
        if isinstance(recipe, list) and all(isinstance(step, str) for step in recipe):
            problems += [_problem(document, location_of(p.field), p.message) for p in check_recipe(recipe, place)]
    return problems
