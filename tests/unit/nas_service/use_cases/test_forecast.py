"""How long a search would take."""

from datetime import timedelta

import pytest

from nas_service.domain.entities import IMPORTED, Search, WorkKind, new_id
from nas_service.domain.records import WorkRecord
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import WorkStatus
from nas_service.use_cases.forecast import forecast, is_alike, told
from tests.support.finished_search import seed
from tests.support.values import NOW, a_search
from tests.unit.nas_service.use_cases.conftest import Bench


def spec_of(**changes: object) -> SearchSpec:
    return SearchSpec.model_validate({"dataset": {"name": "digits"}, "training": {"epochs": 10}, **changes})


def item(kind: WorkKind, seconds: float, candidate_id: str | None = None) -> WorkRecord:
    ended = NOW + timedelta(seconds=seconds)
    of = candidate_id or new_id("candidate")
    return WorkRecord(new_id("work"), kind, WorkStatus.DONE, of, "worker", 1, NOW, NOW, ended, None)


def history(*items: WorkRecord, **changes: object) -> list[tuple[Search, list[WorkRecord]]]:
    return [(a_search(spec=spec_of(**changes)), list(items))]


ALIKE = [item(WorkKind.EVALUATE, 10.0) for _ in range(8)] + [item(WorkKind.PROFILE, 2.0) for _ in range(8)]


def test_candidates_share_the_workers_and_each_target_is_timed() -> None:
    spec = spec_of(budget={"candidates": 20}, targets=[{}, {"threads": 2}])
    known = told(spec, history(*ALIKE), worker_count=2)
    assert known is not None
    assert known.duration_s.low == known.duration_s.high == 20 * (10 + 2 * 2) / 2
    assert known.work_s.low == 20 * (10 + 2 * 2)
    assert (known.lanes, known.candidates.low, known.evaluation_count, known.search_count) == (2, 20, 8, 1)


def test_twice_the_epochs_take_twice_as_long_but_for_subnets() -> None:
    longer = told(spec_of(training={"epochs": 20}, budget={"candidates": 10}), history(*ALIKE), 1)
    subnets = {"strategy": {"evaluator": "supernet"}, "budget": {"candidates": 10}}
    of_supernet = told(
        spec_of(training={"epochs": 20}, **subnets), history(*ALIKE, item(WorkKind.SUPERNET, 50.0), **subnets), 1
    )
    assert longer is not None
    assert of_supernet is not None
    assert longer.duration_s.low == 10 * (2 * 10 + 2)
    assert of_supernet.duration_s.low == 50 + 10 * (10 + 2)


def test_a_budget_of_minutes_ends_it_and_says_how_many_candidates_it_reaches() -> None:
    known = told(spec_of(budget={"minutes": 1}), history(*ALIKE), 1)
    assert known is not None
    assert known.duration_s.high == 60
    assert known.candidates.high == 60 // 12


def test_a_range_holds_the_mean_and_rungs_count_for_one_candidate() -> None:
    uneven = [item(WorkKind.EVALUATE, 1.0) for _ in range(9)] + [item(WorkKind.EVALUATE, 50.5, "one") for _ in range(2)]
    known = told(spec_of(budget={"candidates": 10}), history(*uneven), 1)
    assert known is not None
    assert known.evaluation_count == 10
    assert known.duration_s.low == pytest.approx(10 * 1.0)
    assert known.duration_s.high == pytest.approx(10 * (9 + 101) / 10)


def test_no_more_lanes_than_the_budget_allows_and_one_where_nobody_is_there() -> None:
    few = told(spec_of(budget={"candidates": 10, "parallelism": 1}), history(*ALIKE), 4)
    none = told(spec_of(budget={"candidates": 10}), history(*ALIKE), 0)
    assert few is not None
    assert none is not None
    assert (few.lanes, none.lanes, none.worker_count) == (1, 1, 0)


def test_too_few_evaluations_say_nothing() -> None:
    assert told(spec_of(), history(*ALIKE[:4]), 1) is None
    assert told(spec_of(), [], 1) is None


@pytest.mark.parametrize(
    "other",
    [
        {"dataset": {"name": "npz:x.npz"}},
        {"space": {"name": "ofa_mobilenetv3"}},
        {"strategy": {"evaluator": "supernet"}},
        {"training": {"recipe": ["sam"]}},
        {"training": {"begin_size": 0.5}},
    ],
)
def test_other_data_spaces_and_trainings_are_not_alike(other: dict[str, object]) -> None:
    assert not is_alike(spec_of(**other), spec_of())


def test_other_budgets_epochs_and_momenta_are() -> None:
    assert is_alike(spec_of(budget={"candidates": 3}, training={"epochs": 99, "momentum": 0.5}), spec_of())


def test_it_is_told_from_what_is_stored(bench: Bench) -> None:
    search = seed(bench.store, 20, traced=20)
    with bench.store.read() as uow:
        known = forecast(uow, search.spec)
        assert forecast(uow, spec_of(dataset={"name": "npz:x.npz"})) is None
    assert known is not None
    assert known.evaluation_count == 18  # of 20 every ninth has failed
    assert known.duration_s.low > 0


def test_an_imported_search_says_nothing_of_the_workers_here(bench: Bench) -> None:
    search_id = new_id("search")
    search = seed(bench.store, 20, traced=20, id=search_id, study_name=IMPORTED + search_id)
    with bench.store.read() as uow:
        assert forecast(uow, search.spec) is None
