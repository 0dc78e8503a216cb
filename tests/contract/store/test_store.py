"""What every store must do, on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from nas_service.domain.entities import (
    Artifact,
    Evaluation,
    Export,
    Failure,
    Measurement,
    Rung,
    Runner,
    Search,
    Worker,
    WorkItem,
    new_id,
)
from nas_service.domain.errors import ConflictError, NotFoundError, UserError
from nas_service.domain.formats import ModelFormat
from nas_service.domain.spec import TargetSpec
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.store import worker_repository
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases.ports import Page
from tests.support.values import NOW, a_candidate, a_search, an_item


@pytest.fixture
def search(store: SqlStore) -> Search:
    """A running search, stored."""
    search = a_search()
    with store.write() as uow:
        uow.searches.add(search, "digest")
    return search


class TestSearches:
    def test_a_search_comes_back_as_it_was_stored(self, store: SqlStore) -> None:
        search = a_search(failure=Failure("why", "because"), idempotency_key="k")
        with store.write() as uow:
            uow.searches.add(search, "digest")
        with store.read() as uow:
            assert uow.searches.get(search.id) == search
            assert uow.searches.by_idempotency_key("default", "k") == (search, "digest")

    def test_a_second_search_under_the_same_idempotency_key_is_refused(self, store: SqlStore) -> None:
        with store.write() as uow:
            uow.searches.add(a_search(idempotency_key="k"), "digest")
        with pytest.raises(ConflictError), store.write() as uow:
            uow.searches.add(a_search(idempotency_key="k"), "digest")

    def test_a_change_raises_the_version(self, store: SqlStore, search: Search) -> None:
        with store.write() as uow:
            uow.searches.update(search.id, name="new")
        with store.read() as uow:
            assert uow.searches.get(search.id).version == 1

    def test_pages_hold_every_search_once_newest_first(self, store: SqlStore) -> None:
        stored = [a_search(created_at=NOW.replace(second=s)) for s in (3, 1, 2, 2, 5)]
        with store.write() as uow:
            for search in stored:
                uow.searches.add(search, "digest")
        seen, cursor = [], None
        with store.read() as uow:
            for _ in range(5):
                found, cursor = uow.searches.list(Page(limit=2, cursor=cursor))
                seen += found
                if cursor is None:
                    break
        assert {s.id for s in seen} == {s.id for s in stored}
        assert [s.created_at for s in seen] == sorted((s.created_at for s in stored), reverse=True)

    def test_a_page_reads_again_only_what_has_changed_since_it_was_known(self, store: SqlStore) -> None:
        first, second = a_search(created_at=NOW), a_search(created_at=NOW.replace(minute=5))
        with store.write() as uow:
            for search in (first, second):
                uow.searches.add(search, "digest")
            uow.searches.update(second.id, name="renamed")
        held = {(search.id, search.version): search for search in (first, second)}
        with store.read() as uow:
            found, _ = uow.searches.list(Page(), known=lambda *version: held.get(version))
        assert found[1] is first
        assert found[0].name == "renamed"

    def test_searches_are_found_by_a_part_of_their_name_and_nothing_in_it_is_a_pattern(self, store: SqlStore) -> None:
        with store.write() as uow:
            for name in ("Digits 100 %", "digits 1000", "flowers"):
                uow.searches.add(a_search(name=name), "digest")
        with store.read() as uow:
            assert {s.name for s in uow.searches.list(Page(), named="digits")[0]} == {"Digits 100 %", "digits 1000"}
            assert [s.name for s in uow.searches.list(Page(), named="0 %")[0]] == ["Digits 100 %"]
            assert uow.searches.list(Page(), named="_") == ([], None)

    def test_a_forged_cursor_is_a_users_error(self, store: SqlStore) -> None:
        with store.read() as uow, pytest.raises(UserError, match="next_cursor"):
            uow.searches.list(Page(cursor="bm9uc2Vuc2U"))

    def test_a_woken_search_is_taken_once(self, store: SqlStore, search: Search) -> None:
        with store.write() as uow:
            assert list(uow.searches.take_woken(10)) == [search.id]
        with store.write() as uow:
            assert list(uow.searches.take_woken(10)) == []
            uow.searches.wake(search.id)
            assert uow.searches.any_woken()

    def test_deleting_a_search_takes_what_belongs_to_it_along(self, store: SqlStore, search: Search) -> None:
        with store.write() as uow:
            uow.candidates.add(a_candidate(search))
            uow.work.add(an_item(search))
            uow.events.append(search.id, "something", {})
            uow.searches.delete(search.id)
        with store.read() as uow:
            assert uow.events.since(search.id, 0, 10) == []
            assert uow.work.open(search.id) == []
            with pytest.raises(NotFoundError):
                uow.searches.get(search.id)

    def test_a_search_that_asked_for_advance_is_taken_once(self, store: SqlStore, search: Search) -> None:
        with store.write() as uow:
            assert uow.searches.woken(10) == [search.id]
            assert uow.searches.take_wake(search.id)
            assert not uow.searches.take_wake(search.id)
            assert uow.searches.woken(10) == []

    def test_every_search_that_may_still_change_is_woken(self, store: SqlStore, search: Search) -> None:
        over, paused = a_search(status=SearchStatus.SUCCEEDED), a_search(status=SearchStatus.PAUSED)
        with store.write() as uow:
            for other in (over, paused):
                uow.searches.add(other, "digest")
            uow.searches.take_woken(10)
            uow.searches.wake_live()
            assert set(uow.searches.woken(10)) == {search.id, paused.id}


class TestCandidates:
    def test_a_candidate_comes_back_as_it_was_stored(self, store: SqlStore, search: Search) -> None:
        candidate = a_candidate(search, finished_at=NOW, failure=Failure("a", "b"), violations={"macs": 2.0})
        with store.write() as uow:
            uow.candidates.add(candidate)
        with store.read() as uow:
            assert uow.candidates.get(candidate.id) == candidate
            assert uow.candidates.by_key(search.id, "key-0") == candidate
            assert uow.candidates.counts(search.id) == {CandidateStatus.EVALUATING: 1}

    def test_candidates_are_found_by_what_became_of_them(self, store: SqlStore, search: Search) -> None:
        failed = a_candidate(search, 1, status=CandidateStatus.FAILED)
        chosen = a_candidate(search, 0, status=CandidateStatus.COMPLETED, final={})
        with store.write() as uow:
            uow.candidates.add(failed)
            assert not uow.candidates.has_any(search.id, [CandidateStatus.COMPLETED])
            uow.candidates.add(chosen)
            assert uow.candidates.has_any(search.id, [CandidateStatus.COMPLETED, CandidateStatus.INFEASIBLE])
            assert not uow.candidates.has_any("search-other", [CandidateStatus.COMPLETED])
            assert uow.candidates.in_flight(search.id) == 0
            assert uow.candidates.of(search.id, [CandidateStatus.COMPLETED, CandidateStatus.FAILED]) == [chosen, failed]
            assert uow.candidates.finalized(search.id) == [chosen]

    def test_runners_have_reached_a_rung_and_are_still_in_the_race(self, store: SqlStore, search: Search) -> None:
        rungs = (Rung(1, 0.5, "evaluation-1"), Rung(3, 0.7, "evaluation-2"))
        resting = a_candidate(search, 0, status=CandidateStatus.PAUSED, rungs=rungs)
        with store.write() as uow:
            uow.candidates.add(resting)
            uow.candidates.add(a_candidate(search, 1))
            uow.candidates.add(a_candidate(search, 2, status=CandidateStatus.FAILED, rungs=rungs))
            assert uow.candidates.runners(search.id) == [Runner(resting.id, resting.status, resting.metrics, rungs)]
            assert uow.candidates.get(resting.id) == resting
            assert uow.candidates.in_flight(search.id) == 1

    def test_pages_go_by_number_and_filter_by_status(self, store: SqlStore, search: Search) -> None:
        with store.write() as uow:
            for number in range(5):
                status = CandidateStatus.FAILED if number == 2 else CandidateStatus.COMPLETED
                uow.candidates.add(a_candidate(search, number, status=status))
        with store.read() as uow:
            first, cursor = uow.candidates.page(search.id, Page(limit=3), CandidateStatus.COMPLETED)
            second, end = uow.candidates.page(search.id, Page(3, cursor), CandidateStatus.COMPLETED)
        assert [c.number for c in (*first, *second)] == [0, 1, 3, 4]
        assert end is None


class TestWork:
    def test_only_one_of_many_workers_gets_an_item(self, store: SqlStore, search: Search) -> None:
        with store.write() as uow:
            for _ in range(5):
                uow.work.add(an_item(search))
        barrier = threading.Barrier(8)

        def claim(number: int) -> WorkItem | None:
            barrier.wait()
            with store.write() as uow:
                return uow.work.claim(["train"], f"worker-{number}", 30)

        with ThreadPoolExecutor(8) as pool:
            claimed = [item for item in pool.map(claim, range(8)) if item is not None]
        assert len({item.id for item in claimed}) == len(claimed)
        assert 1 <= len(claimed) <= 5

    def test_items_of_other_queues_and_paused_searches_are_not_handed_out(
        self, store: SqlStore, search: Search
    ) -> None:
        with store.write() as uow:
            uow.work.add(an_item(search, queue="profile.phone"))
            assert not uow.work.is_waiting(["train"])
            assert uow.work.is_waiting(["profile.phone"])
            uow.searches.update(search.id, status=SearchStatus.PAUSED)
            assert not uow.work.is_waiting(["profile.phone"])
            assert uow.work.claim(["profile.phone"], "w", 30) is None

    def test_what_waits_for_long_is_what_somebody_could_claim(self, store: SqlStore, search: Search) -> None:
        paused = a_search(status=SearchStatus.PAUSED)
        first, second, held = an_item(search), an_item(search, queue="profile.phone"), an_item(search)
        with store.write() as uow:
            uow.searches.add(paused, "digest")
            uow.work.add(held)
            uow.work.claim(["train"], "w", 30)
            for item in (first, second, an_item(paused)):
                uow.work.add(item)
        with store.read() as uow:
            assert uow.work.waiting(older_than_s=0, limit=10) == {first.id: "train", second.id: "profile.phone"}
            assert uow.work.waiting(older_than_s=0, limit=1) == {first.id: "train"}
            assert uow.work.waiting(older_than_s=60, limit=10) == {}

    def test_only_the_newest_token_may_commit(self, store: SqlStore, search: Search) -> None:
        with store.write() as uow:
            uow.work.add(an_item(search))
            first = uow.work.claim(["train"], "a", 30)
            assert first is not None
            assert uow.work.release(first.id, first.token, counts_as_attempt=True)
            second = uow.work.claim(["train"], "b", 30)
            assert second is not None
            assert not uow.work.complete(first.id, first.token, {"late": True})
            assert not uow.work.extend(first.id, first.token, 30, None)
            assert uow.work.complete(second.id, second.token, {"ok": True})
            assert not uow.work.complete(second.id, second.token, {"again": True})
            assert uow.work.get(second.id).result == {"ok": True}

    def test_leases_expire_by_the_databases_clock(self, store: SqlStore, search: Search) -> None:
        with store.write() as uow:
            uow.work.add(an_item(search))
            uow.work.add(an_item(search))
            expired = uow.work.claim(["train"], "a", -0.001)
            held = uow.work.claim(["train"], "b", 60)
        assert expired is not None
        assert held is not None
        with store.read() as uow:
            assert [item.id for item in uow.work.expired()] == [expired.id]

    def test_ended_items_are_absorbed_once(self, store: SqlStore, search: Search) -> None:
        with store.write() as uow:
            uow.work.add(an_item(search))
            item = uow.work.claim(["train"], "a", 30)
            assert item is not None
            assert uow.work.unabsorbed(search.id) == []
            uow.work.complete(item.id, item.token, {})
            assert [i.id for i in uow.work.unabsorbed(search.id)] == [item.id]
            uow.work.mark_absorbed([item.id])
            assert uow.work.unabsorbed(search.id) == []
            assert uow.work.open(search.id) == []


MODEL = Artifact("a" * 64, 1, "application/onnx")
FILES = {"model.onnx": MODEL}


class TestEvidence:
    def test_the_first_evaluation_under_a_key_wins(self, store: SqlStore) -> None:
        first = Evaluation(new_id("evaluation"), "key", 0.5, {"epochs": 1}, {"a": 1}, NOW)
        second = Evaluation(new_id("evaluation"), "key", 0.9, {"epochs": 1}, {"a": 2}, NOW)
        with store.write() as uow:
            uow.evidence.add_artifact(MODEL)
            assert uow.evidence.add_evaluation(first, FILES) == first
            assert uow.evidence.add_evaluation(second, FILES) == first
            assert uow.evidence.evaluation_by_key("key") == first

    def test_one_without_files_gives_its_key_to_the_next_and_stays(self, store: SqlStore) -> None:
        first = Evaluation(new_id("evaluation"), "key", 0.5, {"epochs": 1}, {"a": 1}, NOW)
        second = Evaluation(new_id("evaluation"), "key", 0.9, {"epochs": 1}, {"a": 2}, NOW)
        with store.write() as uow:
            uow.evidence.add_artifact(MODEL)
            uow.evidence.add_evaluation(first, {})
            assert not uow.evidence.has_files(first.id)
            assert uow.evidence.add_evaluation(second, FILES) == second
            assert uow.evidence.has_files(second.id)
            assert uow.evidence.evaluation_by_key("key") == second
            assert uow.evidence.evaluation(first.id) == replace(first, reuse_key=None)

    def test_what_is_exported_later_joins_what_was_exported_first(self, store: SqlStore) -> None:
        first = Export(ModelFormat.ONNX, MODEL.sha256, 1, 1e-7, 0.5)
        second = replace(first, format=ModelFormat.ONNX_INT8, sha256="c" * 64)
        quantized = Artifact(second.sha256, 1, "application/onnx")
        search = a_search()
        evaluation = Evaluation(new_id("evaluation"), "key", 0.5, {}, {}, NOW, (first,))
        candidate = a_candidate(search, evaluation_id=evaluation.id)
        with store.write() as uow:
            for artifact in (MODEL, quantized):
                uow.evidence.add_artifact(artifact)
            uow.evidence.add_evaluation(evaluation, FILES)
            for accuracy in (0.3, 0.4):
                again = replace(second, validation_accuracy=accuracy)
                uow.evidence.add_exports(evaluation.id, [again], {"model.int8.onnx": quantized})
            uow.searches.add(search, "digest")
            uow.candidates.add(candidate)
            assert uow.evidence.evaluation(evaluation.id).exports == (first, replace(second, validation_accuracy=0.4))
            assert uow.evidence.artifacts_of(candidate.id) == FILES | {"model.int8.onnx": quantized}

    def test_two_that_store_the_same_at_once_both_succeed(self, store: SqlStore) -> None:
        evaluations = [Evaluation(new_id("evaluation"), "key", a, {"epochs": 1}, {}, NOW) for a in (0.5, 0.9)]
        second_begins = threading.Event()

        def store_second() -> Evaluation:
            second_begins.set()
            with store.write() as uow:
                uow.evidence.add_artifact(MODEL)
                return uow.evidence.add_evaluation(evaluations[1], FILES)

        with ThreadPoolExecutor(max_workers=1) as pool:
            with store.write() as uow:
                uow.evidence.add_artifact(MODEL)
                uow.evidence.add_evaluation(evaluations[0], FILES)
                second = pool.submit(store_second)
                assert second_begins.wait(timeout=10)
            assert second.result(timeout=60) == evaluations[0]

    def test_only_precise_measurements_of_the_same_target_are_reused(self, store: SqlStore) -> None:
        one, two = TargetSpec(threads=1), TargetSpec(threads=2)

        def measured(target: TargetSpec, *, noisy: bool) -> Measurement:
            return Measurement(new_id("measurement"), "sha", target, "device", 1.5, None, noisy, {"n": 3}, NOW)

        precise = measured(one, noisy=False)
        with store.write() as uow:
            uow.evidence.add_measurement(measured(two, noisy=True))
            uow.evidence.add_measurement(precise)
        with store.read() as uow:
            assert uow.evidence.measurement_of("sha", one, "default") == precise
            assert uow.evidence.measurement_of("sha", two, "default") is None
            assert len(uow.evidence.measurements_of("sha", "default")) == 2

    def test_a_candidate_has_its_evaluations_files_and_once_finalized_its_own(
        self, store: SqlStore, search: Search
    ) -> None:
        candidate, bundle = a_candidate(search), Artifact("b" * 64, 2, "application/zip")
        evaluation = Evaluation(new_id("evaluation"), "key", 0.5, {"epochs": 1}, {}, NOW)
        with store.write() as uow:
            for artifact in (MODEL, bundle):
                uow.evidence.add_artifact(artifact)
            uow.evidence.add_evaluation(evaluation, FILES)
            uow.candidates.add(replace(candidate, evaluation_id=evaluation.id))
            assert uow.evidence.artifacts_of(candidate.id) == FILES
            uow.evidence.link_artifact(candidate.id, "bundle.zip", bundle.sha256)
            uow.evidence.link_artifact(candidate.id, "model.onnx", bundle.sha256)
            assert uow.evidence.artifacts_of(candidate.id) == {"model.onnx": bundle, "bundle.zip": bundle}

    def test_artifacts_are_found_by_name(self, store: SqlStore, search: Search) -> None:
        candidate, artifact = a_candidate(search), Artifact("a" * 64, 2**40, "application/onnx")
        with store.write() as uow:
            uow.candidates.add(candidate)
            for _ in range(2):
                uow.evidence.add_artifact(artifact)
                uow.evidence.link_artifact(candidate.id, "model.onnx", artifact.sha256)
            assert uow.evidence.artifacts_of(candidate.id) == {"model.onnx": artifact}


def test_events_come_in_order_after_the_last_one_seen(store: SqlStore, search: Search) -> None:
    with store.write() as uow:
        for n in range(5):
            uow.events.append(search.id, "n", {"n": n})
    with store.read() as uow:
        first = uow.events.since(search.id, 0, 2)
        rest = uow.events.since(search.id, first[-1].id, 10)
    assert [e.payload["n"] for e in (*first, *rest)] == [0, 1, 2, 3, 4]


def test_a_worker_is_live_while_it_beats(store: SqlStore) -> None:
    worker = Worker("w", "host", 1, ("train",), {"id": "device", "name": "box"}, 0.0)
    with store.write() as uow:
        uow.workers.beat(worker)
        uow.workers.beat(worker)
        (live,) = uow.workers.live()
        assert (live.queues, live.device) == (worker.queues, worker.device)
        assert [d.description["name"] for d in uow.workers.devices("default")] == ["box"]
        uow.workers.forget("w")
        assert uow.workers.live() == []


def test_a_worker_that_is_silent_for_long_is_forgotten(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.write() as uow:
        uow.workers.beat(Worker("w", "host", 1, ("train",), {"id": "device", "name": "box"}, 0.0))
        uow.workers.forget_silent()
        assert len(uow.workers.live()) == 1
        monkeypatch.setattr(worker_repository, "FORGOTTEN_AFTER_S", -1.0)
        uow.workers.forget_silent()
        assert uow.workers.live() == []


def test_a_block_that_raises_leaves_nothing(store: SqlStore) -> None:
    search = a_search()

    def fail() -> None:
        with store.write() as uow:
            uow.searches.add(search, "digest")
            raise ConnectionError

    with pytest.raises(ConnectionError):
        fail()
    with store.read() as uow, pytest.raises(NotFoundError):
        uow.searches.get(search.id)


def test_readers_do_not_wait_for_a_writer(store: SqlStore, search: Search) -> None:
    with store.write() as writer:
        writer.searches.update(search.id, name="unseen")
        with store.read() as reader:
            assert reader.searches.get(search.id).name == "a search"
