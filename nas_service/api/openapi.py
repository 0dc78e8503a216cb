"""What FastAPI's OpenAPI generator cannot know: refusals are problem+json, and specs also come as YAML."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from nas_service.api.spec_body import JSON_TYPE
from nas_service.wire.problem import MEDIA_TYPE

FIRST_REFUSAL = 400
PROBLEM_REF = "#/components/schemas/Problem"


def corrected(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """`app.openapi` with problems under their own media type; made once, as the original is."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = original()
            for path in schema["paths"].values():
                for operation in path.values():
                    _correct(operation["responses"])
        return original()

    return openapi


def _correct(responses: dict[str, Any]) -> None:
    for response in responses.values():
        content = response.get("content", {})
        if content.get(JSON_TYPE, {}).get("schema", {}).get("$ref") == PROBLEM_REF:
            content[MEDIA_TYPE] = content.pop(JSON_TYPE)
