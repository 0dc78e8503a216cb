"""The commit hook for text files finds each fault, and nothing in a clean file."""

import pytest

from scripts.check_text_files import problems


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"a line \n", "blanks"),
        (b"a line\r\n", "blanks"),
        (b"a line", "line end"),
        (b"<" * 7 + b" HEAD\n", "merge conflict"),
        (b"x" * 500_001 + b"\n", "larger"),
    ],
)
def test_each_fault_is_named(content: bytes, fault: str) -> None:
    assert any(fault in problem for problem in problems(content))


@pytest.mark.parametrize("content", [b"", b"a line\n", b"\x89PNG\0 \n\0"])
def test_clean_and_binary_files_pass(content: bytes) -> None:
    assert list(problems(content)) == []
