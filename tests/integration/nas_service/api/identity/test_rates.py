"""How often one may ask, counted by key, shared through a real Redis, and alone where that is away."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from nas_service.api.app import create_app
from nas_service.domain.identity import Scope
from nas_service.settings import Settings
from nas_service.use_cases.keys import create_key
from tests.integration.nas_service.api.conftest import LOOPBACK, SPEC
from tests.support.api import new_service

Make = Callable[..., tuple[TestClient, dict[str, str]]]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """A client of a service with these settings, and a key's header; called again, another process of the same."""
    with ExitStack() as stack:

        def client(**settings: Any) -> tuple[TestClient, dict[str, str]]:
            service = stack.enter_context(new_service(tmp_path / str(len(clients)), require_keys=True, **settings))
            clients.append(TestClient(create_app(service), base_url=LOOPBACK, raise_server_exceptions=False))
            _, token = create_key(service.store, "ours", "fast", [Scope.ADMIN])
            return stack.enter_context(clients[-1]), {"Authorization": f"Bearer {token}"}

        clients: list[TestClient] = []
        yield client


def statuses(client: TestClient, headers: dict[str, str], count: int) -> list[int]:
    return [client.get("/v1/searches", headers=headers).status_code for _ in range(count)]


def test_a_key_that_asks_too_often_is_told_when_to_come_again(make: Make) -> None:
    client, key = make(rate_limit="3/minute")
    assert statuses(client, key, 3) == [200] * 3
    refused = client.get("/v1/searches", headers=key)
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/rate-limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert client.get("/healthz").status_code == 200


def test_submissions_have_a_rate_of_their_own(make: Make) -> None:
    client, key = make(submit_rate_limit="1/minute")
    assert client.post("/v1/searches", json=SPEC, headers=key).status_code == 202
    assert client.post("/v1/searches", json=SPEC, headers=key).status_code == 429
    assert statuses(client, key, 2) == [200] * 2


def test_who_guesses_keys_is_not_listened_to_while_known_keys_go_on(make: Make) -> None:
    client, key = make(wrong_key_rate_limit="2/minute")
    assert statuses(client, key, 1) == [200]
    wrong = {"Authorization": "Bearer guessed"}
    assert statuses(client, wrong, 4) == [401, 401, 429, 429]
    assert statuses(client, {}, 1) == [429]
    assert statuses(client, key, 1) == [200]


def test_an_empty_rate_is_none(make: Make) -> None:
    client, key = make(rate_limit="")
    assert statuses(client, key, 5) == [200] * 5


def test_processes_share_a_window_through_redis(make: Make, redis_url: str) -> None:
    client, key = make(rate_limit="3/minute", broker_url=redis_url)
    assert statuses(client, key, 2) == [200] * 2
    other = TestClient(create_app(client.app.state.service), base_url=LOOPBACK)  # type: ignore[attr-defined]
    assert statuses(other, key, 2) == [200, 429]


def test_without_redis_a_process_counts_alone(make: Make) -> None:
    client, key = make(rate_limit="2/minute", broker_url="redis://127.0.0.1:1/0")
    assert statuses(client, key, 3) == [200, 200, 429]


@pytest.mark.parametrize("rate", ["many", "3/fortnight"])
def test_a_rate_that_is_none_is_refused_at_the_start(rate: str) -> None:
    with pytest.raises(ValueError, match="rate_limit"):
        Settings(rate_limit=rate)
