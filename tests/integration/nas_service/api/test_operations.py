"""Alive, ready, measured, logged."""

import dataclasses
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from nas_service.api.app import create_app
from nas_service.bootstrap import Service, bootstrap
from nas_service.dispatch.celery_dispatcher import CeleryDispatcher
from nas_service.domain.entities import Worker
from nas_service.domain.states import SearchStatus
from nas_service.migrate import migrate
from nas_service.search.memories import SqlMemories
from nas_service.settings import Settings
from nas_service.store.overview import searches_by_status
from nas_service.use_cases import work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.sweep import sweep
from tests.integration.nas_service.api.conftest import LOOPBACK, SPEC

Samples = dict[tuple[str, tuple[str, ...]], float]


def _samples(client: TestClient) -> Samples:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
    }


def test_a_worker_of_another_version_is_flagged(client: TestClient, service: Service, live_worker: Worker) -> None:
    here = {"nas-service": version("nas-service"), "python": "3.11"}
    current = dataclasses.replace(live_worker, id="worker-2", versions=here, capacity=4)
    with service.store.write() as uow:
        uow.workers.beat(current)
    old, new = client.get("/v1/workers").json()["items"]
    assert (old["id"], old["outdated"], old["versions"]) == (live_worker.id, True, {})
    assert (new["id"], new["outdated"], new["versions"], new["capacity"]) == ("worker-2", False, here, 4)
    assert (new["device"], new["queues"]) == ("bench", ["train", "profile.local"])


def test_it_is_ready_with_a_worker(client: TestClient, live_worker: Worker) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "reasons": []})


