"""The environment of training processes: freed memory is used again instead of being cleared page by page."""

import os
import platform
import subprocess
import sys

import pytest

from workers.environment import TRAINING_ENVIRONMENT

PAGE_FAULTS_OF_FREED_LAYERS = """
import resource, torch
def layers():
    for _ in range(20):
        torch.zeros(8 * 2**20)
layers()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
layers()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(environment) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PAGE_FAULTS_OF_FREED_LAYERS],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no tunables")
def test_large_tensors_are_allocated_without_page_faults():
    assert page_faults({}) > 1000
    assert page_faults(TRAINING_ENVIRONMENT) < 100
