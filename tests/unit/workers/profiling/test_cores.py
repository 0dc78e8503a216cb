"""Which cores a measurement gets."""

import os

import pytest

from nas_service.domain.errors import PermanentError
from workers.profiling.cores import choose_cores, cores_for, parse_cpu_list

NO_SIBLINGS = {core: frozenset({core}) for core in range(4)}
HYPERTHREADS = {0: frozenset({0, 2}), 2: frozenset({0, 2}), 1: frozenset({1, 3}), 3: frozenset({1, 3})}


def test_quietest_core_is_chosen() -> None:
    assert choose_cores(1, {0: 100.0, 1: 0.0, 2: 60.0, 3: 40.0}, NO_SIBLINGS) == (1,)


def test_small_differences_in_load_do_not_change_the_choice() -> None:
    assert choose_cores(1, {0: 0.0, 1: 2.0, 2: 1.0, 3: 3.0}, NO_SIBLINGS) == (3,)


def test_core_whose_sibling_is_busy_counts_as_busy() -> None:
    assert choose_cores(1, {0: 0.0, 1: 0.0, 2: 0.0, 3: 95.0}, HYPERTHREADS) == (2,)


def test_two_threads_get_two_physical_cores() -> None:
    assert choose_cores(2, dict.fromkeys(range(4), 0.0), HYPERTHREADS) == (2, 3)


def test_siblings_are_shared_only_when_nothing_else_is_left() -> None:
    assert choose_cores(3, dict.fromkeys(range(4), 0.0), HYPERTHREADS) == (1, 2, 3)


@pytest.mark.parametrize(("text", "cores"), [("0\n", {0}), ("0,4-6", {0, 4, 5, 6}), ("2-3,8", {2, 3, 8})])
def test_linux_core_lists_are_read(text: str, cores: set[int]) -> None:
    assert parse_cpu_list(text) == cores


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system cannot pin")
def test_more_threads_than_cores_is_refused_by_field() -> None:
    with pytest.raises(PermanentError, match=r"target\.threads is 4096"):
        cores_for(4096)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system cannot pin")
def test_only_cores_of_this_process_are_chosen() -> None:
    (core,) = cores_for(1)
    assert core in os.sched_getaffinity(0)
