"""The parser of event streams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_service.client.event_stream import messages

STREAM = b': still here\n\nid: 1\nevent: tick\ndata: {"a": 1}\n\nid: 2\ndata: one\ndata:two\n\n'


@given(st.lists(st.integers(0, len(STREAM)), max_size=10))
def test_messages_do_not_depend_on_how_the_stream_is_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[a:b] for a, b in zip(edges, edges[1:], strict=False)]
    assert list(messages(chunks)) == ['{"a": 1}', "one\ntwo"]


def test_windows_line_ends_are_read_too() -> None:
    assert list(messages([STREAM.replace(b"\n", b"\r\n")])) == ['{"a": 1}', "one\ntwo"]


@pytest.mark.parametrize("text", ["a\u2028b", "a\x85b", "a\x0bb"])
def test_only_line_feeds_end_lines(text: str) -> None:
    assert list(messages([f"data: {text}\n\n".encode()])) == [text]


def test_a_message_that_broke_off_is_not_given_out() -> None:
    assert list(messages([b"data: whole\n\ndata: bro"])) == ["whole"]
