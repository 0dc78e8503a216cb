"""1 x 1 convolutions of low rank: an optional choice of `mobilenet`, and nothing changes without it."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from nas_service.domain.spec import TrainingSpec
from nas_service.latency.networks import networks_of
from search_spaces import Architecture, NetworkInput, SearchSpace, SpaceError, build, get
from search_spaces.blocks import LowRank
from search_spaces.drawing.content import stages_of
from search_spaces.drawing.words import sentence
from search_spaces.supernet import Supernet
from tests.support.spaces import check_ways_back
from tests.unit.search_spaces.test_costs_match_torch import counted
from tests.unit.search_spaces.test_network import awake
from tests.unit.workers.training.samples import CLASSES, stripes
from workers.export import ExportFacts, export_onnx
from workers.training import train

INPUT = NetworkInput(3, CLASSES)
OFFERED: dict[str, object] = {"rank": [1.0, 0.5, 0.25]}
KINDS = ["inverted", "fused", "separable", "pool"]


def samples(space: SearchSpace, count: int = 40) -> list[Architecture]:
    return space.sample(np.random.default_rng(0), count)


def ranked(**choices: object) -> tuple[SearchSpace, Architecture]:
    """A network of a quarter of the rank wherever that is smaller."""
    space = get("mobilenet", "tiny", {"stages": [3], "width_multiplier": [1.0], **OFFERED, "rank": [0.25], **choices})
    return space, samples(space, 1)[0]


def factors_in(network: torch.nn.Module) -> list[LowRank]:
    return [module for module in network.modules() if isinstance(module, LowRank)]


def test_a_network_of_full_rank_is_the_same_within_and_without_the_choice() -> None:
    plain, offered = get("mobilenet", "tiny"), get("mobilenet", "tiny", OFFERED)
    assert get("mobilenet", "tiny", {"rank": [1]}).choices == plain.choices
    for architecture in samples(plain):
        found = offered.canonical(architecture.values)
        assert (found.values, found.key) == (architecture.values, architecture.key)
        assert offered.plan(found, INPUT) == plain.plan(architecture, INPUT)
        for rank in ({f"stage{n}_rank": 0.25 for n in range(1, 6)}, {"stage3_rank": 0.5}):
            other = offered.canonical({**architecture.values, **rank})
            assert (other == found) == (offered.plan(other, INPUT) == offered.plan(found, INPUT))


def test_architectures_with_ranks_lead_back_from_everything_that_is_made_of_them() -> None:
    space = get("mobilenet", "tiny", OFFERED)
    check_ways_back(space, samples(space, 12))


def test_a_rank_that_makes_nothing_smaller_is_no_other_network() -> None:
    space = get("mobilenet", "tiny", {**OFFERED, "kind": ["separable"], "depth": [1], "stages": [3]})
    values = dict(samples(space, 1)[0].values) | {"width_multiplier": 0.5, "stem_width": 8, "stage1_rank": 0.5}
    found = space.canonical(values)
    assert "stage1_rank" not in found.values, "two factors of 8 x 8 with 4 between have as many weights"
    assert "stage1_rank" in space.canonical({**values, "stage1_kernel": 3, "width_multiplier": 1.0}).values


def test_costs_are_those_of_the_torch_network() -> None:
    torch.set_num_threads(1)
    space = get("mobilenet", "tiny", {"rank": [0.5, 0.25], "share": [False, True]})
    architectures = samples(space, 20)
    cost = space.cost(architectures, INPUT)
    analytic = np.stack([cost.macs, cost.params, cost.weight_bytes, cost.peak_activation_bytes], axis=1)
    for architecture, expected in zip(architectures, analytic.tolist(), strict=True):
        assert counted(space, architecture, INPUT) == expected, architecture.to_json()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_block_gets_smaller_by_it(kind: str) -> None:
    space, architecture = ranked(kind=[kind])
    full = get("mobilenet", "tiny").canonical({n: v for n, v in architecture.values.items() if "rank" not in n})
    cost, full_cost = space.cost([architecture], INPUT), get("mobilenet", "tiny").cost([full], INPUT)
    assert cost.macs[0] < full_cost.macs[0]
    assert cost.weight_bytes[0] < full_cost.weight_bytes[0]
    networks = [
        networks_of(s, s.to_indices([a]), INPUT, None)
        for s, a in ((space, architecture), (get("mobilenet", "tiny"), full))
    ]
    assert not np.array_equal(*(n.keys[n.places] for n in networks)), "a latency predictor tells them apart"


def test_factors_begin_as_the_best_ones_of_a_whole_layer() -> None:
    space, architecture = ranked(kind=["inverted"], expansion=[4])
    torch.manual_seed(0)
    pairs = factors_in(build(space, architecture, INPUT))
    assert len(pairs) >= 5
    for pair in pairs:
        restore, reduce = pair.restore.weight[..., 0, 0].detach(), pair.reduce.weight[..., 0, 0].detach()
        torch.testing.assert_close(restore.T @ restore, reduce @ reduce.T, atol=1e-5, rtol=1e-4)
        largest = torch.linalg.matrix_norm(restore @ reduce, 2) / (2 / len(restore)) ** 0.5
        random = len(restore) ** 0.5 + reduce.shape[1] ** 0.5
        assert largest == pytest.approx(random, rel=0.3), "that of a random matrix of this shape"


@pytest.mark.parametrize("kind", KINDS)
def test_the_exported_file_holds_the_factors(kind: str, tmp_path: Path) -> None:
    space, architecture = ranked(kind=[kind], resolution=[8])
    network = awake(build(space, architecture, INPUT))
    file = tmp_path / "model.onnx"
    facts = ExportFacts(tuple("abc"), 3, 8, 8, (0.5,) * 3, (0.5,) * 3, space.name, architecture.key)
    export_onnx(network, facts, torch.rand(2, 3, 8, 8), file)
    stored = sum(numpy_helper.to_array(tensor).nbytes for tensor in onnx.load(file).graph.initializer)
    mean_and_std = 2 * 3 * 4
    expected = space.cost([architecture], INPUT).weight_bytes[0]
    assert 0.99 * expected < stored <= expected + 2 * mean_and_std, "biases that are alike are stored once"


def test_a_supernet_refuses_it() -> None:
    with pytest.raises(SpaceError, match="nothing of stage2_rank; leave it out"):
        Supernet(get("mobilenet", "tiny", {"stage2_rank": [1.0, 0.5]}), INPUT)


def test_a_network_of_low_rank_learns() -> None:
    choices = {"kind": ["inverted"], "expansion": [3], "squeeze_excite": [False], "resolution": [8]}
    space, architecture = ranked(**choices)
    torch.manual_seed(0)
    network = build(space, architecture, INPUT)
    config = TrainingSpec(epochs=8, batch_size=16, precision="fp32")
    assert train(network, stripes(384), config).validation_accuracy > 0.8, "chance is a third"


def test_a_drawing_says_the_ranks() -> None:
    space, architecture = ranked(kind=["inverted"], expansion=[4])
    words = [sentence(run) for stage in stages_of(space.plan(architecture, INPUT))[1:-1] for run in stage.runs]
    assert all("rank 4 in" in text or "rank 8 in" in text for text in words)
