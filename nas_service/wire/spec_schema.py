"""What the spec's JSON Schema says about a place in a document: which names and values are known there."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

from nas_service.domain.spec import SearchSpec

Location = Sequence[str | int]
"""Where a field stands: mapping keys and list indices from the root, as in `("objectives", 0, "metric")`."""

Schema = Mapping[str, Any]


@cache
def _root() -> Schema:
    return SearchSpec.model_json_schema()


def _resolve(schema: Schema) -> Schema:
    """Follow `$ref`, and through `X | null` to X."""
    for option in schema.get("anyOf", ()):
        if option.get("type") != "null":
            return _resolve(option)
    if "$ref" in schema:
        return _resolve(_root()["$defs"][schema["$ref"].rpartition("/")[2]])
    return schema


def schema_at(location: Location) -> Schema:
    """The schema of the value at `location`; empty where the spec knows no such place."""
    schema = _root()
    for part in location:
        inner = schema.get("items") if isinstance(part, int) else schema.get("properties", {}).get(part)
        if inner is None:
            return {}
        schema = _resolve(inner)
    return schema


def fields_at(location: Location) -> list[str]:
    """Names of the fields that the mapping at `location` may have."""
    return list(schema_at(location).get("properties", {}))


def values_at(location: Location) -> list[str]:
    """The values that may stand at `location`, where it takes one of a few names."""
    schema = schema_at(location)
    return [str(v) for v in schema.get("enum", [schema["const"]] if "const" in schema else [])]


def places_of(field: str) -> list[str]:
    """Dotted paths at which a field of this name is known, the shortest first; lists are left out."""
    found = [path for path in _paths(_root(), ()) if path.rpartition(".")[2] == field]
    return sorted(found, key=lambda path: path.count("."))


def _paths(schema: Schema, above: tuple[str, ...]) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        yield ".".join((*above, name))
        yield from _paths(_resolve(inner), (*above, name))


def suggestion(name: str, known: Sequence[str]) -> str:
    """`did you mean ...?` where something near is known, else all that is."""
    nearest = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    if nearest:
        return f"did you mean `{nearest[0]}`?"
    return f"choose from {', '.join(known)}"
