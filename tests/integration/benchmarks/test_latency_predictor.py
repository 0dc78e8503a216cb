"""What the benchmark of predictors makes of timings in rounds, on timings that are known."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, as imported when it is run from its folder."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import latency_predictor

    return latency_predictor


def notebook(benchmark: ModuleType, ratios: dict[str, dict[str, float]]) -> Any:
    """Of networks timed in each role, told in a baseline of 0.5 ms."""
    from latency_predictor_networks import Measured

    facts = {"relative_error": None, "noisy": False, "reference_ms": 0.5, "wall_s": 1.0, "spent_s": 1.0}
    entries = [
        Measured(role=role, architecture={"depth": key}, key=key, ratio=ratio, **facts)
        for role, timed in ratios.items()
        for key, ratio in timed.items()
    ]
    return benchmark.Notebook(None, entries)


def test_a_network_is_judged_by_the_median_of_its_rounds(benchmark: ModuleType) -> None:
    first, second, third = benchmark.ROUNDS
    ratios = {
        "profile": {"c": 7.0},
        first: {"a": 1.0, "b": 2.0},
        second: {"b": 9.0, "a": 1.2},
        third: {"a": 5.0, "b": 2.4},
    }
    found = notebook(benchmark, ratios).timed(*benchmark.ROUNDS)
    assert [(one.architecture["depth"], one.median_ms) for one in found] == [("a", 0.6), ("b", 1.2)]


def test_noise_is_how_far_the_rounds_of_one_network_are_apart(benchmark: ModuleType) -> None:
    first, second, third = benchmark.ROUNDS
    steady = {"a": 1.0, "b": 20.0}
    assert benchmark.noise_of(notebook(benchmark, dict.fromkeys(benchmark.ROUNDS, steady))) == 0
    wide = {"a": float(np.exp(0.1)), "b": 20 * float(np.exp(0.1))}
    narrow = {"a": float(np.exp(-0.1)), "b": 20 * float(np.exp(-0.1))}
    assert benchmark.noise_of(notebook(benchmark, {first: steady, second: wide, third: narrow})) == pytest.approx(0.1)
