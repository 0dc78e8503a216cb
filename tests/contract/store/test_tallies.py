"""Counts are exact on both databases, whoever counts at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from nas_service.store.tally_rows import all_tallies
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases.tallies import Tallied, Tally, TallyKey

THREADS, ROUNDS = 4, 10
REFUSED = TallyKey(Tally.RESULT_REFUSED, ("evaluate",))


def found(store: SqlStore) -> dict[TallyKey, Tallied]:
    with store.read() as uow:
        return dict(all_tallies(uow.connection))


def test_observations_add_up_bucket_by_bucket(store: SqlStore) -> None:
    for duration_s in (0.05, 0.1, 2.0, 1e6):
        with store.write() as uow:
            uow.tallies.observe(Tally.WORK_DURATION, duration_s, "evaluate", "done")
    by_bound = {key.bound: (t.count, t.total) for key, t in found(store).items()}
    assert by_bound == {0.1: (2, pytest.approx(0.15)), 3.0: (1, 2.0), float("inf"): (1, 1e6)}


def test_what_is_rolled_back_was_never_counted(store: SqlStore) -> None:
    def count_and_fail() -> None:
        with store.write() as uow:
            uow.tallies.count(Tally.RESULT_REFUSED, "evaluate")
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        count_and_fail()
    assert found(store) == {}


def test_many_may_count_the_same_at_once_in_any_order(store: SqlStore) -> None:
    def count(thread: int) -> None:
        keys = ["evaluate", "profile"][:: 1 if thread % 2 else -1]
        for _ in range(ROUNDS):
            with store.write() as uow:
                for kind in keys:
                    uow.tallies.count(Tally.RESULT_REFUSED, kind)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(count, range(THREADS)))
    assert [t.count for t in found(store).values()] == [THREADS * ROUNDS] * 2


def test_a_tenants_work_is_counted_too(store: SqlStore) -> None:
    with store.of_tenant("somebody").write() as uow:
        uow.tallies.count(Tally.RESULT_REFUSED, "evaluate")
    assert found(store)[REFUSED].count == 1
