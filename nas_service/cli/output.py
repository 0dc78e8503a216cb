"""Where a command writes: for people on both streams, or with `--json` one document on stdout and notes on stderr."""

import json
from collections.abc import Sequence
from typing import Any

import typer
from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.text import Text

JSON_FLAG = "--json"
PIPE_WIDTH = 160


def plain(value: Any) -> Any:
    """Documents as plain JSON types, also inside of lists and mappings."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


class Output:
    """The streams of one command."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.console = Console(stderr=as_json, highlight=False)
        if not self.console.is_terminal:
            # Nothing to fit into: files and pipes get whole lines.
            self.console = Console(stderr=as_json, highlight=False, width=PIPE_WIDTH)
        self._errors = Console(stderr=True, highlight=False)

    def show(self, document: Any, *renderables: RenderableType) -> None:
        """The result of a command: its document with `--json`, else its renderables."""
        if self.as_json:
            typer.echo(json.dumps(plain(document), indent=2))
            return
        for renderable in renderables:
            # Commands and paths in a sentence can be copied only if no line break is put into them.
            self.console.print(renderable, soft_wrap=isinstance(renderable, Text))

    def note(self, *lines: str | Text) -> None:
        """Something on the way, for people."""
        for line in lines:
            self.console.print(line, markup=False, soft_wrap=True)

    def fail(self, document: dict[str, Any], lines: Sequence[str]) -> None:
        """Why the command failed."""
        if self.as_json:
            self.show({"error": document})
        for line in lines:
            self._errors.print(line, markup=False, soft_wrap=True)
