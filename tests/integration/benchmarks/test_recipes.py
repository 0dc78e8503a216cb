"""What the benchmark of recipes does, and makes of its cells, on cells whose figures are known."""

import os
import time
from argparse import Namespace
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nas_service.domain.recipe import check_recipe
from workers.environment import TRAINING_ENVIRONMENT

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
MODULES = ("recipes", "recipes_bars", "recipes_cell", "recipes_report", "recipes_rows", "recipes_summary")


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Its modules, as imported when it is run from its folder."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return SimpleNamespace(**{name: import_module(name) for name in (*MODULES, "recipes_workers")})


def file(accuracy: float, loss: float = 0.1, ratio: float = 1.0, size: int = 1000) -> dict[str, Any]:
    same = {"test_accuracy": accuracy, "stock_accuracy": accuracy, "test_loss": loss}
    return same | {"latency_ratio": ratio, "bytes": size, "deflated_bytes": size}


def cell(row: str, seed: int, accuracy: float, **changes: Any) -> dict[str, Any]:
    curve = [{"validation_accuracy": accuracy - 0.2, "duration_s": 4.0}]
    curve += [{"validation_accuracy": accuracy, "duration_s": 8.0}]
    trained = {"device": "cpu", "cpu_s": 2.0, "duration_s": 9.0, "curve": curve}
    files = {"model.onnx": file(accuracy), "model.int8.onnx": file(accuracy - 0.01, 0.2, 0.5, 300)}
    found = {
        "data": "digits",
        "row": row,
        "seed": seed,
        "macs": 100,
        "steps": [],
        "files": files,
        "trainings": [trained],
    }
    return found | {"sharpness": {"loss_rise": 0.5, "top_eigenvalue": 3.0}} | changes


def test_differences_are_paired_by_seed_and_told_with_their_interval(benchmark: SimpleNamespace) -> None:
    plain = [cell("small: plain", seed, 0.5 + 0.1 * seed) for seed in range(3)]
    better = [cell("swa", seed, 0.5 + 0.1 * seed + gain) for seed, gain in enumerate((0.01, 0.02, 0.03))]
    own, row = benchmark.recipes_summary.summarise([*plain, *better])
    assert (row["row"], row["technique"], row["seeds"]) == ("swa", "flat minima", 3)
    assert own["model.onnx"]["points"] == {"mean": 0.0, "half_width": 0.0}
    points = row["model.onnx"]["points"]
    assert points["mean"] == pytest.approx(2.0)
    assert points["half_width"] == pytest.approx(4.303 * 1.0 / 3**0.5, rel=1e-3)
    int8 = row["model.int8.onnx"]
    assert (int8["points"]["mean"], int8["bytes_ratio"]["mean"]) == pytest.approx((1.0, 0.3))


def test_a_compressed_network_took_the_plain_training_and_its_own(benchmark: SimpleNamespace) -> None:
    pruned = cell("prune-channels", 0, 0.5, trainings=[{"device": "cpu", "cpu_s": 1.0, "duration_s": 1.0, "curve": []}])
    _, row = benchmark.recipes_summary.summarise([cell("plain", 0, 0.5), pruned])
    assert row["time_ratio"]["mean"] == 1.5
    assert "time_to_accuracy_ratio" not in row


def test_time_to_accuracy_ends_with_the_epoch_that_comes_near_the_plain_networks_last(
    benchmark: SimpleNamespace,
) -> None:
    fast, short = cell("swa", 0, 0.9), cell("ema", 0, 0.89)
    found = benchmark.recipes_summary.summarise([cell("small: plain", 0, 0.7), fast])
    assert found[1]["time_to_accuracy_ratio"]["mean"] == 0.5
    assert "time_to_accuracy_ratio" not in benchmark.recipes_summary.summarise([cell("small: plain", 0, 0.9), short])[1]


def test_a_correlation_that_one_technique_makes_is_none_within_techniques(benchmark: SimpleNamespace) -> None:
    def cells(row: str, rise: float, lost: float) -> list[dict[str, Any]]:
        files = [{"model.onnx": file(0.9), "model.int8.onnx": file(0.9, lost - noise)} for noise in NOISE]
        sharp = [{"loss_rise": rise + noise, "top_eigenvalue": rise + noise} for noise in NOISE]
        return [cell(row, s, 0.9, files=f, sharpness=sh) for s, (f, sh) in enumerate(zip(files, sharp, strict=True))]

    for found in benchmark.recipes_summary.correlations([*cells("sam", 0.1, 0.11), *cells("small: plain", 1.0, 0.31)]):
        assert found["rho"] > 0.5
        assert found["rho_within_rows"] < -0.5


NOISE = (0.0, 0.001, -0.001, 0.0005)


def test_the_bar_of_self_compression_is_held_against_the_smallest_network_that_loses_little(
    benchmark: SimpleNamespace,
) -> None:
    def packed(row: str, seed: int, accuracy: float, ratio: float) -> dict[str, Any]:
        facts = {"packed_ratio": ratio, "weight_bits_ratio": ratio}
        return cell(row, seed, accuracy, steps=[{"step": "self-compress", "facts": facts}])

    cells = [
        cell("plain", 0, 0.9),
        packed("self-compress, 0.05", 0, 0.9, 0.05),
        packed("self-compress, 0.2", 0, 0.8, 0.03),
    ]
    bars = benchmark.recipes_bars.bars_of(benchmark.recipes_summary.summarise(cells), cells, quick=False)
    assert [(bar.name, bar.met) for bar in bars[:2]] == [
        ("self-compress, 0.05 on digits: packed, share of fp32", True),
        ("self-compress, 0.05 on digits: points lost", True),
    ]
    cells[0]["files"]["model.onnx"]["stock_accuracy"] = 0.89
    assert not benchmark.recipes_bars.bars_of([], cells, quick=False)[-1].met


