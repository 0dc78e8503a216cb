"""Agents against a real API: what they time counts, and what cannot count is refused, whatever goes wrong between."""

import threading
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nas_service.api.app import create_app
from nas_service.client.errors import ClientError
from nas_service.domain.signals import Signal
from nas_service.domain.states import WorkStatus
from nas_service.use_cases import control
from nas_service.use_cases.sweep import sweep
from tests.integration.workers.agent.conftest import DEVICE, LEASE_S, Shed
from tests.support.api import serving
from tests.support.waiting import wait_for
from workers.profiling.host_lock import timing


def test_a_timing_becomes_a_measurement_of_the_device_by_its_name(shed: Shed) -> None:
    search = shed.submit()
    with shed.serving_agent():
        done = shed.wait_for_status(search, WorkStatus.DONE)
    assert done.result is not None
    assert done.result["birthplace"]["device"] == DEVICE
    shed.advance(search)
    with shed.service.store.read() as uow:
        (measured,) = uow.evidence.measurements_of(done.payload["model_sha256"], "default")
    assert (measured.target.device, measured.owner) == (DEVICE, None)


def test_a_dead_agents_item_goes_to_another_and_its_late_result_is_refused(shed: Shed, tmp_path: Path) -> None:
    search = shed.submit()
    dead = shed.connect()
    lease, _ = dead.lease(0.0)
    assert lease is not None
    wait_for(lambda: sweep(shed.service.store), "the lease to expire")
    with shed.serving_agent():
        done = shed.wait_for_status(search, WorkStatus.DONE)
    assert (done.attempt, done.token) == (2, lease.token + 1)
    with pytest.raises(ClientError) as refused:
        dead.complete(lease, _a_measurement(done.result))
    assert (refused.value.problem.status, refused.value.problem.slug) == (409, "lease-lost")
    assert 'nas_refused_results_total{kind="profile"} 1.0' in httpx.get(f"{shed.url}/metrics").text
    with pytest.raises(ClientError, match="given to another"):
        dead.fetch_model(lease, tmp_path)


def _a_measurement(result: dict[str, object] | None) -> dict[str, object]:
    return {name: value for name, value in (result or {}).items() if name not in {"device_id", "owner"}}


def test_what_is_not_a_measurement_of_the_target_is_refused(shed: Shed) -> None:
    search = shed.submit()
    with shed.serving_agent():
        good = _a_measurement(shed.wait_for_status(search, WorkStatus.DONE).result)
    other = shed.submit()
    door = shed.connect()
    lease, _ = door.lease(0.0)
    assert lease is not None
    assert lease.item_id == shed.timing(other).id
    birthplace = good["birthplace"]
    assert isinstance(birthplace, dict)
    for wrong, reason in [
        ({"timed_median_ms": 1e-4}, "that of the samples"),
        ({"median_ms": 1e-4}, "that of the baseline"),
        ({"median_ms": "NaN"}, "median_ms"),
        ({"p99_ms": -1}, "p99_ms"),
        ({"more": 1}, "more"),
        ({"birthplace": birthplace | {"threads": 2}}, "asked for"),
        ({"birthplace": birthplace | {"device_id": "0" * 16}}, "asked for"),
    ]:
        with pytest.raises(ClientError, match=reason):
            door.complete(lease, good | wrong)
    door.complete(lease, good)
    assert shed.timing(other).status is WorkStatus.DONE
    door.complete(lease, good)  # as an agent does that never got the answer


def test_a_pause_and_a_cancellation_reach_the_agent(shed: Shed) -> None:
    search = shed.submit()
    with timing(shed.folder / "host-lock", 10.0), shed.serving_agent():
        shed.wait_for_status(search, WorkStatus.LEASED)
        control.pause(shed.service.store, search.id)
        given_back = shed.wait_for_status(search, WorkStatus.QUEUED)
        assert given_back.attempt == 0
        control.resume(shed.service.store, search.id)
        shed.wait_for_status(search, WorkStatus.LEASED)
        control.cancel(shed.service.store, search.id)
        shed.wait_for_status(search, WorkStatus.CANCELLED)


