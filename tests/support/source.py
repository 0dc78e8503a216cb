"""The project's own source, parsed, for rules that a test can hold."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("nas_service", "search_spaces", "workers", "migrations")
SCRIPTS = ("benchmarks", "examples", "scripts", "tests")


@dataclass(frozen=True)
class Module:
    """One source file; `path` is relative to the project."""

    path: Path
    tree: ast.Module

    def nodes(self) -> Iterator[ast.AST]:
        """Every node of the file, in no particular order."""
        return ast.walk(self.tree)

    def at(self, node: ast.AST) -> str:
        """Where a node stands, as editors and terminals link it."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


def modules(*folders: str) -> list[Module]:
    """All Python files below `folders` of the project."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [Module(path.relative_to(ROOT), ast.parse(path.read_text(), str(path))) for path in paths]


def imported_names(node: ast.AST) -> list[str]:
    """Full names of the modules that an import statement names, else nothing."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module]
    return []
