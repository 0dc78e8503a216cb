"""The REST contract as a page: every route with its parameters and answers, every document with its fields."""

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]

INTRO = """# REST

Generated from the service's OpenAPI document, which a running service shows at `/docs` with examples that can be run
and gives out at `/openapi.json`. Errors are problem documents ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) with
a stable `type`. Field names carry units; times are UTC, in ISO 8601.
"""


def rest_reference(contract: Json) -> str:
    """Markdown."""
    lines = [INTRO]
    routes = [(path, method, route) for path, methods in contract["paths"].items() for method, route in methods.items()]
    for tag in dict.fromkeys(route["tags"][0] for _, _, route in routes if route.get("tags")):
        lines.append(f"## {tag.capitalize()}\n")
        for path, method, route in routes:
            if route.get("tags", [None])[0] == tag:
                lines += _route(f"{method.upper()} {path}", route)
    lines.append("## Documents\n")
    for name, schema in sorted(contract["components"]["schemas"].items()):
        lines += _document(name, schema)
    return "\n".join(lines) + "\n"


def _route(title: str, route: Json) -> Iterator[str]:
    yield f"### `{title}`\n"
    yield f"{route.get('description', route.get('summary', ''))}\n"
    parameters = route.get("parameters", [])
    if parameters:
        yield "| parameter | in | |\n|---|---|---|"
        yield from (f"| `{p['name']}` | {p['in']} | {_cell(p.get('description', ''))} |" for p in parameters)
        yield ""
    body = route.get("requestBody", {}).get("content", {})
    if body:
        yield f"Body: {_contents(body)}\n"
    yield "| status | answer |\n|---|---|"
    for status, answer in sorted(route["responses"].items()):
        told = _contents(answer.get("content", {}))
        yield f"| {status} | {_cell(answer.get('description', ''))}{f': {told}' if told else ''} |"
    yield ""


def _document(name: str, schema: Json) -> Iterator[str]:
    yield f"### {name}\n"
    yield f"{schema.get('description', '')}\n"
    if "enum" in schema:
        yield f"One of {', '.join(f'`{value}`' for value in schema['enum'])}.\n"
    fields = schema.get("properties", {})
    if fields:
        yield "| field | type | |\n|---|---|---|"
        yield from (f"| `{field}` | {_type(of)} | {_cell(of.get('description', ''))} |" for field, of in fields.items())
        yield ""


def _contents(content: Json) -> str:
    return ", ".join(f"{_type(of.get('schema', {}))} as `{media}`" for media, of in content.items())


def _type(schema: Json) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(_type, schema["anyOf"])))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}" if schema.get("items") else "list"
    if schema.get("additionalProperties"):
        of = schema["additionalProperties"]
        return "mapping" if of is True else f"mapping to {_type(of)}"
    return str(schema.get("type", "any"))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
