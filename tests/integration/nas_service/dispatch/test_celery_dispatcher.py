"""Messages through a real Redis, and what becomes of those who send them while it is away."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from structlog.testing import capture_logs

from nas_service.dispatch.celery_dispatcher import CeleryDispatcher
from nas_service.use_cases.outbox import Outbox
from tests.support import ServiceMissingError
from tests.support.redis import OwnRedis, own_redis

OUTBOX = Outbox(work={"work-1": "train", "work-2": "profile.phone"}, searches={"search-1"})


@pytest.fixture
def own() -> Iterator[OwnRedis]:
    """A server that the test may stop."""
    try:
        with own_redis() as server:
            yield server
    except ServiceMissingError as error:
        pytest.skip(str(error))


def messages(url: str, queue: str) -> list[dict[str, Any]]:
    """What waits in a queue, oldest first."""
    with redis.Redis.from_url(url) as client:
        return [json.loads(message) for message in reversed(client.lrange(queue, 0, -1))]


def test_each_message_goes_to_its_queue_as_json_with_a_queue_or_an_id(redis_url: str) -> None:
    CeleryDispatcher(redis_url).send(OUTBOX)
    for queue, task, argument in [
        ("train", "nas.work", "train"),
        ("profile.phone", "nas.work", "profile.phone"),
        ("control", "nas.advance", "search-1"),
    ]:
        (message,) = messages(redis_url, queue)
        assert message["headers"]["task"] == task
        assert message["headers"]["argsrepr"] == f"('{argument}',)"
        assert message["content-type"] == "application/json"


def test_only_queues_with_too_few_messages_miss_some(redis_url: str) -> None:
    dispatcher = CeleryDispatcher(redis_url)
    assert dispatcher.missing(OUTBOX) == OUTBOX
    dispatcher.send(OUTBOX)
    assert dispatcher.missing(OUTBOX) == Outbox()
    more = Outbox(work=OUTBOX.work | {"work-3": "train"}, searches=OUTBOX.searches)
    assert dispatcher.missing(more) == Outbox(work={"work-1": "train", "work-3": "train"})


def test_what_a_restart_has_lost_is_missing(own: OwnRedis) -> None:
    dispatcher = CeleryDispatcher(own.url)
    dispatcher.send(OUTBOX)
    own.stop()
    own.start()
    assert dispatcher.missing(OUTBOX) == OUTBOX


def test_a_broker_that_is_away_is_left_alone_for_a_moment_and_then_served_again(
    own: OwnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher = CeleryDispatcher(own.url)
    own.stop()
    with capture_logs() as logs:
        dispatcher.send(OUTBOX)
        dispatcher.send(OUTBOX)
        assert dispatcher.missing(OUTBOX) == Outbox()
    assert len(logs) == 1, "after one failure nobody waits for the broker"
    own.start()
    monkeypatch.setattr(dispatcher, "_held_back_until", float("-inf"))
    dispatcher.send(OUTBOX)
    assert len(messages(own.url, "train")) == 1


def test_a_broker_that_is_away_is_not_reachable_until_it_is_back(
    own: OwnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher = CeleryDispatcher(own.url)
    assert dispatcher.is_reachable()
    own.stop()
    assert not dispatcher.is_reachable()
    own.start()
    monkeypatch.setattr(dispatcher, "_held_back_until", float("-inf"))
    assert dispatcher.is_reachable()


def test_a_password_stays_out_of_the_log(own: OwnRedis) -> None:
    own.stop()
    with capture_logs() as logs:
        CeleryDispatcher(own.url.replace("redis://", "redis://:geheim@")).send(OUTBOX)
    assert "geheim" not in str(logs)


def test_messages_that_nobody_would_read_are_discarded(redis_url: str) -> None:
    dispatcher = CeleryDispatcher(redis_url)
    dispatcher.send(OUTBOX)
    dispatcher.discard(["profile.phone", "profile.unknown"])
    assert messages(redis_url, "profile.phone") == []
    assert len(messages(redis_url, "train")) == 1
