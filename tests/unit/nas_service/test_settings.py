"""Settings as they come from the environment."""

import os

import pytest

from nas_service.settings import Settings


def test_a_worker_trains_and_times_unless_it_is_told_what_to_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().queues == ("train", "profile.local")
    monkeypatch.setenv("NAS_QUEUES", "train, profile.phone")
    assert Settings().queues == ("train", "profile.phone")


def test_workers_share_the_cores_unless_told_otherwise() -> None:
    cores = len(os.sched_getaffinity(0))
    assert Settings(workers=1).threads_per_worker == cores
    assert Settings(workers=64).threads_per_worker == 1
    assert Settings(workers=64, torch_threads=3).threads_per_worker == 3
