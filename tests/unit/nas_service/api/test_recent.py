"""Values kept for whoever asks next: bounded, made once."""

import threading
from concurrent.futures import ThreadPoolExecutor

from nas_service.api.recent import Recent


def test_a_value_is_made_once() -> None:
    recent, made = Recent[int](2), []
    for _ in range(3):
        assert recent.get("a", lambda: made.append(1) or 7) == 7
    assert made == [1]


def test_the_least_recently_used_goes_first() -> None:
    recent = Recent[str](2)
    for key in ("a", "b", "a", "c"):
        recent.get(key, lambda key=key: key)
    assert recent.get("a", lambda: "again") == "a"
    assert recent.get("b", lambda: "again") == "again"


def test_weights_bound_what_is_kept_and_too_heavy_a_value_is_not() -> None:
    recent = Recent[bytes](10, weight=len)
    recent.get("a", lambda: b"12345")
    assert recent.get("heavy", lambda: b"1" * 11) == b"1" * 11
    assert recent.get("a", lambda: b"again") == b"12345"
    recent.get("b", lambda: b"123456")
    assert recent.get("a", lambda: b"again") == b"again"


def test_a_value_kept_twice_weighs_once() -> None:
    recent = Recent[bytes](10, weight=len)
    for _ in range(3):
        recent.keep("a", b"12345")
    recent.keep("b", b"1234")
    assert (recent.find("a"), recent.find("b"), recent.find("c")) == (b"12345", b"1234", None)


def test_many_that_miss_at_once_make_it_once() -> None:
    recent, made, barrier = Recent[int](2), [], threading.Barrier(8)

    def ask(_number: int) -> int:
        barrier.wait()
        return recent.get("a", lambda: made.append(1) or 7)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [7] * 8
    assert made == [1]
