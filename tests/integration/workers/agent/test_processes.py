"""Real agent processes that are killed or cut off in the middle of a timing."""

import sys
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path

from nas_service.api.app import create_app
from nas_service.domain.states import WorkStatus
from nas_service.use_cases.sweep import sweep
from tests.integration.workers.agent.conftest import DEVICE, Shed
from tests.support.agents import AgentProcess
from tests.support.api import serving
from tests.support.source import ROOT
from tests.support.waiting import wait_for
from workers.profiling.host_lock import timing

NAS = Path(sys.executable).parent / "nas"


def started(shed: Shed, url: str) -> AgentProcess:
    """An agent as a user starts it."""
    return AgentProcess(NAS, url, DEVICE, shed.folder / "agent", {"PYTHONPATH": str(ROOT)})


def host_taken(shed: Shed) -> AbstractContextManager[object]:
    """While it holds, a timing of that agent has begun and cannot end: it waits to have the host to itself."""
    return timing(shed.folder / "agent" / "host-lock", 60.0)


def test_a_killed_agents_timing_is_finished_by_another_and_nothing_of_it_stays(shed: Shed) -> None:
    search = shed.submit()
    agent = started(shed, shed.url)
    try:
        with host_taken(shed):
            wait_for(agent.is_timing, "the timing")
            [harness] = agent.harnesses()
            agent.freeze()
        held = shed.wait_for_status(search, WorkStatus.LEASED)
        harness.resume()
    finally:
        agent.close()
    wait_for(lambda: not harness.is_running(), "the end of what it had started")
    wait_for(lambda: sweep(shed.service.store), "the lease to expire")
    with shed.serving_agent():
        done = shed.wait_for_status(search, WorkStatus.DONE)
    assert (done.attempt, done.token) == (held.attempt + 1, held.token + 1)
    assert done.worker_id != held.worker_id


def test_a_timing_that_ends_while_the_service_restarts_is_accepted(shed: Shed) -> None:
    search = shed.submit()
    patient = replace(shed.service, settings=shed.service.settings.model_copy(update={"lease_s": 60.0}))
    with ExitStack() as after:
        with serving(create_app(patient)) as url:
            agent = started(shed, url)
            after.callback(agent.close)
            with host_taken(shed):
                wait_for(agent.is_timing, "the timing")
                agent.freeze()
            held = shed.wait_for_status(search, WorkStatus.LEASED)
        agent.thaw()
        wait_for(lambda: not agent.is_timing(), "the end of the timing")
        with serving(create_app(patient), port=int(url.rpartition(":")[2])):
            done = shed.wait_for_status(search, WorkStatus.DONE)
    assert (done.attempt, done.token, done.worker_id) == (held.attempt, held.token, held.worker_id)
