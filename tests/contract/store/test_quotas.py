"""Quotas hold whoever asks at the same moment, and a deleted search gives no time back; on both databases."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nas_service.artifacts.copies import LocalCopies
from nas_service.artifacts.folder import Folder
from nas_service.artifacts.store import Artifacts
from nas_service.domain.datasets import UploadFacts
from nas_service.domain.errors import LimitError, SpecError
from nas_service.domain.quotas import Quotas, next_month
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import SearchStatus
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases import control
from nas_service.use_cases.datasets import Upload, UploadDesk
from nas_service.use_cases.quotas import account
from nas_service.use_cases.submit import submit
from tests.contract.store.test_store import a_search
from tests.support.uploads import FACTS


def ask(store: SqlStore, quotas: Quotas, tenant: str = "ours", **budget: Any) -> str:
    spec = SearchSpec.model_validate({"dataset": {"name": "digits"}, "budget": budget or {"candidates": 10}})
    return submit(store.of_tenant(tenant), (), spec, None, tenant, quotas)[0].id


def test_two_submits_at_once_cannot_both_take_the_last_place(store: SqlStore) -> None:
    together = threading.Barrier(4)

    def one(_: int) -> bool:
        together.wait()
        try:
            ask(store, Quotas(live_searches=1))
        except LimitError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, range(4))) == [False, False, False, True]


def test_two_uploads_at_once_cannot_both_take_the_last_bytes(store: SqlStore, tmp_path: Path) -> None:
    """Both are inspected, and so both had been expected, before either is stored."""
    together = threading.Barrier(2, timeout=30)

    def inspect(_: Path) -> UploadFacts:
        together.wait()
        return FACTS

    artifacts = Artifacts(Folder(tmp_path / "artifacts"), store, LocalCopies(tmp_path / "copies", 0))
    desk = UploadDesk(store.of_tenant("ours"), artifacts, inspect, Quotas(upload_bytes=15))

    def one(content: bytes) -> bool:
        path = tmp_path / content.decode()
        path.write_bytes(content)
        try:
            desk.expect("ours", len(content))
            desk.add(Upload("ours", "pets", path, hashlib.sha256(content).hexdigest(), len(content)))
        except LimitError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, (b"0" * 10, b"1" * 10))) == [False, True]
    with pytest.raises(LimitError, match="15 uploaded bytes, 10 are taken, and this asks for 6"):
        desk.expect("ours", 6)
    desk.expect("ours", 5)
    desk.expect("ours", 10)  # may be what is there already


def test_live_searches_and_their_candidates_are_counted_by_tenant(store: SqlStore) -> None:
    ask(store, Quotas(), tenant="theirs")
    ask(store, Quotas(live_searches=2, live_candidates=25))
    ask(store, Quotas(live_searches=2, live_candidates=25))
    with pytest.raises(LimitError, match="2 live searches") as caught:
        ask(store, Quotas(live_searches=2))
    assert caught.value.retry_after_s > 0
    with pytest.raises(LimitError) as caught:
        ask(store, Quotas(live_candidates=25))
    assert caught.value.field == "budget.candidates"
    usage = account(store.of_tenant("ours"), "ours", Quotas()).usage
    assert (usage.live_searches, usage.live_candidates) == (2, 20)


@pytest.mark.parametrize(
    ("quotas", "budget", "field"),
    [
        (Quotas(search_candidates=9), {"candidates": 10}, "budget.candidates"),
        (Quotas(live_candidates=9), {"minutes": 1}, "budget.candidates"),
        (Quotas(monthly_minutes=5), {"minutes": 6}, "budget.minutes"),
        (Quotas(monthly_minutes=5), {"candidates": 6}, "budget.minutes"),
    ],
)
def test_what_no_waiting_mends_is_a_fault_of_the_spec(
    store: SqlStore, quotas: Quotas, budget: dict[str, Any], field: str
) -> None:
    with pytest.raises(SpecError) as caught:
        ask(store, quotas, **budget)
    assert [problem.field for problem in caught.value.problems] == [field]


def test_minutes_are_reserved_by_live_searches_and_spent_by_those_that_are_over(store: SqlStore) -> None:
    quotas = Quotas(monthly_minutes=10)
    live = ask(store, quotas, minutes=6)
    with pytest.raises(LimitError) as caught:
        ask(store, quotas, minutes=5)
    assert caught.value.field == "budget.minutes"
    with store.write() as uow:
        uow.searches.update(live, status=SearchStatus.SUCCEEDED, active_s=120.0)
    ask(store, quotas, minutes=8)


def test_a_deleted_search_keeps_its_minutes_spent(store: SqlStore) -> None:
    now = datetime.now(UTC)
    for _ in range(2):
        over = a_search(tenant="ours", status=SearchStatus.SUCCEEDED, active_s=60.0, active_since=None, created_at=now)
        with store.write() as uow:
            uow.searches.add(over, "digest")
        control.delete(store.of_tenant("ours"), over.id)
    old = a_search(tenant="ours", status=SearchStatus.FAILED, active_s=600.0, active_since=None)
    with store.write() as uow:
        uow.searches.add(old, "digest")
    control.delete(store, old.id)
    with store.read() as uow:
        assert uow.quotas.usage("ours", now).monthly_minutes == pytest.approx(2.0)
        assert uow.quotas.usage("ours", next_month(now)).monthly_minutes == 0


def test_a_tenants_own_quotas_count_before_the_defaults(store: SqlStore) -> None:
    with store.write() as uow:
        uow.quotas.put("ours", Quotas(live_searches=1))
    defaults = Quotas(live_searches=0, upload_bytes=7)
    ask(store, defaults)
    with pytest.raises(LimitError):
        ask(store, defaults, tenant="theirs")
    assert account(store, "ours", defaults).quotas == Quotas(live_searches=1, upload_bytes=7)
    with store.read() as uow:
        assert uow.quotas.all() == {"ours": Quotas(live_searches=1)}


def test_a_year_turns_over() -> None:
    assert next_month(datetime(2026, 12, 31, 23, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)
    assert next_month(datetime(2026, 11, 1, tzinfo=UTC)) == datetime(2026, 12, 1, tzinfo=UTC)
