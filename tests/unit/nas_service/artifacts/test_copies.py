"""Copies of far files are made once, and the ones not used for longest go when there are too many."""

import os
from pathlib import Path

import pytest

from nas_service.artifacts.copies import IN_USE_S, LocalCopies


@pytest.fixture
def copies(tmp_path: Path) -> LocalCopies:
    return LocalCopies(tmp_path / "copies", limit_bytes=10)


def four_bytes(to: Path) -> None:
    to.write_bytes(b"four")


def unused(path: Path, since_s: float) -> None:
    """As if the last use had been `since_s` seconds before."""
    stat = path.stat()
    os.utime(path, (stat.st_atime - since_s, stat.st_mtime))


def test_a_file_is_fetched_once(copies: LocalCopies) -> None:
    path = copies.get("one", four_bytes)

    def fetch_again(_to: Path) -> None:
        raise AssertionError("it was there")

    assert copies.get("one", fetch_again) == path
    assert path.read_bytes() == b"four"


def test_the_one_not_used_for_longest_goes(copies: LocalCopies) -> None:
    paths = {name: copies.get(name, four_bytes) for name in ("one", "two")}
    unused(paths["one"], IN_USE_S + 10)
    unused(paths["two"], IN_USE_S + 20)
    copies.get("three", four_bytes)
    assert paths["one"].exists()
    assert not paths["two"].exists()


def test_what_was_just_given_out_stays_whatever_the_bound(copies: LocalCopies) -> None:
    paths = [copies.get(name, four_bytes) for name in ("one", "two", "three", "four")]
    assert all(path.exists() for path in paths)


def test_a_use_counts_where_it_was_the_last(copies: LocalCopies) -> None:
    paths = {name: copies.get(name, four_bytes) for name in ("one", "two")}
    for path in paths.values():
        unused(path, IN_USE_S + 10)
    copies.get("one", four_bytes)
    copies.get("three", four_bytes)
    assert paths["one"].exists()
    assert not paths["two"].exists()


def test_a_fetch_that_fails_leaves_nothing(copies: LocalCopies, tmp_path: Path) -> None:
    def fail(to: Path) -> None:
        to.write_bytes(b"fo")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        copies.get("one", fail)
    assert list((tmp_path / "copies").iterdir()) == []
