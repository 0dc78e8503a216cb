"""The precision as an optional choice: the same networks, and nothing changes without it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from search_spaces import Architecture, ImpossibleChoice, NetworkInput, SearchSpace, build, get
from search_spaces.deployment import network_values
from tests.unit.search_spaces.test_network import awake
from workers.compression.deployed_cost import _constant_bytes
from workers.export import ExportFacts, export_onnx
from workers.export.onnx_int8 import Calibration, export_onnx_int8

SPACES = [("mobilenet", "tiny"), ("ofa_mobilenetv3", "w1.0")]
INPUT = NetworkInput(3, 10)
BOTH: dict[str, object] = {"precision": ["fp32", "int8"]}


def twins(space: SearchSpace, count: int = 8) -> list[tuple[Architecture, Architecture]]:
    """Networks at both precisions."""
    drawn = [network_values(a.values) for a in space.sample(np.random.default_rng(3), count)]
    return [(space.canonical(values), space.canonical({**values, "precision": "int8"})) for values in drawn]


@pytest.mark.parametrize(("name", "preset"), SPACES)
def test_a_space_without_the_choice_knows_nothing_of_it(name: str, preset: str) -> None:
    plain, offered = get(name, preset), get(name, preset, BOTH)
    assert "precision" not in {choice.name for choice in plain.choices}
    assert get(name, preset, {"precision": ["fp32"]}).choices == plain.choices
    assert offered.size() == 2 * plain.size()
    for fp32, int8 in twins(offered):
        assert plain.canonical(fp32.values) == fp32, "known networks have the same values and key in both"
        assert network_values(int8.values) == dict(fp32.values)
        assert int8.values["precision"] == "int8"
        assert int8.key != fp32.key
        assert offered.network_key(int8.values) == offered.network_key(fp32.values) == fp32.key


@pytest.mark.parametrize(("name", "preset"), SPACES)
def test_both_are_one_network_with_other_weights_in_bytes(name: str, preset: str) -> None:
    space = get(name, preset, BOTH)
    for fp32, int8 in twins(space, 2):
        assert space.plan(int8, INPUT) == space.plan(fp32, INPUT)
        cost = space.cost([fp32, int8], INPUT)
        assert cost.macs[0] == cost.macs[1]
        assert cost.params[0] == cost.params[1]
        assert cost.weight_bytes[0] > 2 * cost.weight_bytes[1]
    assert get(name, preset).cost([fp32], INPUT).weight_bytes == cost.weight_bytes[0]


def test_one_seed_builds_one_network_at_both_precisions() -> None:
    space = get("mobilenet", "tiny", BOTH)
    states = []
    for architecture in twins(space, 1)[0]:
        torch.manual_seed(0)
        states.append(build(space, architecture, INPUT).state_dict())
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in states[0].items())


def test_the_bytes_in_int8_are_those_of_the_files_constants_to_two_percent(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    space = get("mobilenet", "tiny", BOTH)
    _, int8 = twins(space, 1)[0]
    torch.manual_seed(0)
    network = awake(build(space, int8, INPUT))
    facts = ExportFacts(tuple("0123456789"), 3, 8, 8, (0.5,) * 3, (0.25,) * 3, "mobilenet", int8.key)
    images = torch.rand(16, 3, 8, 8)
    export_onnx(network, facts, images, tmp_path / "fp32.onnx")
    pixels = images.numpy()
    export_onnx_int8(tmp_path / "fp32.onnx", Calibration(pixels[:8], pixels[8:]), tmp_path / "int8.onnx")
    (expected,) = space.cost([int8], INPUT).weight_bytes
    assert _constant_bytes(tmp_path / "int8.onnx") == pytest.approx(expected, rel=0.02)


def test_other_precisions_are_refused_with_those_that_there_are() -> None:
    with pytest.raises(ImpossibleChoice, match="int8"):
        get("mobilenet", "tiny", {"precision": ["int4"]})
