"""Conditional requests, by RFC 9110."""

import pytest

from nas_service.api.conditional import matches


@pytest.mark.parametrize(
    ("if_none_match", "etag", "expected"),
    [
        (None, '"a"', False),
        ("", '"a"', False),
        ('"a"', '"a"', True),
        ('"b"', '"a"', False),
        ('W/"a"', '"a"', True),
        ('"a"', 'W/"a"', True),
        ('"b", W/"a"', 'W/"a"', True),
        ("*", '"a"', True),
        ("a", '"a"', False),
    ],
)
def test_tags_match_by_weak_comparison(if_none_match: str | None, etag: str, expected: bool) -> None:
    assert matches(if_none_match, etag) is expected
