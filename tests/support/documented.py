"""What the documents tell a reader to type, command by command."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.source import ROOT

FENCED = re.compile(r"^```([^\n]*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHELLS = {"", "sh", "bash", "console"}
PROGRAMS = ("nas", "make", "python", "python3", "pip", "curl", "docker", "export", "source", "cp", "(cd")
"""A line that begins with one of these, or with a setting, is a command; others are output."""

AS_IT_STANDS = (
    r"nas (list|status|front|plot|report|log-to-mlflow|submit|watch|devices|datasets|spaces|recipes)\b"
    r"|curl (?!-N).*(127\.0\.0\.1|NAS_URL)"
    r"|\(cd build/digit_images"
)
"""Commands to a running service: `test_documented.py` of the command line types them all."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A command, without the remark behind it, and the document that it stands in."""

    document: str
    command: str


def typed() -> list[Typed]:
    """Of README, guides and examples, in order."""
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]
    return [
        Typed(str(path.relative_to(ROOT)), command)
        for path in documents
        for language, block in FENCED.findall(path.read_text(encoding="utf-8"))
        if language in SHELLS
        for command in _commands(block)
    ]


def _commands(block: str) -> Iterator[str]:
    for line in block.replace("\\\n", " ").splitlines():
        command = " ".join(line.split(" #")[0].split())
        first = command.partition(" ")[0]
        if first in PROGRAMS or re.fullmatch(r"[A-Z_]+=.*", first):
            yield command


def exists(test: str) -> bool:
    """Whether `tests/path.py::name` names a test that there is."""
    path, _, name = test.partition("::")
    file = Path(ROOT, path)
    return file.is_file() and f"def {name}(" in file.read_text(encoding="utf-8")
