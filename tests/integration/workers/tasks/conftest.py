"""What work is really done with, in the test's own process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from nas_service.bootstrap import Service
from tests.support.api import new_service


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def service(tmp_path: Path, cache: Path) -> Iterator[Service]:
    with new_service(tmp_path / "home", measure_s=0.5, final_measure_s=0.5) as service:
        (tmp_path / "home" / "cache").symlink_to(cache, target_is_directory=True)
        yield service
