"""What the benchmark of latencies makes of rounds, on timings that are known."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
SIZES_MS = {f"network-{n}": 0.05 * 1.4**n for n in range(12)}
REFERENCE_MS = 0.05


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """As imported when the script is run from its folder."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import latency_figures

    return latency_figures


def rounds_of(
    spread: dict[str, float], repetitions: int = 40, bias: float = 0.0, bias_a_decade: float = 0.0
) -> list[dict[str, Any]]:
    """Idle rounds in which both sides meet slow moments: times are up to `1 + spread` as long."""
    rng = np.random.default_rng(0)
    baseline = {"version": 1, "reference_ms": REFERENCE_MS}

    def time_ms(name: str) -> float:
        return SIZES_MS[name] * (1 + spread[name] * rng.random())

    def timing(name: str) -> dict[str, Any]:
        wrong = 1 + bias + bias_a_decade * np.log10(SIZES_MS[name] / SIZES_MS["network-0"])
        own = [{"reference_ratio": wrong * time_ms(name) / REFERENCE_MS, "baseline": baseline} for _ in range(3)]
        return {"network": name, "ours": own, "loop": time_ms(name)}

    return [{"condition": "idle", "timings": [timing(name) for name in SIZES_MS]} for _ in range(repetitions)]


def test_a_figure_that_is_wrong_in_proportion_to_the_logarithm_of_size_has_that_slope(figures: ModuleType) -> None:
    found = figures.truth(rounds_of(dict.fromkeys(SIZES_MS, 0.001), bias=0.01, bias_a_decade=0.03))
    assert found["slope_percent_a_decade"] == pytest.approx(3.0, abs=0.1)
    assert found["slope_low"] > 2.5
    assert found["off_percent"]["network-0"] == pytest.approx(1.0, abs=0.1)


def test_a_true_figure_has_no_slope(figures: ModuleType) -> None:
    found = figures.truth(rounds_of(dict.fromkeys(SIZES_MS, 0.02)))
    assert found["slope_low"] < 0 < found["slope_high"]
    assert found["median_absolute_off_percent"] < 0.5


def test_the_difference_compares_like_with_like(figures: ModuleType) -> None:
    """Large networks vary more: by that alone they must not read slower."""
    varied = {name: 0.10 * n / len(SIZES_MS) for n, name in enumerate(SIZES_MS)}
    rounds = rounds_of(varied)
    for round_ in rounds:
        for timing in round_["timings"]:
            timing["ours"] = timing["ours"][:1]  # as little averaged as the loop
    found = figures.truth(rounds)
    assert abs(found["slope_percent_a_decade"]) < 1.0
    assert found["slope_low"] < 0 < found["slope_high"]


def test_variation_is_told_of_the_median_and_of_the_worst_network(figures: ModuleType) -> None:
    spread = dict.fromkeys(SIZES_MS, 0.0) | {"network-3": 0.2}
    rounds = rounds_of(spread)
    loaded = [{**round_, "condition": "loaded"} for round_ in rounds]
    for round_ in rounds + loaded:
        for timing in round_["timings"]:
            timing |= dict.fromkeys(figures.PEERS, timing["loop"])
    rows = {(row["condition"], row["method"]): row for row in figures.repeatability(rounds + loaded)}
    own, first, loop = (rows["idle", method] for method in (figures.OURS, figures.FIRST, "timeit"))
    assert own["median_percent"] == pytest.approx(0.0, abs=1e-9)
    assert own["worst_network"] == first["worst_network"] == loop["worst_network"] == "network-3"
    assert own["worst_percent"] < 0.8 * first["worst_percent"]
