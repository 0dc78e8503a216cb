"""What the time-to-front benchmark makes of its searches, on runs whose figures are known, and whether its space is the
peer's."""

import json
import os
import sys
from contextlib import closing
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import search_spaces
from search_spaces import NetworkInput
from search_spaces.registry import SPACE_PATH_VARIABLE

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
ARCH = {"d0": 1, "d1": 1, "d2": 1, "d3": 1, "k00": 3, "e00": 2}


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, as imported when it is run from its folder."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("time_to_front")


def judge() -> ModuleType:
    return sys.modules["front_judge"]


def a_run(side: str, seed: int, *volumes: float, **more: Any) -> dict[str, Any]:
    return {
        "side": side,
        "seed": seed,
        "minutes": 2.0,
        "hypervolume": list(volumes),
        "searches": [{"candidates": []}],
    } | more


@pytest.mark.usefixtures("benchmark")
def test_a_front_has_what_was_known_by_then_without_what_a_side_itself_finds_worse() -> None:
    kernels = [{**ARCH, "k00": kernel} for kernel in (3, 5)]
    candidates = [
        {"t_s": 1.0, "accuracy": 0.8, "latency_ms": 0.1, "arch": kernels[0]},
        {"t_s": 5.0, "accuracy": 0.9, "latency_ms": 0.1, "arch": kernels[1]},
        {"t_s": 5.0, "accuracy": 0.99, "latency_ms": 0.5, "arch": ARCH | {"d0": 3}},
    ]
    names = [judge().name_of(arch) for arch in kernels]
    assert judge().fronts(candidates, [0.5, 2.0, 9.0], within_ms=0.4) == [[], [names[0]], [names[1]]]


@pytest.mark.usefixtures("benchmark")
def test_choices_of_blocks_that_do_not_exist_make_no_other_network() -> None:
    name = judge().name_of
    assert name(ARCH | {"k01": 5}) == name(ARCH) != name(ARCH | {"e00": 4}) != name(ARCH | {"d0": 2})


@pytest.mark.usefixtures("benchmark")
def test_the_hypervolume_is_the_share_of_the_box_from_the_reference_on() -> None:
    """Two networks: halves of the box in latency and accuracy, and one beyond the reference, which counts nothing."""
    points = [(0.9, 0.075), (0.95, 0.15), (0.99, 0.4)]
    assert judge().volume(points, (0.3, 0.8)) == pytest.approx(0.75 * 0.5 + 0.5 * 0.25)


def test_a_ratio_is_the_whole_time_of_the_peer_over_the_time_to_what_it_has_in_the_end(benchmark: ModuleType) -> None:
    runs = [
        a_run("peer", 0, 0.1, 0.2, 0.4),
        a_run("peer", 1, 0.1, 0.2, 0.6),
        a_run("default", 0, 0.2, 0.5, 0.7, second_s=10.0),
        a_run("default", 1, 0.5, 0.6, 0.7, second_s=60.0),
        a_run("default", 2, 0.4, 0.55, 0.7, second_s=10.0),
        a_run("scratch", 0, 0.2, 0.3, 0.4),
    ]
    raw = {"marks_s": [10.0, 40.0, 120.0], "runs": runs}
    benchmark.add_ratios(raw)
    assert raw["goals"] == {"peer": 0.5}
    assert benchmark.ratio(raw, "default", "peer") == 120 / 40
    assert benchmark.ratio(raw, "scratch", "peer") == 0
    faster, second = benchmark.bars_of(raw)
    assert (faster.met, second.met) == (True, True)
    assert benchmark.table_of(raw).row_count == 3
    assert benchmark.draw(raw).axes


