"""The API as a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def api_process(home: Path, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """Serves the home with these settings on a free port, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nas_service.api"],
        env={**os.environ, "NAS_HOME": str(home), "NAS_PORT": "0", **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def url_of(process: subprocess.Popen[str]) -> str:
    """Where it listens, once it does."""
    assert process.stdout is not None
    return str(json.loads(process.stdout.readline())["url"])
