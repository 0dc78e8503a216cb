"""What the benchmark of mixed precisions makes of its fronts, on fronts whose figures are known."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, as imported when it is run from its folder."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import mixed_precision

    return mixed_precision


def member(accuracy: float, latency_ms: float, precision: str = "fp32", file_ratio: float = 1.0) -> dict[str, Any]:
    return {"accuracy": accuracy, "latency_ms": latency_ms, "precision": precision, "file_ratio": file_ratio}


FP32 = [member(0.95, 4.0), member(0.90, 2.0), member(0.80, 0.5)]
MIXED = [member(0.946, 1.0, "int8", 0.28), member(0.90, 0.5), member(0.70, 0.1, "int8", 0.30)]


def test_each_fp32_member_is_held_against_the_fastest_that_is_as_accurate(benchmark: ModuleType) -> None:
    assert benchmark.ratios(FP32, MIXED) == [None, 4.0, 1.0]
    assert benchmark.ratios(FP32, MIXED, given_up=0.005) == [4.0, 4.0, 1.0]


def test_accuracies_out_of_reach_are_told_beside_the_mean_of_the_others(benchmark: ModuleType) -> None:
    runs = [benchmark.compared("openvino", 0, {"fp32": FP32, "mixed": MIXED}, 1.0)]
    bars = {bar.name: bar.value for bar in benchmark.bars_of(runs)}
    assert bars["openvino: times faster at equal accuracy"] == pytest.approx(2.0)
    assert bars["openvino: share of the fp32 front's accuracies reached"] == pytest.approx(2 / 3)
    assert bars["int8 file over the same network's fp32 file, median"] == pytest.approx(0.29)
    assert benchmark.table_of(runs).row_count == 1
    assert benchmark.draw({"runs": runs}).axes