def test_all_sides_are_given_the_same_images_and_none_those_that_are_scored(
    benchmark: ModuleType, tmp_path: Path
) -> None:
    images = np.arange(5000, dtype=np.int64).reshape(-1, 1, 1) % 251 + np.zeros((1, 28, 28), np.int64)
    np.savez(tmp_path / "all.npz", x=images.astype(np.uint8), y=np.arange(5000) % 10)
    wanted = sys.modules["front_sides"].Wanted(tmp_path, tmp_path, 1.0, 1.0, 1, (0.3, 0.8))
    benchmark.write_data(tmp_path / "all.npz", wanted, tmp_path / "judge.npz")
    peer, service, judged = (np.load(path) for path in (wanted.peer_data, wanted.service_data, tmp_path / "judge.npz"))
    middle = (slice(None), slice(2, -2), slice(2, -2))
    assert np.array_equal(peer["x"][:1000], service["x"][middle])
    assert np.array_equal(peer["x"][1000:], service["x_validation"][middle])
    assert np.array_equal(judged["x_score"], images[3000:])
    assert not service["x"][:, 0].any()


def test_the_space_has_the_choices_and_the_cost_of_the_peer_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """MACs of one network as the peer's `macs` counts them: stem, four blocks, classifier; by hand."""
    monkeypatch.setenv(SPACE_PATH_VARIABLE, str(BENCHMARKS / "spaces"))
    space = search_spaces.get("peer_mobilenet")
    smallest = {"stem_w": 8, "stem_s": 2, "pool": "max"} | {f"d{i}": 1 for i in range(4)}
    smallest |= {f"w{i}": 0.25 for i in range(4)} | {f"k{i}0": 3 for i in range(4)} | {f"e{i}0": 2 for i in range(4)}
    stem = 9 * 8 * 16**2
    blocks = (8 * 16 * 16**2 + 16 * (9 + 4) * 8**2) + (4 * 8 * 8**2 + 8 * (9 + 6) * 4**2)
    blocks += (6 * 12 * 4**2 + 12 * (9 + 8) * 2**2) + (8 * 16 * 2**2 + 16 * (9 + 12) * 2**2)
    architecture = space.canonical(smallest)
    assert space.cost([architecture], NetworkInput(1, 10)).macs.tolist() == [stem + blocks + 12 * 10]
    assert space.size() == 8 * sum((6**depth) for depth in (1, 2, 3)) ** 4 * 4**4
    network = search_spaces.build(space, architecture, NetworkInput(1, 10))
    assert "AdaptiveMaxPool2d" in str(network)


def test_searches_that_run_side_by_side_share_no_core(benchmark: ModuleType) -> None:
    cores = benchmark.Cores([3, 4, 5])
    with cores.taken(2) as first, cores.taken(1) as second:
        assert (first, second) == ({3, 4}, {5})
    with cores.taken(3) as every:
        assert every == {3, 4, 5}


def test_networks_are_trained_for_the_judgement_once_each_on_a_core_of_its_own(
    benchmark: ModuleType, tmp_path: Path
) -> None:
    """By a stand-in for the peer's script that tells the core it was given; what stands in the notes is not trained."""
    (tmp_path / "peer.py").write_text(
        "import os\n"
        "SPACE = {'d0': [1]}\n"
        "Net = lambda arch, channels_last: arch\n"
        "train = lambda net, images, epochs, seed, channels_last: net\n"
        "def accuracy(net, images):\n"
        "    (core,) = os.sched_getaffinity(0)\n"
        "    return core + net['d0'] / 10\n"
    )
    np.savez(tmp_path / "judge.npz", **{f"{n}{part}": np.zeros((2, 28, 28)) for n in "xy" for part in ("", "_score")})
    notes = tmp_path / "judged.jsonl"
    names = [judge().name_of(ARCH | {"d0": depth}) for depth in (1, 2, 3)]
    notes.write_text("".join(json.dumps({"name": names[0], "epochs": e, "accuracy": 7.0}) + "\n" for e in (3, 4)))
    core = max(os.sched_getaffinity(0))
    recipe = judge().Recipe(tmp_path / "judge.npz", tmp_path / "peer.py", 4)
    with closing(judge().Scores(recipe, benchmark.Cores([core]), notes)) as scores:
        scores.want(names[1:2])
        assert scores.of(names) == pytest.approx({names[0]: 7.0, names[1]: core + 0.2, names[2]: core + 0.3})
    assert len(notes.read_text().splitlines()) == 4
