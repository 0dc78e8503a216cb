"""What is wrong with a spec document, in words: each field at fault, with the nearest valid name."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nas_service.domain.errors import FieldProblem, SpecError
from nas_service.domain.spec import SearchSpec

Location = Sequence[str | int]


def spec_of(document: Any) -> SearchSpec:
    """The spec in a parsed JSON or YAML document. Raises SpecError with every field at fault."""
    if not isinstance(document, Mapping):
        raise SpecError([FieldProblem("", "should be a mapping of fields, such as `{dataset: {name: digits}}`")])
    try:
        return SearchSpec.model_validate(document)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        raise SpecError(_unique(_explain(detail, document) for detail in details)) from None


def _unique(problems: Iterator[FieldProblem]) -> list[FieldProblem]:
    """One problem a field, and the innermost only.

    A value that fits no member of a union is reported once for each member, and a list whose items are wrong is also
    reported as too short.
    """
    found: dict[str, FieldProblem] = {}
    for problem in problems:
        found.setdefault(problem.field, problem)
    return [p for p in found.values() if not any(other.startswith(f"{p.field}.") for other in found)]


def _explain(detail: ErrorDetails, document: Any) -> FieldProblem:
    location, kind = detail["loc"], detail["type"]
    if kind == "missing":
        return FieldProblem(_dotted(location), "is required; add it")
    if kind == "extra_forbidden":
        return FieldProblem(_dotted(location), f"is no field of a spec; {_nearest_field(location)}")
    if kind in ("literal_error", "enum"):
        return FieldProblem(_dotted(location), _nearest_value(detail))
    # The location of a union's value ends with the names of the members that did not fit.
    depth = _depth_in(document, location)
    if depth < len(location):
        return FieldProblem(_dotted(location[:depth]), "should be true, false, a number or a text")
    return FieldProblem(_dotted(location), detail["msg"].removeprefix("Value error, "))


def _dotted(location: Location) -> str:
    return ".".join(map(str, location))


def _depth_in(document: Any, location: Location) -> int:
    """How many parts of `location` exist in the document."""
    for depth, part in enumerate(location):
        try:
            document = document[part]
        except (KeyError, IndexError, TypeError):
            return depth
    return len(location)


def _nearest_field(location: Location) -> str:
    model = _model_at(location[:-1])
    known = list(model.model_fields) if model else []
    return _suggestion(str(location[-1]), known)


def _nearest_value(detail: ErrorDetails) -> str:
    message = detail["msg"].replace("Input should be", "should be")
    model = _model_at(detail["loc"][:-1])
    known = list(_values(model.model_fields[str(detail["loc"][-1])].annotation)) if model and _is_field(detail) else []
    nearest = get_close_matches(str(detail["input"]), known, n=1, cutoff=0.5)
    return f"{message}; did you mean {nearest[0]!r}?" if nearest else message


def _is_field(detail: ErrorDetails) -> bool:
    return isinstance(detail["loc"][-1], str)


def _values(annotation: Any) -> Iterator[str]:
    """The words that an enum or a Literal accepts."""
    if isinstance(annotation, type) and hasattr(annotation, "__members__"):
        yield from (str(member.value) for member in annotation.__members__.values())
    for argument in get_args(annotation):
        if isinstance(argument, str):
            yield argument
        else:
            yield from _values(argument)


def _suggestion(name: str, known: Sequence[str]) -> str:
    nearest = get_close_matches(name, known, n=1, cutoff=0.5)
    if nearest:
        return f"did you mean {nearest[0]!r}?"
    return f"the fields here are {', '.join(known)}"


def _model_at(location: Location) -> type[BaseModel] | None:
    """The part of the spec that stands at `location`."""
    model: type[BaseModel] | None = SearchSpec
    for part in location:
        if model is not None and isinstance(part, str):
            field = model.model_fields.get(part)
            model = next(_models(field.annotation), None) if field else None
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