def test_who_leaves_gives_the_item_back_and_is_forgotten(shed: Shed) -> None:
    search = shed.submit()
    with timing(shed.folder / "host-lock", 10.0):
        with shed.serving_agent():
            shed.wait_for_status(search, WorkStatus.LEASED)
        given_back = shed.timing(search)
    assert (given_back.status, given_back.attempt) == (WorkStatus.QUEUED, 0)
    with shed.service.store.read() as uow:
        assert [worker.device["name"] for worker in uow.workers.live() if worker.queues == given_back.queue] == []


class SpoilsTheFirstModel:
    """An application whose first download has one byte changed on its way."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.spoilt = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on but that byte."""

        async def spoil(message: Message) -> None:
            if message.get("body") and not self.spoilt and scope["path"].endswith("/model"):
                self.spoilt = 1
                message = message | {"body": bytes([message["body"][0] ^ 1]) + message["body"][1:]}
            await send(message)

        await self.app(scope, receive, spoil)


def test_a_model_spoilt_on_the_way_is_never_timed(shed: Shed) -> None:
    search = shed.submit()
    app = SpoilsTheFirstModel(create_app(shed.service))
    with serving(app) as url, shed.serving_agent(url):
        done = shed.wait_for_status(search, WorkStatus.DONE)
    assert (app.spoilt, done.attempt) == (1, 2)


def test_a_service_that_is_away_for_a_while_is_waited_for(shed: Shed) -> None:
    shutdown = threading.Event()
    app = create_app(shed.service)
    with serving(app) as url:
        pass
    agent = shed.agent(shutdown, url)
    thread = threading.Thread(target=agent.run)
    thread.start()
    try:
        search = shed.submit()
        with serving(create_app(shed.service), port=int(url.rpartition(":")[2])):
            shed.wait_for_status(search, WorkStatus.DONE)
            shutdown.set()
            thread.join()
    finally:
        shutdown.set()
        thread.join()


def test_an_agent_of_another_version_is_told_which_one_is_needed(shed: Shed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.agent.door.version", lambda _name: "0.0.1")
    with pytest.raises(ClientError, match=r"the agent has nas-service 0\.0\.1, the service .* pip install"):
        shed.agent(threading.Event()).run()


def test_a_request_for_work_is_answered_as_soon_as_there_is_some(shed: Shed) -> None:
    door = shed.connect()
    found: list[object] = []
    # Well below the client's own timeout, after which it would ask again and find the work without having been woken.
    waiter = threading.Thread(target=lambda: found.append(door.lease(20.0)[0]))
    waiter.start()
    search = shed.submit()
    waiter.join()
    assert [lease.item_id for lease in found if lease] == [shed.timing(search).id]  # type: ignore[attr-defined]


def test_a_lease_is_renewed_by_heartbeats(shed: Shed) -> None:
    shed.submit()
    door = shed.connect()
    lease, _ = door.lease(0.0)
    assert lease is not None
    assert (lease.lease_s, lease.budget_s) == (LEASE_S, 0.2)
    assert door.beat(lease) is Signal.CONTINUE


def test_an_agent_that_is_not_known_any_more_says_again_who_it_is(shed: Shed) -> None:
    search = shed.submit()
    with timing(shed.folder / "host-lock", 10.0) as _, shed.serving_agent():
        leased = shed.wait_for_status(search, WorkStatus.LEASED)
        with shed.service.store.write() as uow:
            uow.workers.forget(str(leased.worker_id))
        wait_for(lambda: sweep(shed.service.store), "the lease to expire")
        again = wait_for(lambda: (i := shed.timing(search)).worker_id not in {None, leased.worker_id} and i, "another")
    assert again.worker_id != leased.worker_id
