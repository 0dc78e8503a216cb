"""What the benchmark of training techniques makes of its runs, on runs whose figures are known."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nas_service.domain.recipe import check_recipe
from nas_service.domain.spec import TrainingSpec

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
KEY = {"dataset": "digits", "epochs": 3, "device": "cpu"}


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, as imported when it is run from its folder."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import training_recipes

    return training_recipes


def figures(technique: str, seed: int, accuracy: float, **changes: Any) -> dict[str, Any]:
    taken = {"cpu_s": 2.0, "wall_s": 9.0, "samples_per_s": 100.0, "loss_rise": 0.5, "top_eigenvalue": 3.0}
    files = {"test_accuracy": accuracy, "test_loss": 0.1, "int8_test_accuracy": accuracy - 0.01, "int8_test_loss": 0.2}
    return KEY | {"technique": technique, "seed": seed, "device_found": "cpu"} | taken | files | changes


def test_differences_are_paired_by_seed_and_told_with_their_interval(benchmark: ModuleType) -> None:
    plain = [figures("plain", seed, 0.5 + 0.1 * seed) for seed in range(3)]
    better = [figures("swa", seed, 0.5 + 0.1 * seed + gain, cpu_s=3.0) for seed, gain in enumerate((0.01, 0.02, 0.03))]
    _, row = benchmark.summary([*plain, *better])
    assert (row["technique"], row["seeds"], row["time_ratio"]) == ("swa", 3, 1.5)
    mean, low, high = row["delta_points"]
    assert mean == pytest.approx(2.0)
    assert high - mean == pytest.approx(mean - low) == pytest.approx(4.303 * 1.0 / 3**0.5, rel=1e-3)


def test_a_correlation_that_one_technique_makes_is_none_within_techniques(benchmark: ModuleType) -> None:
    noise = (0.0, 0.001, -0.001, 0.0005)

    def runs(technique: str, rise: float, lost: float) -> list[dict[str, Any]]:
        return [
            figures(technique, s, 0.9, loss_rise=rise + n, top_eigenvalue=rise + n, int8_test_loss=lost - n)
            for s, n in enumerate(noise)
        ]

    for found in benchmark.correlations([*runs("sam", 0.1, 0.11), *runs("plain", 1.0, 0.31)]):
        assert found["rho"] > 0.5
        assert found["rho_within_techniques"] < -0.5


def test_runs_that_are_done_are_found_again(benchmark: ModuleType, tmp_path: Path) -> None:
    done = figures("plain", 0, 0.5)
    benchmark.keep(tmp_path / "figures.json", {"teachers": [], "runs": [done]})
    known = benchmark.known_runs(tmp_path / "figures.json")
    assert known == {benchmark.Run("digits", "plain", 0, 3, "cpu").key: done}
    assert json.loads((tmp_path / "figures.json").read_text())["raw"]["runs"] == [done]
    assert benchmark.known_runs(None) == benchmark.known_runs(tmp_path / "none.json") == {}


def test_every_technique_is_a_legal_recipe_and_another_training_than_the_plain_one(benchmark: ModuleType) -> None:
    configs = []
    for technique in (*benchmark.TECHNIQUES, *benchmark.PRECISIONS):
        assert check_recipe(benchmark.TECHNIQUES.get(technique, ()), "training") == []
        config = benchmark.config_of(benchmark.Run("digits", technique, 0, 3, "cpu"))
        assert TrainingSpec.model_validate(config.model_dump()) == config
        configs.append(config)
    several_teachers = 1
    assert len(set(map(repr, configs))) == len(configs) - several_teachers
