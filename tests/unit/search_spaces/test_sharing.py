"""Blocks of a stage that share weights: an optional choice of `mobilenet`, and nothing changes without it."""

from pathlib import Path

import jsonschema
import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from nas_service.domain.spec import TrainingSpec
from nas_service.latency.networks import networks_of
from search_spaces import Architecture, IllegalArchitecture, NetworkInput, SearchSpace, SpaceError, build, get
from search_spaces.drawing.content import stages_of
from search_spaces.drawing.words import sentence
from search_spaces.network import Network
from search_spaces.supernet import Supernet
from tests.support.spaces import check_ways_back
from tests.unit.search_spaces.test_costs_match_torch import counted
from tests.unit.search_spaces.test_network import awake
from tests.unit.workers.training.samples import CLASSES, stripes
from workers.export import ExportFacts, export_onnx
from workers.training import train

RECORDED_KEYS = {
    "tiny": ("f83e2faebb286fcf3431", "9aa2f2326680bbbf0588"),
    "small": ("d9eec1c4d7a26a2e92e2", "9740124b86f3aec6b03d"),
    "large": ("d5b0c7fe28d60623753e", "13c4bc39be1ecd25de84"),
}
RECORDED_SIZES = {"tiny": 55724945749200, "small": 6974430846541200, "large": 36741226052160000}
RECORDED_FEATURES = {"tiny": 122, "small": 136, "large": 141}
INPUT = NetworkInput(3, CLASSES)
DEEP = {"depth": [1, 3, 4], "depth_multiplier": [1.0]}
OFFERED: dict[str, object] = {**DEEP, "share": [False, True]}


def samples(space: SearchSpace, count: int = 40) -> list[Architecture]:
    return space.sample(np.random.default_rng(0), count)


def stages_sharing(architecture: Architecture) -> int:
    return sum(name.endswith("_share") for name in architecture.values)


def shared_everywhere(**choices: object) -> tuple[SearchSpace, Architecture]:
    """A network whose every stage has four blocks, three of them the same."""
    space = get("mobilenet", "tiny", {"stages": [3], **OFFERED, "depth": [4], "share": [True], **choices})
    return space, samples(space, 1)[0]


def plain_twin(space: SearchSpace, architecture: Architecture) -> tuple[SearchSpace, Architecture]:
    """The same without sharing."""
    restrictions = {name: options for name, options in space.restrictions.items() if name != "share"}
    twin = get(space.name, space.preset, restrictions)
    return twin, twin.canonical({name: v for name, v in architecture.values.items() if not name.endswith("_share")})


@pytest.mark.parametrize("preset", RECORDED_KEYS)
def test_spaces_and_keys_are_what_they_were_before_there_was_the_choice(preset: str) -> None:
    space = get("mobilenet", preset)
    first, *_, last = space.sample(np.random.default_rng(5), 50)
    assert (first.key, last.key) == RECORDED_KEYS[preset]
    assert space.size() == RECORDED_SIZES[preset]
    assert len(space.feature_names()) == RECORDED_FEATURES[preset]
    assert get("mobilenet", preset, {"share": [False]}).choices == space.choices


def test_a_network_that_shares_nothing_is_the_same_within_and_without_the_choice() -> None:
    plain, offered = get("mobilenet", "tiny", DEEP), get("mobilenet", "tiny", OFFERED)
    for architecture in samples(plain):
        found = offered.canonical(architecture.values)
        assert (found.values, found.key) == (architecture.values, architecture.key)
        assert offered.spelled_out(found) == {**found.values, **{f"stage{n}_share": False for n in range(1, 6)}}
        assert offered.plan(found, INPUT) == plain.plan(architecture, INPUT)


def test_architectures_that_share_lead_back_from_everything_that_is_made_of_them() -> None:
    space = get("mobilenet", "tiny", OFFERED)
    architectures = samples(space)
    assert {stages_sharing(a) for a in architectures} > {0, 1, 2}
    check_ways_back(space, architectures)


def test_where_all_have_to_share_it_has_to_be_said() -> None:
    space, architecture = shared_everywhere()
    _, plain = plain_twin(space, architecture)
    with pytest.raises(IllegalArchitecture, match="stage1_share: is missing"):
        space.canonical(plain.values)
    assert not jsonschema.Draft202012Validator(space.json_schema()).is_valid(dict(plain.values))


