"""The commands of docker-compose.yml around a real Postgres and a real Redis: a search from its spec to its bundles.

One search for all that can be seen of it from outside: files, health, logs, a trace, Optuna's and Celery's dashboards.
"""

import hashlib
import json
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import optuna
import pytest
import yaml
from playwright.sync_api import Page, expect
from sqlalchemy import NullPool

from nas_service.client import Client
from nas_service.dispatch.messages import WORK
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.wire.candidates import FrontMember
from tests.support.collector import Collector, running_collector
from tests.support.dashboards import SHOW_TIMEOUT_MS, browser_page, wait_for_answer
from tests.support.digits import digits_npz
from tests.support.distributed import DistributedService
from tests.support.source import ROOT
from tests.support.tiny import tiny_search
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.postgres, pytest.mark.browser]

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OURS = sorted(set(SERVICES) - {"postgres", "redis", "migrate"})
DASHBOARDS = ("optuna-dashboard", "flower")
SERVERS = ("api", *DASHBOARDS)
CANDIDATES = 3
SEARCH_TIMEOUT_S = 300.0
HEALTH_TIMEOUT_S = 120.0


@pytest.fixture
def ports() -> Mapping[str, int]:
    """A free one for each server, by the name of its service."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in SERVERS]
    found = {name: int(probe.getsockname()[1]) for name, probe in zip(SERVERS, probes, strict=True)}
    for probe in probes:
        probe.close()
    return found


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Where traces go."""
    with running_collector() as collector:
        yield collector


@pytest.fixture
def distributed(
    postgres_url: str, redis_url: str, ports: Mapping[str, int], collector: Collector, tmp_path: Path
) -> Iterator[DistributedService]:
    """Every service of the file but the databases, on this machine's own Postgres, Redis and folder."""
    here = {
        "NAS_HOME": str(tmp_path),
        "NAS_DATABASE_URL": postgres_url,
        "NAS_BROKER_URL": redis_url,
        "NAS_DATA_ROOTS": str(tmp_path),
        "NAS_HOST_LOCK_DIR": str(tmp_path / "host-lock"),
        "NAS_HOST": "127.0.0.1",
        "NAS_PORT": str(ports["api"]),
        "NAS_MEASURE_S": "0.3",
        "NAS_FINAL_MEASURE_S": "0.3",
    }
    traced = {
        "NAS_TRACING": "1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    elsewhere = {
        "postgresql+psycopg://nas@postgres:5432/nas": postgres_url,
        "0.0.0.0": "127.0.0.1",
        "--address=0.0.0.0": "--address=127.0.0.1",
        "8080": str(ports["optuna-dashboard"]),
        "--port=5555": f"--port={ports['flower']}",
    }
    service = DistributedService(here)
    try:
        for name in OURS:
            given = {key: value for key, value in SERVICES[name]["environment"].items() if value is not None}
            # One process a worker with one thread: this machine is small, and shared.
            small = {"NAS_WORKERS": "1", "NAS_TORCH_THREADS": "1"}
            environment = given | (small if "worker" in name else {})
            command = [elsewhere.get(word, word) for word in SERVICES[name]["command"]]
            service.start(name, command, **environment | here | traced)
        yield service
    finally:
        service.close()


def test_a_search_runs_through_the_commands_of_the_containers(
    distributed: DistributedService, ports: Mapping[str, int], collector: Collector, chromium: Path, tmp_path: Path
) -> None:
    distributed.wait_for_workers(2)
    url = f"http://127.0.0.1:{ports['api']}"
    wait_for_answer(f"{url}/readyz")
    with Client(url) as client:
        dataset = {"name": client.upload_dataset(digits_npz(tmp_path / "digits.npz")).id}
        budget, training = {"candidates": CANDIDATES}, {"epochs": 1, "precision": "fp32"}
        # Stock Optuna keeps the numbers that the search went by; timing near-ties again would change ours alone.
        finalize = {"remeasure": 0, "timings": 1}
        spec = tiny_search(dataset=dataset, budget=budget, training=training, finalize=finalize)
        search = client.wait(client.submit(spec).id, poll_s=0.2, timeout_s=SEARCH_TIMEOUT_S)
        assert search.status is SearchStatus.SUCCEEDED, search.failure
        assert search.candidates == {CandidateStatus.COMPLETED: CANDIDATES}
        members = client.front(search.id).members
        bundles = [client.download_bundle(m.candidate.id, tmp_path / m.candidate.id) for m in members]
    assert bundles
    for bundle in bundles:
        check_sums(bundle)
    served = {worker.queues for worker in distributed.live_workers()}
    assert served == {("train",), ("profile.local",)}
    check_health(distributed)
    check_logs(distributed, search.id)
    check_trace(collector)
    study = same_study(distributed.settings["NAS_DATABASE_URL"], search.id, members)
    with browser_page(chromium) as page:
        see_the_study(page, f"http://127.0.0.1:{ports['optuna-dashboard']}", study)
        see_the_tasks(page, f"http://127.0.0.1:{ports['flower']}")