def test_it_is_not_ready_without_a_worker(client: TestClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "no worker" in answer.json()["reasons"][0]
    assert client.get("/healthz").status_code == 200


def test_it_is_not_ready_with_an_agent_alone(client: TestClient, service: Service, live_worker: Worker) -> None:
    with service.store.write() as uow:
        uow.workers.forget(live_worker.id)
        uow.workers.beat(dataclasses.replace(live_worker, id="agent-1", queues=("profile.phone",), remote=True))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "no worker that trains" in answer.json()["reasons"][0]


def test_it_is_not_ready_while_its_broker_is_away(service: Service, live_worker: Worker) -> None:
    away = dataclasses.replace(service, dispatcher=CeleryDispatcher("redis://127.0.0.1:1/0"))
    with TestClient(create_app(away), base_url=LOOPBACK) as client:
        answer = client.get("/readyz")
    assert answer.status_code == 503
    (reason,) = answer.json()["reasons"]
    assert "broker" in reason


def test_it_is_not_ready_while_its_artifacts_are_away(
    client: TestClient, service: Service, live_worker: Worker
) -> None:
    folder = service.settings.home / "artifacts"
    shutil.rmtree(folder, ignore_errors=True)
    folder.touch()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    (reason,) = answer.json()["reasons"]
    assert "artifacts" in reason


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_started_before_the_migration_it_says_so_and_serves_once_it_has_run(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = request.getfixturevalue("postgres_url") if kind == "postgres" else ""
    service = bootstrap(Settings(home=tmp_path, database_url=url))
    with TestClient(create_app(service), base_url=LOOPBACK, raise_server_exceptions=False) as client:
        (reason,) = client.get("/readyz").json()["reasons"]
        early = client.get("/v1/searches")
        assert (early.status_code, early.json()["type"]) == (503, "/problems/schema-not-current")
        assert "`nas migrate`" in early.json()["detail"]
        assert "`nas migrate`" in reason
        migrate(service.settings)
        assert client.get("/v1/searches").status_code == 200
    service.store.engine.dispose()


@pytest.mark.parametrize("database", ["sqlite:////nowhere/at/all.db"])
def test_it_is_alive_but_not_ready_without_its_database(tmp_path: Path, database: str) -> None:
    service = bootstrap(Settings(home=tmp_path, database_url=database))
    with TestClient(create_app(service), base_url=LOOPBACK, raise_server_exceptions=False) as client:
        assert client.get("/healthz").status_code == 200
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert "database" in answer.json()["reasons"][0]
        samples = _samples(client)
        assert samples["nas_database_up", ()] == 0
        assert ("nas_api_latency_seconds_count", ("GET", "/healthz", "200")) in samples
        failed = client.get("/v1/searches")
        assert failed.status_code == 503
        assert failed.headers["Retry-After"] == "1"
        assert failed.json()["type"] == "/problems/store-unavailable"
    service.store.engine.dispose()


def test_metrics_count_what_is_in_the_store(
    client: TestClient, service: Service, search_id: str, live_worker: Worker
) -> None:
    client.post("/v1/searches", json=SPEC)
    advance(service.store, SqlMemories(), search_id)
    samples = _samples(client)
    assert samples["nas_searches", ("QUEUED",)] == samples["nas_searches", ("RUNNING",)] == 1
    assert samples["nas_searches", ("FAILED",)] == 0
    assert samples["nas_queue_depth", ("train",)] == 1
    assert 0 < samples["nas_queue_oldest_seconds", ("train",)] < 60
    assert samples["nas_queue_depth", ("profile.local",)] == 0
    assert samples["nas_live_workers", ("train",)] == 1
    assert samples["nas_broker_up", ()] == samples["nas_database_up", ()] == 1
    assert samples["nas_database_connections_in_use", ()] >= 0


def test_what_a_paused_search_has_queued_waits_for_nobody(
    client: TestClient, service: Service, search_id: str, live_worker: Worker
) -> None:
    advance(service.store, SqlMemories(), search_id)
    client.post(f"/v1/searches/{search_id}/pause")
    assert _samples(client)["nas_queue_depth", ("train",)] == 0


def test_metrics_tell_what_became_of_candidates_and_work(client: TestClient, finished_id: str) -> None:
    samples = _samples(client)
    assert samples["nas_candidates_total", ("COMPLETED",)] == 6
    assert samples["nas_work_duration_seconds_count", ("prepare", "done")] == 1
    assert samples["nas_work_duration_seconds_bucket", ("evaluate", "+Inf", "done")] >= 6
    assert samples["nas_work_duration_seconds_bucket", ("evaluate", "30000.0", "done")] >= 6
    assert samples["nas_work_duration_seconds_sum", ("evaluate", "done")] > 0


def test_what_was_counted_outlives_the_search(client: TestClient, finished_id: str) -> None:
    """Prometheus takes a counter that falls for one that began again, and adds what was there once more."""
    client.delete(f"/v1/searches/{finished_id}")
    assert _samples(client)["nas_candidates_total", ("COMPLETED",)] == 6


def test_lost_leases_and_late_results_are_counted(client: TestClient, service: Service, search_id: str) -> None:
    advance(service.store, SqlMemories(), search_id)
    item = work.claim(service.store, ["train"], "late", lease_s=-1.0)
    assert item is not None
    sweep(service.store)
    assert not work.complete(service.store, item, {})
    samples = _samples(client)
    assert samples["nas_lease_expiries_total", ("prepare",)] == samples["nas_refused_results_total", ("prepare",)] == 1
    assert ("nas_work_duration_seconds_count", ("prepare", "done")) not in samples


def test_a_made_up_method_makes_no_series(client: TestClient) -> None:
    client.request("BREW", "/healthz")
    assert not any("BREW" in labels for _, labels in _samples(client))


def test_latencies_are_kept_by_route_not_by_id(client: TestClient, search_id: str) -> None:
    for _ in range(3):
        client.get(f"/v1/searches/{search_id}")
    samples = _samples(client)
    assert samples["nas_api_latency_seconds_count", ("GET", "/v1/searches/{search_id}", "200")] == 3
    assert not any(search_id in label for _, labels in samples for label in labels)


def test_each_request_is_logged_once_with_its_id_and_without_its_query(client: TestClient) -> None:
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as logs:
        client.get("/v1/searches?cursor=secret", headers={"X-Request-ID": "abc-1", "Authorization": "secret"})
    [line] = logs
    assert line["request_id"] == "abc-1"
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/searches", 400)
    assert line["duration_ms"] > 0
    assert "secret" not in str(line)


@pytest.mark.postgres
def test_counts_are_the_same_on_postgres(tmp_path: Path, postgres_url: str) -> None:
    from nas_service.migrate import migrate

    settings = Settings(home=tmp_path, database_url=postgres_url)
    migrate(settings)
    service = bootstrap(settings)
    with TestClient(create_app(service), base_url=LOOPBACK) as client:
        search_id = client.post("/v1/searches", json=SPEC).json()["id"]
        assert client.get("/v1/datasets").json()["items"] == []
        assert client.get(f"/v1/searches/{search_id}").status_code == 200
        with service.store.read() as uow:
            assert searches_by_status(uow.connection)[SearchStatus.QUEUED] == 1
    service.store.engine.dispose()
