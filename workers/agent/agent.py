"""An agent's life: it makes itself known, leases timings one after the other, and outlives whatever is away."""

import os
import platform
import socket
import threading
from importlib.metadata import version
from pathlib import Path

import structlog

from nas_service.client.errors import ClientError
from nas_service.client.pauses import pause_s
from nas_service.wire.agents import AgentHello, DeviceReport
from workers.agent.door import Door, is_passing
from workers.agent.timing import Timer
from workers.profiling.device import describe

log = structlog.get_logger()

WAIT_S = 5.0
"""How long the service may keep a request for work open: so long, at most, a signal to leave is not obeyed."""
UNKNOWN = "no-such-worker"
SERVER_ERROR = 500


class Agent:
    """Serves `device` until `shutdown` is set."""

    def __init__(self, door: Door, device: str, lock_dir: Path, shutdown: threading.Event) -> None:
        self._door, self._shutdown = door, shutdown
        self._timer = Timer(door, lock_dir, shutdown)
        self.hello = AgentHello(
            device=DeviceReport.model_validate(describe(device)),
            host=socket.gethostname(),
            pid=os.getpid(),
            versions={"nas-service": version("nas-service"), "python": platform.python_version()},
        )

    def run(self) -> None:
        """Serve. Raises ClientError where the service refuses this agent: a wrong key, another version."""
        failures = 0
        while not self._shutdown.is_set():
            try:
                self._step()
                failures = 0
            except ClientError as error:
                if error.problem.slug == UNKNOWN:
                    self._door.forget()
                elif not is_passing(error) and error.problem.status < SERVER_ERROR:
                    raise
                else:
                    again_in_s = pause_s(failures)
                    log.warning("no answer; trying again", reason=str(error), again_in_s=round(again_in_s, 1))
                    failures += 1
                    self._shutdown.wait(again_in_s)
        self._leave()

    def _step(self) -> None:
        if not self._door.is_known:
            worker_id = self._door.connect(self.hello)
            log.info("connected", service=self._door.url, device=self.hello.device.name, worker=worker_id)
        lease, pause = self._door.lease(WAIT_S)
        if lease is not None:
            self._timer.do(lease)
        elif pause:
            self._shutdown.wait(pause)

    def _leave(self) -> None:
        if not self._door.is_known:
            return
        try:
            self._door.leave()
            log.info("left")
        except ClientError as error:
            log.warning("left without a word", reason=str(error))
