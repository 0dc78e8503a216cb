"""Searches and candidates held against each other."""

from dataclasses import replace

import pytest

from nas_service.domain.entities import DatasetFacts, Search
from nas_service.domain.spec import DatasetSpec, Metric, ObjectiveSpec, SearchSpec, TargetSpec, TrainingSpec
from nas_service.domain.states import CandidateStatus
from nas_service.use_cases import comparison
from nas_service.use_cases.comparison import Quantity, Row, incomparable, setting_rows, unlike_trainings
from tests.support.values import NOW, a_candidate, a_search
from tests.unit.nas_service.use_cases.conftest import Bench

FACTS = DatasetFacts("f" * 64, ("0", "1"), 1, 8, 8, {})
ONE, TWO = TargetSpec(threads=1), TargetSpec(threads=2)


def spec_of(**changes: object) -> SearchSpec:
    return SearchSpec.model_validate({"dataset": {"name": "digits"}, **changes})


def stored(bench: Bench, *places: tuple[float, float], **changes: object) -> Search:
    """A search whose candidates completed at these accuracies and latencies."""
    search = a_search(dataset=FACTS, **changes)
    with bench.store.write() as uow:
        uow.searches.add(search, search.id)
        for number, (accuracy, latency_ms) in enumerate(places):
            metrics = {"accuracy": accuracy, "latency_ms@0": latency_ms}
            done = {"status": CandidateStatus.COMPLETED, "metrics": metrics, "finished_at": NOW}
            uow.candidates.add(a_candidate(search, number, **done))
    return search


@pytest.mark.parametrize(
    ("values", "odd"),
    [
        ((5, 5, 4), (False, False, True)),
        ((5, 4), (True, True)),
        ((5, 5, 4, 4), (True, True, True, True)),
        ((None, None), (False, False)),
    ],
)
def test_what_most_do_not_have_stands_out(values: tuple[object, ...], odd: tuple[bool, ...]) -> None:
    assert Row("depth", values).odd == odd


def test_every_setting_has_a_row_and_lists_of_documents_are_gone_into() -> None:
    specs = [spec_of(), spec_of(targets=[{}, {"runtime": "torch"}], constraints=[{"metric": "macs", "max": 5}])]
    rows = {row.name: row for row in setting_rows(specs)}
    assert rows["targets.0.runtime"].values == ("onnxruntime", "onnxruntime")
    assert rows["targets.1.runtime"].values == (None, "torch")
    assert rows["constraints.0.max"].values == (None, 5.0)
    assert "constraints" not in rows
    assert not rows["budget.candidates"].differs


def test_a_key_names_another_quantity_where_another_target_is_meant() -> None:
    first, second = spec_of(targets=[ONE, TWO]), spec_of(targets=[TWO])
    assert Quantity.of("latency_ms@0", first) != Quantity.of("latency_ms@0", second)
    assert Quantity.of("latency_ms@1", first) == Quantity.of("latency_ms@0", second)
    assert Quantity.of("latency_ms@worst", first) == Quantity("latency_ms", None, "worst")


def test_other_data_objectives_and_trainings_are_named() -> None:
    search = a_search(dataset=FACTS)
    sizes = SearchSpec(dataset=DatasetSpec(name="digits"), objectives=(ObjectiveSpec(metric=Metric.SIZE_BYTES),))
    longer = search.spec.model_copy(update={"training": TrainingSpec(epochs=99)})
    assert incomparable([search, search]) == ()
    assert incomparable([search, replace(search, dataset=replace(FACTS, fingerprint="0" * 64))]) == ("data",)
    assert incomparable([search, replace(search, spec=sizes)]) == ("objectives",)
    assert incomparable([search, replace(search, spec=spec_of(targets=[TWO]))]) == ("objectives",)
    assert unlike_trainings([search, replace(search, spec=longer)])
    assert not unlike_trainings([search, replace(search, spec=sizes)])


def test_hypervolumes_are_told_of_one_box_and_the_better_front_has_more_of_it(bench: Bench) -> None:
    better = stored(bench, (0.9, 1.0), (0.8, 0.5))
    worse = stored(bench, (0.85, 1.0), (0.7, 0.6))
    empty = stored(bench)
    with bench.store.read() as uow:
        found = comparison.searches(uow, [worse.id, better.id, empty.id])
    shares = [column.hypervolume_ratio for column in found]
    assert [column.front_size for column in found] == [2, 2, 0]
    assert shares[2] == 0.0
    assert 0.0 < float(shares[0] or 0) < float(shares[1] or 0) <= 1.0
    best = found[1].best[Quantity("latency_ms", TargetSpec())]
    assert best.value == 0.5
    assert found[2].best == {}


def test_no_box_is_common_to_other_objectives(bench: Bench) -> None:
    one = stored(bench, (0.9, 1.0))
    other = stored(bench, (0.9, 1.0), spec=spec_of(targets=[TWO]))
    with bench.store.read() as uow:
        found = comparison.searches(uow, [one.id, other.id])
    assert [column.hypervolume_ratio for column in found] == [None, None]


def test_candidates_have_figures_by_quantity_with_their_intervals(bench: Bench) -> None:
    search = a_search(spec=spec_of(targets=[ONE, TWO]))
    known = {"metrics": {"latency_ms@1": 0.5}, "intervals": {"latency_ms@1": (0.4, 0.6)}}
    candidate = a_candidate(search, **known)
    with bench.store.write() as uow:
        uow.searches.add(search, "digest")
        uow.candidates.add(candidate)
        [column] = comparison.candidates(uow, [candidate.id])
    [(quantity, figure)] = column.figures.items()
    assert quantity == Quantity("latency_ms", TWO)
    assert (figure.value, figure.interval) == (0.5, (0.4, 0.6))
