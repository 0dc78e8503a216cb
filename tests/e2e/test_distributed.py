"""The commands of docker-compose.yml around a real Postgres and a real Redis: a search from its spec to its bundles."""

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import optuna
import pytest
import yaml
from sqlalchemy import NullPool

from nas_service.client import Client
from nas_service.domain.states import CandidateStatus, SearchStatus
from tests.support.digits import digits_npz
from tests.support.distributed import START_TIMEOUT_S, DistributedService
from tests.support.source import ROOT
from tests.support.tiny import tiny_search
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.postgres]

SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OURS = sorted(set(SERVICES) - {"postgres", "redis", "migrate"})
CANDIDATES = 3
SEARCH_TIMEOUT_S = 150.0


@pytest.fixture(scope="module")
def port() -> int:
    """A free one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def distributed(postgres_url: str, redis_url: str, port: int, tmp_path: Path) -> Iterator[DistributedService]:
    """Every service of the file but the databases, on this machine's own Postgres, Redis and folder."""
    here = {
        "NAS_HOME": str(tmp_path),
        "NAS_DATABASE_URL": postgres_url,
        "NAS_BROKER_URL": redis_url,
        "NAS_DATA_ROOTS": str(tmp_path),
        "NAS_HOST_LOCK_DIR": str(tmp_path / "host-lock"),
        "NAS_HOST": "127.0.0.1",
        "NAS_PORT": str(port),
        "NAS_MEASURE_S": "0.3",
        "NAS_FINAL_MEASURE_S": "0.3",
    }
    service = DistributedService(here)
    try:
        for name in OURS:
            # One process a worker: this machine is small, and shared.
            environment = SERVICES[name]["environment"] | ({"NAS_WORKERS": "1"} if "worker" in name else {})
            service.start(name, SERVICES[name]["command"], **environment | here)
        yield service
    finally:
        service.close()


def test_a_search_runs_through_the_commands_of_the_containers(
    distributed: DistributedService, port: int, tmp_path: Path
) -> None:
    distributed.wait_for_workers(2)
    url = f"http://127.0.0.1:{port}"
    with Client(url) as client:
        wait_for(lambda: is_ready(url), "the API to be ready", START_TIMEOUT_S)
        dataset = {"name": client.upload_dataset(digits_npz(tmp_path / "digits.npz")).id}
        budget, training = {"candidates": CANDIDATES}, {"epochs": 1, "precision": "fp32"}
        spec = tiny_search(dataset=dataset, budget=budget, training=training)
        search = client.wait(client.submit(spec).id, poll_s=0.2, timeout_s=SEARCH_TIMEOUT_S)
        assert search.status is SearchStatus.SUCCEEDED, search.failure
        assert search.candidates == {CandidateStatus.COMPLETED: CANDIDATES}
        members = client.front(search.id).members
        bundles = [client.download_bundle(m.candidate.id, tmp_path / m.candidate.id) for m in members]
    assert bundles
    for bundle in bundles:
        for line in (bundle / "SHA256SUMS").read_text().splitlines():
            sha256, name = line.split()
            assert hashlib.sha256((bundle / name).read_bytes()).hexdigest() == sha256
    url = distributed.settings["NAS_DATABASE_URL"]
    storage = optuna.storages.RDBStorage(url, engine_kwargs={"poolclass": NullPool})
    study = optuna.load_study(study_name=search.id, storage=storage)
    assert {t.number for t in study.best_trials} == {m.candidate.number for m in members}
    served = {worker.queues for worker in distributed.live_workers()}
    assert served == {("train",), ("profile.local",)}


def is_ready(url: str) -> bool:
    """Whether searches would make progress."""
    try:
        return httpx.get(f"{url}/readyz").is_success
    except httpx.TransportError:
        return False
