"""A space as JSON Schema, for forms and for checking architectures outside of Python."""

from collections.abc import Mapping, Sequence
from typing import Any

from search_spaces.vocabulary import Choice


def json_schema(title: str, choices: Sequence[Choice]) -> dict[str, Any]:
    """Accepts what `legality.check` accepts: active choices without a default are required, others may be there."""
    by_name = {choice.name: choice for choice in choices}
    required = [choice for choice in choices if choice.default not in choice.options]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": {c.name: {"description": c.doc, "enum": list(c.options)} for c in choices},
        "additionalProperties": False,
        "required": [choice.name for choice in required if choice.when is None],
        "allOf": [_requirement(choice, by_name) for choice in required if choice.when is not None],
    }


def _requirement(choice: Choice, by_name: Mapping[str, Choice]) -> dict[str, Any]:
    """Required if every condition up to the root holds."""
    conditions: dict[str, Any] = {}
    when = choice.when
    while when is not None:
        conditions[when.choice] = {"enum": list(when.values)}
        when = by_name[when.choice].when
    return {
        "if": {"properties": conditions, "required": list(conditions)},
        "then": {"required": [choice.name]},
    }
