"""Finds what a careless commit brings along: stray blanks, merge marks, huge files, a missing last line end."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

LARGEST_BYTES = 500_000
MERGE_MARK = re.compile(rb"^(<{7}|>{7}) ", re.MULTILINE)
TRAILING_BLANK = re.compile(rb"[ \t\r]$", re.MULTILINE)


def problems(content: bytes) -> Iterator[str]:
    """What is wrong with one file; binary files are only weighed."""
    if len(content) > LARGEST_BYTES:
        yield f"is larger than {LARGEST_BYTES} bytes; publish it elsewhere"
    if b"\0" in content:
        return
    if MERGE_MARK.search(content):
        yield "has a merge conflict mark"
    if TRAILING_BLANK.search(content):
        yield "has blanks at the end of a line"
    if content and not content.endswith(b"\n"):
        yield "does not end with a line end"


def main() -> None:
    """Check the files named; exit with all problems found."""
    found = [f"{name}: {problem}" for name in sys.argv[1:] for problem in problems(Path(name).read_bytes())]
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
