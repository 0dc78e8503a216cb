"""What the documents tell a reader to type exists."""

import re
import subprocess

from tests.support.source import ROOT

DOORS = {"demo", "test", "up", "lint", "bench", "docs", "install", "clean", "help"}
FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)


def _typed(program: str) -> set[str]:
    """First arguments given to `program` at the start of lines in fenced blocks of all documents."""
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
    blocks = "\n".join(block for path in documents for block in FENCED.findall(path.read_text()))
    return set(re.findall(rf"^(?:\$ )?{program} ([a-z][a-z-]*)", blocks, re.MULTILINE))


def test_make_lists_its_doors() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make ([a-z]+)", listed, re.MULTILINE)) == DOORS


def test_documents_name_only_targets_that_make_has() -> None:
    assert _typed("make") - DOORS == set()


def test_documents_name_only_commands_that_the_command_line_has(nas_commands: set[str]) -> None:
    assert _typed("nas") - nas_commands == set()