def check_sums(bundle: Path) -> None:
    """What was downloaded is what was stored."""
    for line in (bundle / "SHA256SUMS").read_text().splitlines():
        sha256, name = line.split()
        assert hashlib.sha256((bundle / name).read_bytes()).hexdigest() == sha256


def check_logs(distributed: DistributedService, search_id: str) -> None:
    """Every line of ours is JSON that says when and who; from a request one finds its search, from that its work."""
    own = [name for name in OURS if name not in DASHBOARDS]
    texts = {name: (distributed.home / "logs" / f"{name}.log").read_text() for name in own}
    lines = {name: [json.loads(line) for line in text.splitlines()] for name, text in texts.items()}
    assert all({"process", "level", "timestamp", "event"} <= line.keys() for name in own for line in lines[name])
    (submitted,) = [line for line in lines["api"] if line["event"] == "submitted" and line["search"] == search_id]
    (request,) = [line for line in lines["api"] if line["event"] == "request" and line["route"] == "/v1/searches"]
    assert request["request_id"] == submitted["request_id"]
    begun = [line for line in lines["worker-train"] if line["event"] == "started" and line["search"] == search_id]
    assert {line["kind"] for line in begun} == {"prepare", "evaluate", "finalize"}
    assert {line["trace_id"] for line in begun} == {submitted["trace_id"]}


def check_trace(collector: Collector) -> None:
    """All that became of the request is one tree: through control, Celery, and both workers."""
    wait_for(lambda: collector.trace_of("finalize"), "the spans of the last work")
    wait_for(lambda: not orphans(collector), "the spans that others are a part of")
    trace = collector.trace_of("finalize")
    assert [span.name for span in trace if not span.parent_id] == ["POST /v1/searches"]
    by_process = {(span.process, span.name) for span in trace}
    assert by_process >= {
        ("nas-api", "POST /v1/searches"),
        ("nas-control", "nas.advance"),
        ("nas-control", "advance"),
        ("nas-worker", "nas.work"),
        *(("nas-worker", name) for name in ("prepare", "evaluate", "train", "export", "profile", "time", "finalize")),
    }


def orphans(collector: Collector) -> set[bytes]:
    """What is said to have parts, and has not come."""
    trace = collector.trace_of("finalize")
    return {span.parent_id for span in trace if span.parent_id} - {span.span_id for span in trace}


def check_health(distributed: DistributedService) -> None:
    """The health check of the workers' containers, as it stands in the file, holds of a worker and of nobody else."""
    test = str(SERVICES["worker-train"]["healthcheck"]["test"][1]).replace("$$", "$")
    worker = distributed.processes["worker-train"]
    assert is_healthy(distributed, test.replace("nas-1@", f"nas-{worker.pid}@"))
    assert not is_healthy(distributed, test.replace("--timeout 10", "--timeout 1").replace("nas-1@", "nobody@"))


def is_healthy(distributed: DistributedService, test: str) -> bool:
    done = subprocess.run(
        ["sh", "-c", test],
        env=distributed.environment(HOSTNAME=socket.gethostname()),
        cwd=ROOT,
        capture_output=True,
        timeout=HEALTH_TIMEOUT_S,
    )
    return done.returncode == 0


def same_study(database_url: str, name: str, members: tuple[FrontMember, ...]) -> optuna.Study:
    """Stock Optuna finds the same front."""
    storage = optuna.storages.RDBStorage(database_url, engine_kwargs={"poolclass": NullPool})
    study = optuna.load_study(study_name=name, storage=storage)
    assert {t.number for t in study.best_trials} == {m.candidate.number for m in members}
    return study


def see_the_study(page: Page, url: str, study: optuna.Study) -> None:
    """Stock optuna-dashboard lists the search and draws its Pareto front; the database does not let it delete one."""
    wait_for_answer(f"{url}/api/studies")
    page.goto(f"{url}/dashboard")
    expect(page.get_by_text(study.study_name).first).to_be_visible(timeout=SHOW_TIMEOUT_MS)
    page.goto(f"{url}/dashboard/studies/{study._study_id}")
    expect(page.get_by_text("Pareto Front")).to_be_visible(timeout=SHOW_TIMEOUT_MS)
    points = page.locator(".js-plotly-plot").first.locator(".scatterlayer .points path")
    expect(points).to_have_count(len(study.trials), timeout=SHOW_TIMEOUT_MS)
    for trial in study.best_trials:
        shown = re.compile(rf"^Trial {trial.number}$|^Best Trial \(number={trial.number}\)$")
        expect(page.get_by_role("heading", name=shown)).to_be_visible(timeout=SHOW_TIMEOUT_MS)
    assert httpx.delete(f"{url}/api/studies/{study._study_id}").status_code == 500


def see_the_tasks(page: Page, url: str) -> None:
    """Flower lists control and both workers, and the work that they did."""
    page.goto(f"{url}/workers")
    expect(page.get_by_text("Online", exact=True)).to_have_count(3, timeout=SHOW_TIMEOUT_MS)
    page.goto(f"{url}/tasks")
    page.get_by_role("searchbox").fill(WORK)
    expect(page.get_by_role("link", name=WORK).first).to_be_visible(timeout=SHOW_TIMEOUT_MS)
