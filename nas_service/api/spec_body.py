"""The body of a submission: JSON or YAML, limited, and parsed without harm, into a spec."""

import json
import math
from collections.abc import Iterator
from typing import Annotated, Any

import yaml
from fastapi import Depends, Request

from nas_service.api.problems import RefusedRequestError
from nas_service.domain.errors import FieldProblem, SpecError
from nas_service.domain.spec import SearchSpec
from nas_service.wire.spec_problems import spec_of

MAX_BODY_BYTES = 1024 * 1024
MAX_NESTING = 32
"""A spec is five levels deep; parsers recurse, and C ones die of it."""

JSON_TYPE = "application/json"
YAML_TYPE = "application/yaml"
YAML_TYPES = frozenset({YAML_TYPE, "application/x-yaml", "text/yaml", "text/x-yaml"})


async def _read_body(request: Request) -> bytes:
    """The whole body. Refuses (413) once it is larger than the limit, without reading the rest."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            detail = f"a spec has at most {MAX_BODY_BYTES} bytes"
            raise RefusedRequestError(413, "body-too-large", detail)
    return bytes(body)


def _read_spec(request: Request, body: Annotated[bytes, Depends(_read_body)]) -> SearchSpec:
    """Parses in the thread pool: a large document must not hold up other requests."""
    # A page of another site may send text/plain unasked, but not these types.
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == JSON_TYPE:
        document = _parse_json(body)
    elif media_type in YAML_TYPES:
        document = _parse_yaml(body)
    else:
        detail = f"send the spec as {JSON_TYPE} or {YAML_TYPE}, not as {media_type or 'an unnamed type'}"
        raise RefusedRequestError(415, "unsupported-media-type", detail)
    spec = spec_of(document)
    _refuse_unstorable(spec)
    return spec


def _parse_json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RefusedRequestError(400, "malformed-json", f"the body is not valid JSON: {error}") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _parse_yaml(body: bytes) -> Any:
    try:
        _check_events(body)
        return yaml.CSafeLoader(body).get_single_data()
    except (yaml.YAMLError, ValueError) as error:
        raise RefusedRequestError(400, "malformed-yaml", f"the body is not valid YAML: {error}") from error


def _check_events(body: bytes) -> None:
    """Refuse what makes YAML dangerous before anything is built: aliases multiply, tags pick their own parser."""
    depth = 0
    for event in yaml.parse(body, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("aliases are not accepted; write the value out")
        if getattr(event, "tag", None) is not None:
            raise ValueError("tags are not accepted; write the value plainly")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_NESTING:
            raise ValueError(f"it is nested deeper than {MAX_NESTING} levels")


def _refuse_unstorable(spec: SearchSpec) -> None:
    """Refuse what no database keeps: NUL in text (Postgres), and numbers that JSON has no word for."""
    problems = [
        FieldProblem(field, "contains a NUL character; remove it" if isinstance(value, str) else "should be finite")
        for field, value in _leaves(spec.model_dump(), "")
        if (isinstance(value, str) and "\0" in value) or (isinstance(value, float) and not math.isfinite(value))
    ]
    if problems:
        raise SpecError(problems)


def _leaves(value: Any, field: str) -> Iterator[tuple[str, Any]]:
    """Every scalar with its dotted path; a mapping's keys count as scalars of the mapping."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield field, key
            yield from _leaves(item, f"{field}.{key}".lstrip("."))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{field}.{index}")
    else:
        yield field, value


SpecBody = Annotated[SearchSpec, Depends(_read_spec)]
