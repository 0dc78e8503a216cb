"""Reads a YAML or JSON spec file and remembers on which line each field stands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nas_service.wire.spec_schema import Location


@dataclass(frozen=True, slots=True)
class SpecProblem:
    """One thing wrong with a spec file: where, and how to mend it."""

    line: int
    field: str
    message: str


class SpecFileError(Exception):
    """A spec that cannot be submitted, with everything that is wrong with it."""

    def __init__(self, path: str, problems: Sequence[SpecProblem]) -> None:
        self.path = path
        self.problems = sorted(problems, key=lambda p: p.line)
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """One line a problem, in the form that editors jump to: `FILE:LINE: FIELD: MESSAGE`."""
        return [f"{self.path}:{p.line}: {p.field + ': ' if p.field else ''}{p.message}" for p in self.problems]


@dataclass(frozen=True, slots=True)
class SpecDocument:
    """A parsed spec file: its values, and the tree of nodes that knows their lines."""

    path: str
    data: dict[str, Any]
    root: yaml.MappingNode

    def line_of(self, location: Location) -> int:
        """The line (from 1) of the field, or of the nearest enclosing one that the file has."""
        node: yaml.Node = self.root
        line = node.start_mark.line
        for part in location:
            found = _child(node, part)
            if found is None:
                break
            line, node = found
        return line + 1


def read_document(path: Path) -> SpecDocument:
    """Parse the file. Raises SpecFileError where it is missing, no valid YAML, no mapping, or repeats a key."""
    shown = str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SpecFileError(shown, [SpecProblem(1, "", "no such file")]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecFileError(shown, [SpecProblem(1, "", f"cannot be read: {error}")]) from None
    if path.suffix == ".json":
        # JSON is YAML except for tabs between its tokens; inside its strings they are not legal anyway.
        text = text.replace("\t", " ")
    return _parse(shown, text)


def _parse(path: str, text: str) -> SpecDocument:
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            message = "is empty" if root is None else "should be a mapping of fields"
            raise SpecFileError(
                path, [SpecProblem(1, "", f"the spec {message}; start with `dataset: {{name: digits}}`")]
            )
        duplicates = list(_duplicates(root, ()))
        if duplicates:
            raise SpecFileError(path, duplicates)
        data = loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SpecFileError(path, [SpecProblem(mark.line + 1 if mark else 1, "", _syntax_message(error))]) from None
    except (yaml.YAMLError, ValueError) as error:
        raise SpecFileError(path, [SpecProblem(1, "", f"is not valid YAML: {error}")]) from None
    finally:
        loader.dispose()
    return SpecDocument(path, data, root)


def _syntax_message(error: yaml.MarkedYAMLError) -> str:
    what = error.problem or "cannot be parsed"
    return f"is not valid YAML: {what}" + (f" ({error.context})" if error.context else "")


def _child(node: yaml.Node, part: str | int) -> tuple[int, yaml.Node] | None:
    """The line where the part begins and its value node; a key's line, for a value may start below it."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and 0 <= part < len(node.value):
        item = node.value[part]
        return item.start_mark.line, item
    return None


def _duplicates(root: yaml.Node, location: tuple[str | int, ...]) -> Iterator[SpecProblem]:
    """Keys given twice in one mapping: YAML parsers silently keep the last."""
    visited: set[int] = set()  # an alias shows a node twice, or even inside itself
    waiting = [(root, location)]
    while waiting:
        node, at = waiting.pop()
        if id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += [(item, (*at, i)) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            first_line: dict[str, int] = {}
            for key, value in node.value:
                name, line = str(key.value), key.start_mark.line + 1
                if name in first_line:
                    field = ".".join(map(str, (*at, name)))
                    yield SpecProblem(line, field, f"given twice (first on line {first_line[name]}); keep one")
                first_line.setdefault(name, line)
                waiting.append((value, (*at, name)))
