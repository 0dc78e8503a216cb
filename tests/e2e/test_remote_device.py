"""A search on two devices, one of them remote: a real agent without torch, over HTTP, from the spec to the bundle."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nas_service.domain.states import SearchStatus
from tests.support.agents import AgentProcess
from tests.support.light_environment import make_light_environment
from tests.support.service import RunningService
from tests.support.tiny import tiny_search
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

ABSENT = ("torch", "optuna", "sqlalchemy", "celery", "onnx", "fastapi", "redis", "limits")
IMPORT = """
import importlib.util, sys
print(*[name for name in sys.argv[1:] if importlib.util.find_spec(name)])
"""
SEARCH_TIMEOUT_S = 300.0


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bin` of an environment with what an agent needs, and nothing else."""
    return make_light_environment(tmp_path_factory.mktemp("light") / "venv")


@pytest.fixture
def agent(service: RunningService, light: Path, tmp_path: Path) -> Iterator[AgentProcess]:
    """An agent of that environment, connected."""
    started = AgentProcess(light / "nas", service.url, "shed", tmp_path / "shed")
    try:
        wait_for(lambda: "connected" in started.output, "the agent")
        yield started
    finally:
        started.close()


def test_the_environment_of_the_agent_has_no_torch_and_no_database(light: Path) -> None:
    command = [light / "python", "-c", IMPORT, *ABSENT, "onnxruntime"]
    found = subprocess.run(command, cwd=light, env={}, capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.split() == ["onnxruntime"]


def test_a_search_on_a_local_and_a_remote_device_ends_with_both_measured(
    service: RunningService, agent: AgentProcess, tmp_path: Path
) -> None:
    targets = [{"device": "local"}, {"device": "shed"}]
    objectives = [{"metric": "accuracy"}, *({"metric": "latency_ms", "target": t} for t in (0, 1))]
    spec = tiny_search(
        targets=targets,
        objectives=objectives,
        budget={"candidates": 2},
        training={"epochs": 1},
        finalize={"top_k": 1, "timings": 1},
    )
    search = service.client.wait(service.client.submit(spec).id, poll_s=0.2, timeout_s=SEARCH_TIMEOUT_S)
    assert search.status is SearchStatus.SUCCEEDED, (search.failure, agent.output)
    (finalized,) = (
        found.id for c in service.client.candidates(search.id) if (found := service.client.candidate(c.id)).final
    )
    bundle = service.client.download_bundle(finalized, tmp_path / "bundle")
    card = json.loads((bundle / "card.json").read_text())
    assert [latency["target"]["device"] for latency in card["latencies"]] == ["local", "shed"]
    remote = card["latencies"][1]["birthplace"]
    assert remote["device"] == "shed"
    assert remote["reference_sha256"] == card["latencies"][0]["birthplace"]["reference_sha256"]
    (device,) = (d for d in service.client.devices().items if d.name == "shed")
    assert device.live
    assert {t.device for t in service.client.targets().items} == {"local", "shed"}
    assert agent.stop() == 0
    (device,) = (d for d in service.client.devices().items if d.name == "shed")
    assert not device.live
