"""A search leaves by a file and comes in by it, on both databases: all of it is there, and none of it is trusted."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import QueuePool, select

from nas_service.domain.entities import Measurement
from nas_service.domain.errors import ConflictError, LimitError, SpecError
from nas_service.domain.quotas import Quotas
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.exchange.writing import write_search
from nas_service.store.tables import evaluations, exports, measurements
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases import control, queries
from nas_service.use_cases.exporting import exportable
from nas_service.use_cases.ports import ArtifactStore, Page
from nas_service.use_cases.quotas import account
from tests.support.exchanged import CONTENT, artifacts_in, ended, export, rewritten, take_in
from tests.support.values import NOW, a_search

OVER = (CandidateStatus.COMPLETED, CandidateStatus.INFEASIBLE, CandidateStatus.FAILED, CandidateStatus.CANCELLED)


@dataclass
class Exported:
    """Another tenant's search, and the file that it left by."""

    search_id: str
    file: Path


@pytest.fixture
def artifacts(store: SqlStore, tmp_path: Path) -> ArtifactStore:
    return artifacts_in(tmp_path, store)


@pytest.fixture
def exported(store: SqlStore, artifacts: ArtifactStore, tmp_path: Path) -> Exported:
    search = ended(store, artifacts, tmp_path)
    with store.write() as uow:
        for candidate in uow.candidates.of(search.id, OVER)[:2]:
            known = uow.evidence.evaluation(candidate.evaluation_id or "")
            sha256 = known.exports[0].sha256
            (timed, *_) = uow.evidence.measurements_of(sha256, "theirs")
            uow.evidence.add_measurement(replace(timed, id=f"own-{candidate.number}", owner="theirs", created_at=NOW))
    return Exported(search.id, export(store, artifacts, search.id, tmp_path / "search.zip"))


def _facts(store: SqlStore, search_id: str) -> list[tuple[object, ...]]:
    """Of each candidate what does not depend on ids."""
    found = []
    with store.read() as uow:
        for candidate in uow.candidates.page(search_id, Page(limit=500))[0]:
            view = queries.candidate(uow, candidate.id)
            assert view.evaluation is not None
            parent = uow.candidates.get(candidate.parent_id).number if candidate.parent_id else None
            timings = sorted((m.median_ms, m.target.model_dump_json(), m.result == {}) for m in view.measurements)
            work = [(item.kind, item.status, item.attempt) for item in view.work]
            numbers = (candidate.number, candidate.status, candidate.architecture_key, candidate.metrics, parent)
            files = sorted(view.artifacts) if candidate.final else []
            its = (view.evaluation.accuracy, view.evaluation.result, view.evaluation.exports)
            found.append((*numbers, candidate.intervals, timings, sorted(work), files, *its, len(view.children)))
    return found


def _front(store: SqlStore, search_id: str) -> list[tuple[object, ...]]:
    with store.read() as uow:
        return [(p.candidate.number, p.point, p.intervals) for p in queries.front(uow, search_id).members]


def test_all_that_was_known_is_there_again_under_other_ids(
    store: SqlStore, artifacts: ArtifactStore, exported: Exported
) -> None:
    search = take_in(store, artifacts, exported.file)
    assert (search.id != exported.search_id, search.tenant, search.status) == (True, "ours", SearchStatus.SUCCEEDED)
    assert _facts(store, search.id) == _facts(store, exported.search_id)
    assert _front(store, search.id) == _front(store, exported.search_id) != []
    with store.read() as uow:
        old = [(e.kind, e.at) for e in uow.events.since(exported.search_id, 0, 1000)]
        new = uow.events.since(search.id, 0, 1000)
        assert [(e.kind, e.at) for e in new[:-1]] == old
        assert (new[-1].kind, len(uow.records.work(search.id, 1000))) == (
            "search.imported",
            len(uow.records.work(exported.search_id, 1000)),
        )
        text = str([e.payload for e in new] + [c.final for c in uow.candidates.finalized(search.id)])
        for candidate in uow.candidates.page(exported.search_id, Page(limit=500))[0]:
            assert candidate.id not in text


def test_nothing_of_it_is_found_by_who_looks_for_evidence(
    store: SqlStore, artifacts: ArtifactStore, exported: Exported
) -> None:
    """Not even where the file says so, and the evidence here is gone."""
    search = take_in(store, artifacts, exported.file)
    with store.read() as uow:
        timed: list[Measurement] = []
        for candidate in uow.candidates.page(search.id, Page(limit=500))[0]:
            view = queries.candidate(uow, candidate.id)
            assert view.evaluation is not None
            assert view.evaluation.reuse_key is None
            timed += view.measurements
        assert timed
        assert {(m.owner, m.subject_key) for m in timed} == {(search.study_name, None)}
        imported = {m.id for m in timed}
        for measurement in timed:
            known = uow.evidence.measurements_of(measurement.model_sha256, "ours")
            assert imported.isdisjoint(m.id for m in known)