def test_costs_are_those_of_the_torch_network_with_shared_weights_counted_once() -> None:
    torch.set_num_threads(1)
    space = get("mobilenet", "tiny", {**OFFERED, "share": [True]})
    architectures = samples(space, 12)
    cost = space.cost(architectures, INPUT)
    analytic = np.stack([cost.macs, cost.params, cost.weight_bytes, cost.peak_activation_bytes], axis=1)
    for architecture, expected in zip(architectures, analytic.tolist(), strict=True):
        assert counted(space, architecture, INPUT) == expected, architecture.to_json()


def test_the_network_runs_one_block_again_where_its_twin_has_equal_ones() -> None:
    space, architecture = shared_everywhere()
    torch.manual_seed(0)
    network = awake(build(space, architecture, INPUT))
    other_space, twin = plain_twin(space, architecture)
    unrolled = build(other_space, twin, INPUT).eval()
    assert isinstance(network, Network)
    assert isinstance(unrolled, Network)
    places = np.repeat(np.arange(len(network.runs)), network.runs)
    assert len(places) == len(unrolled.blocks) == 4 * 3 + 4
    for block, place in zip(unrolled.blocks, places.tolist(), strict=True):
        block.load_state_dict(network.blocks[place].state_dict())
    images = torch.rand(4, 3, 8, 8)
    torch.testing.assert_close(network(images), unrolled(images))
    macs, plain_macs = (s.cost([a], INPUT).macs for s, a in ((space, architecture), (other_space, twin)))
    assert macs == plain_macs


def test_a_latency_is_that_of_a_network_which_shares_nothing() -> None:
    space, architecture = shared_everywhere()
    found, plain = (
        networks_of(s, s.to_indices([a]), INPUT, None)
        for s, a in ((space, architecture), plain_twin(space, architecture))
    )
    assert np.array_equal(found.keys[found.places], plain.keys[plain.places])


@pytest.mark.parametrize("kind", ["inverted", "fused", "separable", "pool"])
def test_the_exported_file_holds_shared_weights_once(kind: str, tmp_path: Path) -> None:
    space, architecture = shared_everywhere(kind=[kind], resolution=[8])
    network = awake(build(space, architecture, INPUT))
    file = tmp_path / "model.onnx"
    facts = ExportFacts(tuple("abc"), 3, 8, 8, (0.5,) * 3, (0.5,) * 3, space.name, architecture.key)
    export_onnx(network, facts, torch.rand(2, 3, 8, 8), file)
    stored = sum(numpy_helper.to_array(tensor).nbytes for tensor in onnx.load(file).graph.initializer)
    mean_and_std = 2 * 3 * 4
    assert stored <= space.cost([architecture], INPUT).weight_bytes[0] + 2 * mean_and_std


def test_a_supernet_refuses_it() -> None:
    with pytest.raises(SpaceError, match="nothing of stage2_share; leave it out"):
        Supernet(get("mobilenet", "tiny", {"stage2_share": [False, True]}), INPUT)


def test_batch_norms_learn_their_statistics_from_the_first_run_alone() -> None:
    space, architecture = shared_everywhere(kind=["inverted"])
    torch.manual_seed(0)
    network = build(space, architecture, INPUT).train()
    assert isinstance(network, Network)
    norms = [module for module in network.blocks[2].modules() if isinstance(module, nn.BatchNorm2d)]
    seen: list[torch.Tensor] = []
    first, *_ = norms
    first.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0].detach()))
    network(torch.rand(4, 3, 8, 8))
    assert len(seen) == 3
    torch.testing.assert_close(first.running_mean, 0.1 * seen[0].mean((0, 2, 3)))
    assert all(norm.training and norm.num_batches_tracked == 1 for norm in norms)


def test_a_network_that_shares_learns() -> None:
    choices = {"kind": ["inverted"], "expansion": [2], "squeeze_excite": [False], "width_multiplier": [0.5]}
    space, architecture = shared_everywhere(resolution=[8], **choices)
    torch.manual_seed(0)
    network = build(space, architecture, INPUT)
    config = TrainingSpec(epochs=8, batch_size=16, precision="fp32")
    assert train(network, stripes(384), config).validation_accuracy > 0.8, "chance is a third"


def test_a_drawing_says_which_blocks_have_the_weights_of_others() -> None:
    space, architecture = shared_everywhere()
    stages = stages_of(space.plan(architecture, INPUT))[1:-1]
    for stage in stages:
        *own, again = map(sentence, stage.runs)
        assert "2 times" in again
        assert "weights of the block before" in again
        assert "0 parameters" in again
        assert all("weights of" not in words for words in own)
