"""Alive, ready, measured, logged."""

from pathlib import Path

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from nas_service.api.app import create_app
from nas_service.bootstrap import Service, bootstrap
from nas_service.domain.entities import Worker
from nas_service.search.memories import SqlMemories
from nas_service.settings import Settings
from nas_service.store.overview import counts
from nas_service.use_cases.advance import advance
from tests.integration.nas_service.api.conftest import LOOPBACK, SPEC

Samples = dict[tuple[str, tuple[str, ...]], float]


def _samples(client: TestClient) -> Samples:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
    }


def test_it_is_ready_with_a_worker(client: TestClient, live_worker: Worker) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "reasons": []})


def test_it_is_not_ready_without_a_worker(client: TestClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "no worker" in answer.json()["reasons"][0]
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("database", ["", "sqlite:////nowhere/at/all.db"])
def test_it_is_alive_but_not_ready_without_its_tables(tmp_path: Path, database: str) -> None:
    service = bootstrap(Settings(home=tmp_path, database_url=database))
    with TestClient(create_app(service), base_url=LOOPBACK, raise_server_exceptions=False) as client:
        assert client.get("/healthz").status_code == 200
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert "database" in answer.json()["reasons"][0]
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
    assert samples["nas_searches", ("QUEUED",)] == 1
    assert samples["nas_searches", ("RUNNING",)] == 1
    assert samples["nas_queue_depth", ("train",)] == 1
    assert samples["nas_live_workers", ()] == 1


def test_metrics_count_candidates(client: TestClient, finished_id: str) -> None:
    assert _samples(client)["nas_candidates", ("COMPLETED",)] == 6


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
            assert counts(uow.connection).searches == {"QUEUED": 1}
    service.store.engine.dispose()
