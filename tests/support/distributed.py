"""The distributed service: processes of one's choice around a real Postgres and a real Redis."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from nas_service.bootstrap import Service, bootstrap
from nas_service.domain.entities import Worker
from nas_service.domain.states import SearchStatus, is_over
from nas_service.migrate import migrate
from nas_service.settings import Settings
from tests.support.marked import MARK, marked_processes
from tests.support.source import ROOT
from tests.support.waiting import wait_for

START_TIMEOUT_S = 180.0
"""Imports are slow while other tests use the same cores."""
STOP_TIMEOUT_S = 60.0
LOG_TAIL_LINES = 15

NOTES, HOLD = "notes", "hold"
"""In the home of `noted_celery`: a line with an item's id each time that it was begun; while HOLD exists, none ends."""
PROGRAMS = str(Path(sys.executable).parent)
"""Where this environment's `nas`, `celery` and others are."""


@dataclass
class DistributedService:
    """Processes that share one database, one broker and one home."""

    settings: Mapping[str, str]
    """Environment of every process; it names database, broker and home."""
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    commands: dict[str, tuple[Sequence[str], dict[str, str]]] = field(default_factory=dict)
    """How each process was started, to start it again."""
    service: Service = field(init=False)
    """The same service, in this process."""

    def __post_init__(self) -> None:
        mine = {name.removeprefix("NAS_").lower(): value for name, value in self.settings.items()}
        settings = Settings(**mine)  # type: ignore[arg-type]
        migrate(settings)
        self.service = bootstrap(settings)

    @property
    def home(self) -> Path:
        """The folder that they share."""
        return Path(self.settings["NAS_HOME"])

    def start(self, name: str, command: Sequence[str], **environment: str) -> None:
        """Start a process; its output goes to a log in the home."""
        self.commands[name] = (command, environment)
        (self.home / "logs").mkdir(parents=True, exist_ok=True)
        with (self.home / "logs" / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [shutil.which(command[0], path=PROGRAMS) or command[0], *command[1:]],
                cwd=ROOT,
                env=self.environment(**environment),
                stdout=log,
                stderr=log,
            )

    def start_again(self) -> list[str]:
        """Start whatever has died, as what runs containers does. Returns the names."""
        dead = [name for name, process in self.processes.items() if process.poll() is not None]
        for name in dead:
            command, environment = self.commands[name]
            self.start(name, command, **environment)
        return dead

    def left_over(self) -> list[psutil.Process]:
        """Every living process of this service, whoever started it."""
        return marked_processes(str(self.home))

    def environment(self, **changes: str) -> dict[str, str]:
        """Of a process of this service; it finds the programs of this Python first."""
        path = os.pathsep.join([PROGRAMS, os.environ["PATH"]])
        mine = {"PATH": path, "PYTHONPATH": str(ROOT), MARK: str(self.home)}
        return {**os.environ, **mine, **self.settings, **changes}

    def live_workers(self) -> Sequence[Worker]:
        """Those that the service knows."""
        with self.service.store.read() as uow:
            return uow.workers.live()

    def wait_for_workers(self, count: int) -> None:
        """Until this many are known."""
        wait_for(lambda: self._none_has_died() and len(self.live_workers()) == count, "the workers", START_TIMEOUT_S)

    def _none_has_died(self) -> bool:
        dead = [name for name, process in self.processes.items() if process.poll() is not None]
        assert not dead, f"{dead} ended:\n{self.log_tails()}"
        return True

    def wait_until_over(self, search_id: str, timeout_s: float = 120.0) -> SearchStatus:
        """How a search ended."""

        def over() -> SearchStatus | None:
            with self.service.store.read() as uow:
                status = uow.searches.get(search_id).status
            return status if is_over(status) else None

        status = wait_for(over, f"the end of {search_id}; so far:\n{self.log_tails()}", timeout_s)
        assert status is not None
        return status

    def stop(self, name: str) -> None:
        """Ask a process to leave, and wait until it has."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        self._wait_until_left(process)

    def _wait_until_left(self, process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            process.wait()
            raise

    def close(self) -> None:
        """Stop everything, also where one of them does not leave when it is asked to."""
        with ExitStack() as all_of_it:
            all_of_it.callback(self.service.store.engine.dispose)
            for process in self.processes.values():
                process.send_signal(signal.SIGTERM)
                all_of_it.callback(self._wait_until_left, process)
        self.processes.clear()

    def log_tails(self) -> str:
        """The end of each log: what is needed to understand a failed test."""
        tails = []
        for path in sorted((self.home / "logs").iterdir()):
            tails += [f"--- {path.name}", *path.read_text().splitlines()[-LOG_TAIL_LINES:]]
        return "\n".join(tails)
