"""The identity of this device and its fingerprint."""

import json
import os
import platform

import pytest

from workers.profiling.device import describe, fingerprint
from workers.profiling.runtimes import RUNTIMES

HARDWARE = {"cpu_model": "A", "physical_cores": 4, "instruction_sets": ["avx2"], "architecture": "x86_64"}
GIB = 1024**3


def test_description_is_json_and_stable() -> None:
    first, second = describe(), describe()
    assert first == second
    assert json.loads(json.dumps(first)) == first


def test_name_is_the_hosts_unless_given_and_does_not_change_the_identity() -> None:
    assert describe()["name"] == platform.node()
    named = describe("bench-7")
    assert named["name"] == "bench-7"
    assert named["id"] == describe()["id"]


def test_description_tells_what_the_machine_is() -> None:
    device = describe()
    assert device["logical_cores"] == os.cpu_count()
    assert 1 <= device["physical_cores"] <= device["logical_cores"]
    assert device["memory_bytes"] > GIB // 4
    assert device["cpu_model"]
    assert device["os"] == platform.system()


def test_every_registered_runtime_is_available_with_versions_or_says_why_not() -> None:
    runtimes = describe()["runtimes"]
    assert set(runtimes) == set(RUNTIMES)
    for entry in runtimes.values():
        assert entry["versions"] if entry["available"] else entry["reason"]


@pytest.mark.parametrize(
    "other",
    [
        HARDWARE | {"cpu_model": "B"},
        HARDWARE | {"physical_cores": 8},
        HARDWARE | {"instruction_sets": ["avx2", "avx512f"]},
        HARDWARE | {"architecture": "aarch64"},
    ],
)
def test_other_hardware_has_another_fingerprint(other: dict[str, object]) -> None:
    assert fingerprint(other, 16 * GIB) != fingerprint(HARDWARE, 16 * GIB)


def test_memory_counts_in_whole_gib() -> None:
    assert fingerprint(HARDWARE, 16 * GIB) == fingerprint(HARDWARE, 16 * GIB - 20_000_000)
    assert fingerprint(HARDWARE, 16 * GIB) != fingerprint(HARDWARE, 32 * GIB)
