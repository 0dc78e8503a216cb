"""What the benchmark of mixed precisions makes of its fronts, on fronts whose figures are known."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from search_spaces import get

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, as imported when it is run from its folder."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import mixed_precision

    return mixed_precision


def member(accuracy: float, latency_ms: float, precision: str = "fp32") -> dict[str, Any]:
    ratio, loss = (0.28, 0.25) if precision == "int8" else (1.0, 0.0)
    figures = {"accuracy": accuracy, "latency_ms": latency_ms, "precision": precision}
    return figures | {"file_ratio": ratio, "loss_points": loss}


def _tried(number: int) -> dict[str, Any]:
    space = get("mobilenet", preset="small")
    drawn = space.sample(np.random.default_rng(number), 1)[0]
    return {"values": dict(drawn.values), "accuracy": 0.9, "latency_ms": 1.0, "macs": 1e7}


FP32 = [member(0.90, 4.0), member(0.80, 1.0)]
MIXED = [member(0.92, 4.0, "int8"), member(0.86, 1.0, "int8"), member(0.70, 0.5)]


def test_latencies_are_compared_at_all_accuracies_that_both_fronts_reach(benchmark: ModuleType) -> None:
    found = benchmark.compared(FP32, MIXED)
    assert found["accuracies"] == [0.80, 0.90]
    # At 0.80 both take 1 ms; above it fp32 takes 4 ms, and the other 1 ms up to 0.86, of 100 levels 60.
    assert found["ratio"] == pytest.approx(4 ** (60 / 101))
    assert found["ratio_given_up"] == pytest.approx(4 ** (65 / 101))
    assert found["slack_alone"] == pytest.approx(4 ** (5 / 101)), "half a point of ten"
    assert found["highest"] == {"fp32": 0.90, "mixed": 0.92}


def test_fronts_that_share_no_accuracy_are_compared_where_they_come_closest(benchmark: ModuleType) -> None:
    found = benchmark.compared([member(0.9, 2.0)], [member(0.8, 1.0)])
    assert (found["accuracies"], found["ratio"]) == ([0.8, 0.8], pytest.approx(2.0))


def test_networks_that_were_tried_at_both_precisions_are_compared_with_themselves(benchmark: ModuleType) -> None:
    from mixed_precision_figures import pairs_of

    values = _tried(0)["values"]
    fp32 = {name: value for name, value in values.items() if name != "precision"}
    tried = [
        {"values": fp32, "accuracy": 0.9, "latency_ms": 1.0, "macs": 1e7},
        {"values": fp32 | {"precision": "int8"}, "accuracy": 0.898, "latency_ms": 0.5, "macs": 1e7},
    ]
    (pair,) = pairs_of(tried)
    assert pair == pytest.approx({"macs": 1e7, "ratio": 2.0, "loss_points": 0.2})
    assert pairs_of(tried[:1]) == []


def test_the_bars_are_those_of_the_judged_fronts(benchmark: ModuleType) -> None:
    searches = [{"candidates": [_tried(number) for number in range(count)], "trained": 30} for count in (42, 52)]
    run = {"seed": 0, "searches": searches, "fronts": {"fp32": FP32, "mixed": MIXED}}
    runs = [run | benchmark.compared(FP32, MIXED)] * 2
    bars = {bar.name: bar.value for bar in benchmark.bars_of(runs)}
    assert list(bars.values()) == pytest.approx([4 ** (60 / 101), -2.0, 42, 0.28, 0.25])
    assert benchmark.interval([2.0, 2.0]) == pytest.approx((2.0, 2.0, 2.0))
    assert benchmark.table_of(runs).row_count == 2
    assert benchmark.draw({"runs": runs}).axes


def test_a_network_on_both_fronts_is_trained_once_for_both_precisions(benchmark: ModuleType) -> None:
    values = _tried(0)["values"] | {"precision": "int8"}
    fp32 = {name: value for name, value in values.items() if name != "precision"}
    (network,) = benchmark.networks_of([[{"values": fp32}], [{"values": values}]])
    assert network.precisions == ("fp32", "int8")
    assert network.values == fp32
