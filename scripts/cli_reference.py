"""The command line as a page: what `--help` says of every command."""

from collections.abc import Iterator
from enum import Enum
from typing import Any

import typer

from nas_service.cli.main import app

INTRO = """# The command line

Generated from the commands themselves; `nas COMMAND --help` says the same. Exit codes: 0 success, 1 a failed search or
check, 2 a bad spec or usage, 130 stopped by Ctrl-C.
"""


def cli_reference() -> str:
    """Markdown."""
    lines = [INTRO]
    for name, command in typer.main.get_group(app).commands.items():
        lines += _command(f"nas {name}", command, level=2)
    return "\n".join(lines) + "\n"


def _command(name: str, command: Any, level: int) -> Iterator[str]:
    yield f"{'#' * level} `{name}`\n"
    yield f"{command.help or ''}\n"
    inner = getattr(command, "commands", {})
    for part, below in inner.items():
        yield from _command(f"{name} {part}", below, level + 1)
    parameters = [p for p in command.params if not getattr(p, "hidden", False) and p.name != "help"]
    if inner or not parameters:
        return
    yield "| | |\n|---|---|"
    yield from (f"| {_named(p)} | {_told(p)} |" for p in parameters)
    yield ""


def _named(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`"
    return ", ".join(f"`{flag}`" for flag in parameter.opts)


def _told(parameter: Any) -> str:
    text = (getattr(parameter, "help", "") or "").replace("|", "\\|")
    annotation = parameter.type_descriptor.annotation
    members = list(annotation) if isinstance(annotation, type) and issubclass(annotation, Enum) else []
    notes = ["one of " + ", ".join(f"`{member.value}`" for member in members)] if members else []
    if parameter.envvar:
        notes.append(f"or `{parameter.envvar}`")
    if parameter.default not in (None, False, "", ()) and not callable(parameter.default):
        notes.append(f"by default `{getattr(parameter.default, 'value', parameter.default)}`")
    return f"{text} ({'; '.join(notes)})" if notes else text
