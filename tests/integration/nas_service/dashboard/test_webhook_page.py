"""The page of webhooks: secrets are shown once, failures are told, and nobody sees another tenant's."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from nas_service.api.app import create_app
from nas_service.bootstrap import Service
from nas_service.domain.identity import Scope
from nas_service.use_cases import control, webhooks
from nas_service.use_cases.keys import create_key
from nas_service.use_cases.submit import submit
from nas_service.use_cases.webhooks import MOST_WEBHOOKS, deliver_due
from nas_service.wire.spec_problems import spec_of
from tests.support.api import new_service, plain_logs

URL = "https://nas.example"
OWN = {"Origin": URL}
HOOK = "http://127.0.0.1:9/hook"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with plain_logs(), new_service(tmp_path / "home", webhook_private_addresses=True, require_keys=True) as service:
        yield service


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    """Of an admin of tenant `default`."""
    with TestClient(create_app(service), base_url=URL) as client:
        _sign_in(client, service, Scope.ADMIN)
        yield client


def _sign_in(client: TestClient, service: Service, *scopes: Scope) -> None:
    _, token = create_key(service.store, "default", "a person", scopes)
    client.post("/sign-in", data={"key": token}, headers=OWN)


def test_the_secret_is_on_the_answer_that_makes_it_and_on_no_other(client: TestClient) -> None:
    made = client.post("/webhooks", data={"url": HOOK}, headers=OWN)
    assert made.headers["Cache-Control"] == "no-store"
    assert re.search(r"whsec_[\w+/=]{40,}", made.text)
    listed = client.get("/webhooks").text
    assert HOOK in listed
    assert "none yet" in listed
    assert "whsec_" not in listed


def test_a_delivery_that_failed_is_told_with_its_reason(client: TestClient, service: Service) -> None:
    client.post("/webhooks", data={"url": HOOK}, headers=OWN)
    search, _ = submit(service.store, (), spec_of({"dataset": {"name": "digits"}}))
    control.cancel(service.store, search.id)
    assert deliver_due(service.store, service.send_webhook) == 1
    page = client.get("/webhooks").text
    with service.store.read() as uow:
        [webhook] = uow.webhooks.of("default")
    assert webhook.failure
    assert webhook.failure in page
    assert "it is sent again" in page


def test_a_webhook_is_deleted_from_the_page(client: TestClient, service: Service) -> None:
    made = webhooks.create_webhook(service.store, "default", HOOK)
    assert client.post(f"/webhooks/{made.id}/delete", headers=OWN).url == f"{URL}/webhooks"
    assert "No webhooks yet" in client.get("/webhooks").text


def test_an_address_that_cannot_be_called_is_refused_at_its_field(client: TestClient) -> None:
    answer = client.post("/webhooks", data={"url": "ftp://example.org"}, headers=OWN)
    assert answer.status_code == 422
    assert "must be like https://example.org/hook" in answer.text
    assert 'value="ftp://example.org"' in answer.text


def test_one_too_many_is_refused(client: TestClient, service: Service) -> None:
    for _ in range(MOST_WEBHOOKS):
        webhooks.create_webhook(service.store, "default", HOOK)
    answer = client.post("/webhooks", data={"url": HOOK}, headers=OWN)
    assert answer.status_code == 429
    assert f"at most {MOST_WEBHOOKS} webhooks" in answer.text


def test_another_tenants_are_neither_seen_nor_deleted(client: TestClient, service: Service) -> None:
    foreign = webhooks.create_webhook(service.store, "theirs", "https://theirs.example/hook")
    assert "theirs.example" not in client.get("/webhooks").text
    assert client.post(f"/webhooks/{foreign.id}/delete", headers=OWN).status_code == 404
    with service.store.read() as uow:
        assert uow.webhooks.of("theirs") == [foreign]


def test_who_is_no_admin_has_no_such_page(client: TestClient, service: Service) -> None:
    _sign_in(client, service, Scope.READ, Scope.SUBMIT)
    assert client.get("/webhooks").status_code == 403
    assert 'href="/webhooks"' not in client.get("/").text
