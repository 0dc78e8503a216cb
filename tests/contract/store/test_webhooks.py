"""Messages to webhooks are each one's at a time, on both databases."""

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from nas_service.domain.errors import NotFoundError
from nas_service.domain.webhooks import Delivery
from nas_service.store.tenancy import TenancyError
from nas_service.store.unit_of_work import SqlStore
from tests.support.values import WEBHOOK

NOW_S = 1e9


@pytest.fixture
def told(store: SqlStore) -> SqlStore:
    """Eight messages are due for one webhook."""
    with store.write() as uow:
        uow.webhooks.add(WEBHOOK)
        for number in range(8):
            uow.webhooks.enqueue("default", {"number": number}, NOW_S)
    return store


def claim(store: SqlStore, now_s: float = NOW_S) -> Delivery | None:
    with store.write() as uow:
        return uow.webhooks.claim_due(now_s)


def test_many_claim_at_once_and_each_message_is_claimed_once(told: SqlStore) -> None:
    claimed: list[str] = []

    def work() -> None:
        claimed.extend(delivery.id for delivery in iter(lambda: claim(told), None))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 8


def test_what_was_claimed_is_due_again_after_its_pause_unless_it_was_delivered(told: SqlStore) -> None:
    found = [claim(told) for _ in range(8)]
    with told.write() as uow:
        for delivery in found[1:]:
            assert delivery is not None
            uow.webhooks.note_delivered(delivery, datetime.now(UTC))
    assert claim(told, NOW_S + 14) is None
    again = claim(told, NOW_S + 15)
    assert again is not None
    assert found[0] is not None
    assert (again.id, again.attempt, again.body) == (found[0].id, 2, found[0].body)


def test_a_tenant_sees_and_deletes_its_own_alone(told: SqlStore) -> None:
    theirs = told.of_tenant("theirs")
    with theirs.write() as uow:
        assert uow.webhooks.of("default") == []
        assert not uow.webhooks.any_due(NOW_S)
        with pytest.raises(NotFoundError, match="webhook-0"):
            uow.webhooks.delete(WEBHOOK.id)
        with pytest.raises(TenancyError):
            uow.webhooks.add(replace(WEBHOOK, id="webhook-1"))