def test_a_p_value_within_techniques_knows_how_few_networks_each_has(benchmark: SimpleNamespace) -> None:
    def pair(row: str, first: float) -> list[dict[str, Any]]:
        def one(seed: int) -> dict[str, Any]:
            files = {"model.onnx": file(0.9), "model.int8.onnx": file(0.9, 0.1 + first + seed)}
            sharp = {"loss_rise": 1.0 + first + seed, "top_eigenvalue": 1.0 + first + seed}
            return cell(row, seed, 0.9, files=files, sharpness=sharp)

        return [one(0), one(1)]

    rows = ("sam", "asam", "swa", "ema")
    cells = [one for number, row in enumerate(rows) for one in pair(row, 10.0 * number)]
    found, _ = benchmark.recipes_summary.correlations(cells)
    assert found["rho_within_rows"] > 0.8
    assert 0.1 < found["p_within_rows"] < 0.15, "of 16 ways to order four pairs two are as strong as this"


def test_a_network_that_two_rows_have_counts_once(benchmark: SimpleNamespace) -> None:
    sharp = [{"loss_rise": value, "top_eigenvalue": value} for value in (0.1, 0.2, 0.3, 0.4)]
    cells = [cell("sam", seed, 0.9, sharpness=sharp[seed]) for seed in range(4)]
    found, _ = benchmark.recipes_summary.correlations([*cells, cell("early-stopping", 0, 0.9, sharpness=sharp[0])])
    assert found["networks"] == 4


@pytest.mark.parametrize(("gains", "is_met"), [((0.02, 0.021, 0.022), True), ((0.0, 0.0, 0.0), False)])
def test_distillation_gains_where_its_interval_is_above_zero(
    benchmark: SimpleNamespace, gains: tuple[float, ...], is_met: bool
) -> None:
    plain = [cell("small: plain", seed, 0.5) for seed in range(len(gains))]
    taught = [cell("distill", seed, 0.5 + gain) for seed, gain in enumerate(gains)]
    bars = benchmark.recipes_bars.bars_of(benchmark.recipes_summary.summarise([*plain, *taught]), [], quick=False)
    assert [bar.met for bar in bars] == [is_met]


def test_every_row_is_a_legal_recipe_and_another_one_than_all_others(benchmark: SimpleNamespace) -> None:
    rows = benchmark.recipes_rows.ROWS
    for row in rows.values():
        assert check_recipe(row.training, "training") == []
        assert check_recipe(row.compression, "finalize") == []
        assert check_recipe(row.quick or (), "finalize") == []
    assert len({repr(replace(row, technique="", seeds=1, work=1.0)) for row in rows.values()}) == len(rows)


def options(**changes: Any) -> Namespace:
    usual = {"data": ["digits", "a.npz"], "rows": None, "seeds": 2, "first_seed": 0, "jobs": 1, "minutes": 1.0}
    return Namespace(**usual | {"device": "cpu", "quick": False} | changes)


def test_cells_bring_what_they_need_and_come_after_it(benchmark: SimpleNamespace, tmp_path: Path) -> None:
    cells = benchmark.recipes.cells_of(options(rows=["distill, ensemble"], seeds=1), tmp_path)
    names = [(cell.data, cell.row, cell.seed) for cell in cells]
    assert set(names[-2:]) == {(data, "distill, ensemble", 0) for data in ("digits", "a.npz")}
    plain = {(data, "plain", seed) for data in ("digits", "a.npz") for seed in range(3)}
    assert set(names[:-2]) == plain | {(data, "small: plain", 0) for data in ("digits", "a.npz")}


def test_a_cell_that_fails_is_an_error_and_those_that_need_it_are_tried_all_the_same(
    benchmark: SimpleNamespace, tmp_path: Path
) -> None:
    chosen = options(data=[str(tmp_path / "none.npz")], rows=["prune-channels"], seeds=1)
    found, missing = benchmark.recipes.measured(chosen, tmp_path)
    assert found == []
    assert [line.split(":")[0] for line in missing] == ["none-plain-0", "none-prune-channels-0"]
    assert all("none.npz" in line for line in missing)
    assert not TRAINING_ENVIRONMENT.keys() & os.environ.keys(), "what its processes are given is theirs"


def test_what_no_time_is_left_for_is_named(benchmark: SimpleNamespace, tmp_path: Path) -> None:
    start = time.monotonic()
    found, missing = benchmark.recipes.measured(options(rows=["plain"], seeds=1, minutes=0.0), tmp_path)
    assert found == []
    assert [line.split(": ")[1] for line in missing] == ["no time was left"] * 2
    assert time.monotonic() - start < 30


def test_results_that_are_kept_are_found_again(benchmark: SimpleNamespace, tmp_path: Path) -> None:
    (wanted,) = benchmark.recipes.cells_of(options(data=["digits"], rows=["plain"], seeds=1), tmp_path)
    benchmark.recipes.result_file(wanted).write_text('{"row": "plain"}')
    chosen = options(data=["digits"], rows=["plain"], seeds=1, minutes=0.0)
    assert benchmark.recipes.measured(chosen, tmp_path) == ([{"row": "plain"}], [])
