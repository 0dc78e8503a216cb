"""A real API over HTTP whose one search waits for a timing on the device `shed`, and agents in this process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmarks import no_op_workers
from nas_service.api.app import create_app
from nas_service.api.device_converters import agent_worker
from nas_service.bootstrap import Service
from nas_service.domain.entities import JsonDict, Search, WorkItem, WorkKind, profile_queue
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import WorkStatus
from nas_service.search.memories import SqlMemories
from nas_service.use_cases import work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.agents import connect
from nas_service.use_cases.submit import submit
from tests.support.api import new_service, serving
from tests.support.tiny import tiny_search
from tests.support.waiting import wait_for
from workers.agent.agent import Agent
from workers.agent.door import Door
from workers.profiling.reference import reference_model

DEVICE = "shed"
LEASE_S = 1.5


@dataclass
class Shed:
    """The service, and short ways to look at it and to serve its device."""

    service: Service
    folder: Path
    url: str = ""
    memories: SqlMemories = field(default_factory=SqlMemories)
    doors: list[Door] = field(default_factory=list)

    def agent(self, shutdown: threading.Event, url: str = "", token: str | None = None) -> Agent:
        """One that is not running yet."""
        return Agent(self.door(url or self.url, token), DEVICE, self.folder / "host-lock", shutdown)

    def door(self, url: str, token: str | None = None) -> Door:
        """One that is closed with the service."""
        self.doors.append(Door(url, token))
        return self.doors[-1]

    @contextmanager
    def serving_agent(self, url: str = "") -> Iterator[Agent]:
        """One that runs in a thread, and has left in good order at the end."""
        shutdown = threading.Event()
        agent = self.agent(shutdown, url)
        thread = threading.Thread(target=agent.run, name="agent")
        thread.start()
        try:
            yield agent
        finally:
            shutdown.set()
            thread.join()

    def connect(self) -> Door:
        """An agent that only speaks: the test decides what it does."""
        agent = self.agent(threading.Event())
        door = self.door(self.url)
        door.connect(agent.hello)
        return door

    def submit(self) -> Search:
        """A search whose one candidate is evaluated and waits to be timed; its model is the reference."""
        connect(self.service.store, agent_worker(self.agent(threading.Event()).hello, None))
        spec = SearchSpec.model_validate(tiny_search(targets=[{"device": DEVICE}], budget={"candidates": 1}))
        search, _ = submit(self.service.store, [], spec)
        model = self.folder / "reference.onnx"
        model.write_bytes(reference_model())
        artifact = self.service.artifacts.put(model, "application/onnx")
        self.advance(search)
        while (item := no_op_workers.claim(self.service.store)) is not None:
            result = self._made_up(item)
            if item.kind is WorkKind.EVALUATE:
                result["artifacts"]["model.onnx"] |= {"sha256": artifact.sha256, "size_bytes": artifact.size_bytes}
                result["exports"][0]["sha256"] = artifact.sha256
            assert work.complete(self.service.store, item, result)
            self.advance(search)
        return search

    def _made_up(self, item: WorkItem) -> JsonDict:
        with self.service.store.read() as uow:
            spec = uow.searches.get(item.search_id).spec
            candidate = uow.candidates.get(item.candidate_id) if item.candidate_id else None
        return no_op_workers.made_up_result(spec, item, candidate)

    def advance(self, search: Search) -> None:
        """Decide what comes next."""
        advance(self.service.store, self.memories, search.id)

    def timing(self, search: Search) -> WorkItem:
        """The search's one timing, as it is now."""
        with self.service.store.read() as uow:
            (item,) = (item for item in uow.work.open(search.id) if item.queue == profile_queue(DEVICE))
        return item

    def wait_for_status(self, search: Search, status: WorkStatus) -> WorkItem:
        """The timing, once it has come so far."""
        wait_for(lambda: self.timing(search).status is status, f"the timing to be {status}")
        return self.timing(search)


@pytest.fixture
def shed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shed]:
    """A service with short leases and measurements, served on loopback, and agents that leave within a moment."""
    home = tmp_path / "home"
    monkeypatch.setattr("workers.agent.agent.WAIT_S", 0.2)
    with new_service(home, lease_s=LEASE_S, measure_s=0.2) as service, serving(create_app(service)) as url:
        shed = Shed(service, tmp_path, url)
        yield shed
        for door in shed.doors:
            door.close()
