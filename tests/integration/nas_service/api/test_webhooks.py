"""Webhooks from the API to a real receiver: the example of the guide, as a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nas_service.api.app import create_app
from nas_service.bootstrap import Service
from nas_service.client import Client, ClientError
from nas_service.dispatch.webhook_sender import NotTakenError, WebhookSender
from nas_service.domain.webhooks import MOST_ATTEMPTS, pause_s
from nas_service.use_cases import control, webhooks
from nas_service.use_cases.submit import submit
from nas_service.use_cases.webhooks import MOST_WEBHOOKS, deliver_due
from nas_service.wire.spec_problems import spec_of
from tests.integration.nas_service.api.conftest import SPEC
from tests.support.api import new_service, serving
from tests.support.source import ROOT
from tests.support.waiting import wait_for
from workers import webhook_thread

WRONG = "whsec_d3Jvbmcgc2VjcmV0"


@contextmanager
def receiving(secret: str, port: int = 0) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The receiver and its URL."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "examples" / "receive_webhooks.py"), str(port)],
        env={**os.environ, "NAS_WEBHOOK_SECRET": secret},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        yield process, process.stderr.readline().split()[-1]
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with new_service(tmp_path / "home", webhook_private_addresses=True) as service:
        yield service


def at(seconds_later: float) -> float:
    return time.time() + seconds_later


def test_the_receiver_of_the_guide_is_told_of_each_status_once(service: Service) -> None:
    """It refuses what is signed with another secret: that is sent again once it has the right one."""
    with receiving(WRONG) as (_, receiver), serving(create_app(service)) as url, Client(url) as client:
        made = client.add_webhook(receiver)
        search, _ = submit(service.store, (), spec_of(SPEC))
        control.cancel(service.store, search.id)
        assert deliver_due(service.store, service.send_webhook) == 1
        [listed] = client.webhooks().items
        assert (listed.delivered_at, listed.failure) == (None, "it answered 401, not 2xx")
        assert deliver_due(service.store, service.send_webhook) == 0, "the pause is not over"
        port = int(receiver.rstrip("/").rpartition(":")[2])
    with receiving(made.secret, port) as (process, _):
        assert deliver_due(service.store, service.send_webhook, lambda: at(pause_s(1) + 1)) == 1
        assert process.stdout is not None
        message = json.loads(process.stdout.readline())
    assert message["type"] == "search.status"
    assert message["data"]["search_id"] == search.id
    with service.store.read() as uow:
        assert message["data"]["status"] == uow.searches.get(search.id).status
        [told] = uow.webhooks.of("default")
        assert told.failure is None
        assert told.delivered_at is not None
    assert deliver_due(service.store, service.send_webhook, lambda: at(1e6)) == 0, "delivered once"


def test_a_thread_beside_the_control_loop_delivers(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_thread, "POLL_S", 0.02)
    thread = webhook_thread.WebhookThread(service)
    receiver = webhooks.create_webhook(service.store, "default", "http://127.0.0.1:1/")
    search, _ = submit(service.store, (), spec_of(SPEC))
    control.cancel(service.store, search.id)
    thread.start()

    def failure() -> str | None:
        with service.store.read() as uow:
            return next(hook.failure for hook in uow.webhooks.of("default") if hook.id == receiver.id)

    try:
        assert "refused" in (wait_for(failure, "an attempt") or "")
    finally:
        thread.stop()


def test_a_message_is_given_up_after_the_last_attempt(service: Service) -> None:
    webhooks.create_webhook(service.store, "default", "http://127.0.0.1:1/")
    search, _ = submit(service.store, (), spec_of(SPEC))
    control.cancel(service.store, search.id)
    tried = [deliver_due(service.store, service.send_webhook, lambda n=n: at(n * 4000)) for n in range(20)]
    assert tried == [1] * MOST_ATTEMPTS + [0] * (20 - MOST_ATTEMPTS)


def test_a_webhook_is_told_of_its_tenants_searches_alone_and_of_none_once_it_is_deleted(service: Service) -> None:
    theirs = webhooks.create_webhook(service.store, "theirs", "http://127.0.0.1:1/")
    ours, _ = submit(service.store, (), spec_of(SPEC))
    control.cancel(service.store, ours.id)
    with service.store.read() as uow:
        assert not uow.webhooks.any_due(at(1))
    foreign, _ = submit(service.store, (), spec_of(SPEC), tenant="theirs")
    control.cancel(service.store, foreign.id)
    with service.store.write() as uow:
        assert uow.webhooks.any_due(at(1))
        uow.webhooks.delete(theirs.id)
        assert not uow.webhooks.any_due(at(1))


def test_the_secret_is_shown_once_and_a_tenant_has_a_few(service: Service) -> None:
    with serving(create_app(service)) as url, Client(url) as client:
        made = client.add_webhook("https://example.org/hook")
        assert made.secret not in client.webhooks().model_dump_json()
        client.delete_webhook(made.webhook.id)
        assert client.webhooks().items == ()
        for address in ("ftp://example.org/", "https://", "https://me:secret@example.org/", "//x", "http://[1"):
            with pytest.raises(ClientError, match="url"):
                client.add_webhook(address)
        for _ in range(MOST_WEBHOOKS):
            client.add_webhook("https://example.org/hook")
        with pytest.raises(ClientError, match="at most"):
            client.add_webhook("https://example.org/hook")


def test_private_addresses_are_refused_by_default() -> None:
    with receiving(WRONG) as (_, receiver):
        for url in (receiver, receiver.replace("127.0.0.1", "localhost")):
            with pytest.raises(NotTakenError, match="private address"):
                WebhookSender(private=False).send(url, {}, b"{}")
