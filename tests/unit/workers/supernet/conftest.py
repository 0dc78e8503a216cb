"""One thread for torch, so that these tests neither disturb nor depend on their neighbours."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    torch.set_num_threads(1)
