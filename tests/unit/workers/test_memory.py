"""An allocation that is too large is known for what it is, wherever it was refused."""

import subprocess
import sys

import pytest
import torch

from workers.memory import is_out_of_memory, out_of_memory

ALLOCATE = """
import sys
import numpy, torch
from workers.memory import is_out_of_memory, limit_memory
limit_memory(1024)
torch.zeros(64 * 2**20, dtype=torch.uint8)
for allocate in (torch.ones, numpy.ones):
    try:
        allocate(2**29)
    except Exception as error:
        print(is_out_of_memory(error))
"""


def test_a_process_may_allocate_up_to_its_limit() -> None:
    """2 to 4 GiB, which most machines would give."""
    done = subprocess.run([sys.executable, "-c", ALLOCATE], capture_output=True, text=True, timeout=120)
    assert (done.stdout.split(), done.returncode) == (["True", "True"], 0), done.stderr


def test_torch_and_python_say_it_in_their_own_ways() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**48, dtype=torch.uint8)  # more than there are addresses, however much a machine promises
    assert is_out_of_memory(caught.value)
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("shapes do not match"))


def test_the_reason_names_the_mends() -> None:
    error = out_of_memory(MemoryError("4 GiB"))
    assert error.problem == "out-of-memory"
    assert "4 GiB" in error.detail
    assert "NAS_WORKER_MEMORY_MIB" in error.detail