def test_another_tenants_own_timings_leave_without_their_owners_name(
    store: SqlStore, artifacts: ArtifactStore, exported: Exported
) -> None:
    search = take_in(store, artifacts, exported.file)
    with store.read() as uow:
        [first, *_] = uow.candidates.page(search.id, Page(limit=1))[0]
        assert [m.created_at for m in queries.candidate(uow, first.id).measurements].count(NOW) == 1
    assert b"theirs" not in exported.file.read_bytes()


def test_it_leaves_again_as_it_came(
    store: SqlStore, artifacts: ArtifactStore, exported: Exported, tmp_path: Path
) -> None:
    search = take_in(store, artifacts, exported.file)
    again = take_in(store, artifacts, export(store, artifacts, search.id, tmp_path / "again.zip"), "others")
    assert _facts(store, again.id) == _facts(store, exported.search_id)


def test_no_transaction_waits_while_files_are_copied(store: SqlStore, exported: Exported, tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(CONTENT)
    connections, open_transactions = store.engine.pool, []
    assert isinstance(connections, QueuePool)

    def open_path(_sha256: str) -> Path:
        open_transactions.append(connections.checkedout())
        return tmp_path / "content"

    write_search(store, exported.search_id, tmp_path / "again.zip", open_path, with_files=True)
    assert open_transactions
    assert set(open_transactions) == {0}


def test_a_live_search_stays_where_it_is(store: SqlStore) -> None:
    search = a_search()
    with store.write() as uow:
        uow.searches.add(search, "digest")
    with store.read() as uow, pytest.raises(ConflictError, match="is RUNNING; only a search that is over is exported"):
        exportable(uow, search.id)


@pytest.mark.parametrize("limit", [{"upload_bytes": len(CONTENT) - 1}, {"search_candidates": 3}])
def test_what_is_over_the_quotas_leaves_nothing_behind(
    store: SqlStore, artifacts: ArtifactStore, exported: Exported, limit: dict[str, int]
) -> None:
    with pytest.raises((LimitError, SpecError), match=r"uploaded bytes|candidates a search"):
        take_in(store, artifacts, exported.file, quotas=Quotas(**limit))
    with store.of_tenant("ours").read() as uow:
        assert uow.searches.list(Page()) == ([], None)


def test_its_files_count_and_its_time_does_not(store: SqlStore, artifacts: ArtifactStore, exported: Exported) -> None:
    search = take_in(store, artifacts, exported.file)
    used = account(store, "ours", Quotas()).usage
    assert used.upload_bytes > 0
    assert (used.live_searches, used.monthly_minutes) == (0, 0.0)
    control.delete(store.of_tenant("ours"), search.id)
    after = account(store, "ours", Quotas()).usage
    assert (after.upload_bytes, after.monthly_minutes) == (0, 0.0)


def test_deleted_it_takes_its_evidence_along_and_no_other(
    store: SqlStore, artifacts: ArtifactStore, exported: Exported
) -> None:
    def rows() -> list[int]:
        with store.read() as uow:
            return [len(uow.connection.execute(select(table)).all()) for table in (evaluations, measurements, exports)]

    before = rows()
    search = take_in(store, artifacts, exported.file)
    assert all(now > was for now, was in zip(rows(), before, strict=True))
    control.delete(store.of_tenant("ours"), search.id)
    assert rows() == before


Row = dict[str, Any]


def _equal_numbers(rows: list[Row]) -> None:
    rows[1]["number"] = rows[0]["number"]


def _no_latency(rows: list[Row]) -> None:
    for row in rows:
        row["metrics"].pop("latency_ms@0", None)


def _stranger(rows: list[Row]) -> None:
    rows[0]["evaluation_id"] = "evaluation-of-others"


def _unfinished(rows: list[Row]) -> None:
    rows[0]["status"] = "EVALUATING"


def _a_null_character(rows: list[Row]) -> None:
    rows[0]["architecture_key"] = "a" * 65 + "\0"
    rows[1]["number"] = 2**70


SPOILT: list[tuple[Callable[[list[Row]], None], str]] = [
    (_equal_numbers, "file: its rows contradict each other"),
    (_a_null_character, "file: its rows contradict each other, or hold what cannot be stored"),
    (_no_latency, "candidates.jsonl: the front cannot be made of its completed candidates"),
    (_stranger, "file: it refers to evaluation-of-others, which it does not hold"),
    (_unfinished, "candidates.jsonl: .* is EVALUATING; the search is over"),
]


def test_rows_that_make_no_search_are_refused_whole(
    store: SqlStore, artifacts: ArtifactStore, exported: Exported, tmp_path: Path
) -> None:
    with zipfile.ZipFile(exported.file) as archive:
        lines = archive.read("candidates.jsonl").splitlines()
    for spoil, message in SPOILT:
        rows = [json.loads(line) for line in lines]
        spoil(rows)
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        spoilt = rewritten(exported.file, tmp_path / "spoilt.zip", "candidates.jsonl", content, honest=True)
        with pytest.raises(SpecError, match=f"^{message}"):
            take_in(store, artifacts, spoilt)
    with store.of_tenant("ours").read() as uow:
        assert uow.searches.list(Page()) == ([], None)
