"""Uploads of any size take the API process the same memory."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx

from nas_service.bootstrap import Service
from tests.support.api_process import api_process, url_of

MIB = 2**20
WAIT_S = 60.0
UPLOAD_MIB = 320
ALLOWED_MIB = 96
"""A body held in memory would take more than three times as much; blocks in flight take a few MiB."""


def peak_mib(pid: int) -> float:
    """The most memory that a process ever held."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def body() -> Iterator[bytes]:
    """Nothing that could be learned, in one block sent again and again."""
    block = bytes(MIB)
    for _ in range(UPLOAD_MIB):
        yield block


def test_a_large_upload_takes_no_more_memory_than_a_small_one(service: Service) -> None:
    with api_process(service.settings.home) as process:
        url, headers = f"{url_of(process)}/v1/datasets", {"Content-Type": "application/zip"}
        assert httpx.post(url, content=b"small", headers=headers, timeout=WAIT_S).status_code == 422
        before_mib = peak_mib(process.pid)
        assert httpx.post(url, content=body(), headers=headers, timeout=WAIT_S).status_code == 422
        assert peak_mib(process.pid) - before_mib < ALLOWED_MIB
    assert not any(path.is_file() for path in service.settings.uploads_dir.rglob("*"))
