"""The service of a home folder: found where one runs, started as a child process where none does."""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import httpx
import psutil

from nas_service.cli.errors import CliError

ADDRESS_FILE = "service.json"
"""Written by the supervisor once its API answers: `{"url": ..., "pid": ...}`."""
LOCK_FILE = "supervisor.lock"
"""Held by the supervisor from its first to its last moment."""
LOG_FILE = Path("logs", "supervisor.log")
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
ANSWER_TIMEOUT_S = 2.0
LOOK_S = 0.1
LOG_TAIL_LINES = 15


def answers(url: str) -> bool:
    """Whether a service is alive at this address."""
    try:
        return httpx.get(f"{url}/healthz", timeout=ANSWER_TIMEOUT_S).is_success
    except httpx.HTTPError:
        return False


def find_service(home: Path, pid: int | None = None) -> str | None:
    """URL of the service that runs for this home, if one does; with `pid`, only if it is that process."""
    try:
        told = json.loads((home / ADDRESS_FILE).read_text())
        url, told_pid = str(told["url"]), int(told["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # A file left behind by a dead service may name a port that another home's service has taken since.
    alive = told_pid == pid if pid is not None else psutil.pid_exists(told_pid)
    return url if alive and answers(url) else None


def _is_locked(home: Path) -> bool:
    """Whether a supervisor lives, though its API may not answer yet or any more."""
    try:
        with (home / LOCK_FILE).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


class HomeService:
    """A service for `home`. Entered, it leaves nothing running behind that it has started."""

    def __init__(self, home: Path, environment: Mapping[str, str] | None = None) -> None:
        self.home = home
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self.kill()
        else:
            self.stop()

    @property
    def is_ours(self) -> bool:
        """Whether this object started the service, so that it ends with it."""
        return self._process is not None

    @property
    def log(self) -> Path:
        """What a service started here writes."""
        return self.home / LOG_FILE

    def ensure(self) -> str:
        """The URL of a living service; starts one if need be. Raises CliError where it does not come up."""
        end_s = time.monotonic() + STOP_TIMEOUT_S
        while (url := find_service(self.home)) is None and _is_locked(self.home) and time.monotonic() < end_s:
            # One is starting, or has closed its door and still puts its work down.
            time.sleep(LOOK_S)
        return url or self.start("--port", "0")

    def start(self, *options: str) -> str:
        """Start a service with these options and wait until it answers. Raises CliError where it does not."""
        self.stop()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = self._spawn(options, log)
        end_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end_s:
            url = find_service(self.home, self._process.pid)
            if url is not None:
                return url
            if self._process.poll() is not None:
                # Another process may have started one for the same home at the same moment.
                self._let_go(self._process)
                if (url := find_service(self.home)) is not None:
                    return url
                raise self._failure("ended while it started")
            time.sleep(LOOK_S)
        self.kill()
        raise self._failure(f"did not answer within {START_TIMEOUT_S:.0f} s")

    def _spawn(self, options: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        # Its input closes when this process dies, however that happens. In a session of its own, for Ctrl-C
        # should reach this process alone, which then ends the service in order.
        return subprocess.Popen(
            [sys.executable, "-m", "workers.supervisor", "--until-stdin-closes", *options],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, **self._environment, "NAS_HOME": str(self.home)},
        )

    def _failure(self, what: str) -> CliError:
        tail = ""
        if self.log.exists():
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
        return CliError(f"the service {what}; `nas doctor` finds out why. The end of {self.log}:\n{tail}")

    @property
    def has_ended(self) -> bool:
        """Whether a service that was started here has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """Let a service that was started here put its work down and end."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
            self._let_go(self._process)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End a service that was started here and all its processes at once. The database survives that."""
        if self._process is None:
            return
        try:
            family = psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            family = []
        self._process.kill()
        for process in family:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self._process.wait()
        self._let_go(self._process)

    def _let_go(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is not None:
            process.stdin.close()
        self._process = None
