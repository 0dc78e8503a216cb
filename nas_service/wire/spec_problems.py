"""What is wrong with a spec document, in words: each field at fault, with the nearest valid name."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from nas_service.domain.errors import FieldProblem, SpecError
from nas_service.domain.spec import SearchSpec
from nas_service.wire.spec_schema import Location, fields_at, places_of, suggestion, values_at

MOST_SHOWN = 40
"""Letters of a wrong value that a message repeats."""


def spec_of(document: Any) -> SearchSpec:
    """The spec in a parsed JSON or YAML document. Raises SpecError with every field at fault."""
    if not isinstance(document, Mapping):
        raise SpecError([FieldProblem("", "should be a mapping of fields, such as `{dataset: {name: digits}}`")])
    try:
        return SearchSpec.model_validate(document)
    except ValidationError as error:
        raise SpecError(_explained(document, error.errors(include_url=False))) from None


def location_of(field: str) -> Location:
    """`objectives.0.metric` as a location."""
    return [int(part) if part.isdigit() else part for part in field.split(".") if part]


def _explained(document: Any, details: Sequence[ErrorDetails]) -> list[FieldProblem]:
    # A value that fits no member of a union is one problem, though pydantic names each member.
    unique: dict[str, FieldProblem] = {}
    for detail in details:
        if not _follows_from_others(detail):
            location, message = _located(document, detail)
            field = ".".join(map(str, location))
            unique.setdefault(field, FieldProblem(field, message))
    return list(unique.values())


def _follows_from_others(detail: ErrorDetails) -> bool:
    """A list that is only too short because its entries are wrong, which is reported for each of them."""
    return detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]


def _located(document: Any, detail: ErrorDetails) -> tuple[Location, str]:
    location, kind = detail["loc"], detail["type"]
    if kind == "missing":
        return location, "is required, but missing"
    if kind == "extra_forbidden":
        return location, f"unknown field; {_nearest_field(str(location[-1]), location[:-1])}"
    # The location of a union's value ends with the names of the members that did not fit.
    present = _present(document, location)
    if len(present) < len(location) and "recipe" in location:
        return present, "should be the name of a step, or one name with its options such as `{quantize-int8: {}}`"
    if len(present) < len(location):
        return present, f"should be true, false, a number or a text, not {_shown(detail['input'])}"
    message = _message(detail)
    # What spans several fields is reported by the whole spec, and its message names the field.
    named, _, rest = message.partition(" ")
    if not location and _present(document, location_of(named)):
        return _present(document, location_of(named)), rest
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
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."
