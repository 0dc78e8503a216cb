"""The read side agrees with what is stored."""

from nas_service.domain.front import non_dominated
from nas_service.domain.states import CandidateStatus
from nas_service.use_cases import queries
from nas_service.use_cases.standing import Extent
from tests.unit.nas_service.use_cases.conftest import Bench


def test_the_front_is_the_non_dominated_part_from_best_to_worst(bench: Bench) -> None:
    search = bench.submit(budget={"candidates": 25})
    bench.run(search)
    with bench.store.read() as uow:
        view = queries.front(uow, search.id)
        completed = uow.candidates.of(search.id, [CandidateStatus.COMPLETED])
    points = [(c.metrics["accuracy"], c.metrics["latency_ms@0"]) for c in completed]
    expected = {completed[i].id for i in non_dominated(points, [True, False])}
    assert {m.candidate.id for m in view.members} == expected
    assert [m.point[0] for m in view.members] == sorted((m.point[0] for m in view.members), reverse=True)
    assert 0 < view.extent.hypervolume_ratio <= 1


def test_an_empty_search_has_an_empty_front(bench: Bench) -> None:
    search = bench.submit()
    with bench.store.read() as uow:
        view, status = queries.front(uow, search.id), queries.status(uow, search.id)
    assert (view.members, view.extent) == ((), Extent(None, 0.0, 0.0))
    assert (status.best_accuracy, status.front_size) == (None, 0)


def test_a_candidate_shows_its_evidence(bench: Bench) -> None:
    search = bench.submit(budget={"candidates": 3})
    bench.run(search)
    with bench.store.read() as uow:
        member = queries.front(uow, search.id).members[0].candidate
        view = queries.candidate(uow, member.id)
    assert view.evaluation is not None
    assert view.evaluation.accuracy == member.metrics["accuracy"]
    assert len(view.measurements) == 4, "one during the search, three when it was finalized"
    assert set(view.artifacts) == {"model.onnx", "bundle.zip"}
    assert {item.kind for item in view.work} == {"evaluate", "profile", "finalize"}
