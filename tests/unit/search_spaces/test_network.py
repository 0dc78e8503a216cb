"""The torch networks: every sample runs, trains, keeps its memory format, and exports."""

import copy
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from search_spaces import Architecture, NetworkInput, SearchSpace, build, get
from search_spaces.network import Network


def awake(network: nn.Module) -> nn.Module:
    """With statistics as if trained: an untrained network in eval mode gives logits that are nearly zero."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.constant_(module.running_var, 0.05)
            nn.init.uniform_(module.bias, -0.5, 0.5)
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight)
    return network.eval()


def tiny(index: int) -> tuple[SearchSpace, Architecture]:
    space = get("mobilenet", "tiny")
    return space, space.sample(np.random.default_rng(index), 1)[0]


def test_every_sample_runs_and_learns(space: SearchSpace, architectures: list[Architecture]) -> None:
    torch.set_num_threads(1)
    network_input = NetworkInput(channels=3, class_count=7)
    for architecture in architectures[:5]:
        network = build(space, architecture, network_input)
        logits = network(torch.rand(2, 3, 40, 48))
        assert logits.shape == (2, 7)
        logits.sum().backward()
        assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())


def test_the_seed_of_torch_fixes_the_weights() -> None:
    space, architecture = tiny(0)
    states = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        states.append(build(space, architecture, NetworkInput(1, 10)).state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert any(not torch.equal(states[0][name], states[2][name]) for name in states[0])


def test_images_of_another_size_are_resized_to_the_resolution() -> None:
    space, architecture = tiny(0)
    network = awake(build(space, architecture, NetworkInput(3, 10)))
    side = space.plan(architecture, NetworkInput(3, 10)).resolution
    images = torch.rand(2, 3, 20, 31)
    resized = nn.functional.interpolate(images, size=(side, side), mode="bilinear", align_corners=False)
    assert torch.equal(network(images), network(resized))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("channels_last", [True, False])
def test_activations_keep_the_memory_format_of_the_weights(channels: int, channels_last: bool) -> None:
    space, architecture = tiny(1)
    wanted = torch.channels_last if channels_last else torch.contiguous_format
    network = build(space, architecture, NetworkInput(channels, 10)).to(memory_format=wanted)
    network.load_state_dict(copy.deepcopy(network.state_dict()))
    assert isinstance(network, Network)
    formats = []
    for block in network.blocks[1:-3]:
        block.register_forward_hook(lambda _m, _i, y: formats.append(y.is_contiguous(memory_format=wanted)))
    network(torch.rand(2, channels, 8, 8))
    assert formats
    assert all(formats)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the exporter that works without onnxscript
@pytest.mark.parametrize("side", [8, 11])
def test_networks_export_to_onnx_with_a_free_batch_size(side: int, tmp_path: Path) -> None:
    space = get("mobilenet", "tiny", {"stages": [5]})
    for number, architecture in enumerate(space.sample(np.random.default_rng(2), 4)):
        torch.manual_seed(number)
        network = awake(build(space, architecture, NetworkInput(1, 10)))
        file = tmp_path / f"{number}.onnx"
        torch.onnx.export(
            network,
            (torch.rand(2, 1, side, side),),
            file,
            input_names=["x"],
            dynamic_axes={"x": {0: "batch"}},
            dynamo=False,
        )
        images = torch.rand(5, 1, side, side)
        with torch.no_grad():
            expected = network(images).numpy()
        [logits] = onnxruntime.InferenceSession(file).run(None, {"x": images.numpy()})
        assert np.abs(expected).max() > 1e-3
        np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_an_expansion_of_one_has_no_expansion_layer() -> None:
    space = get("mobilenet", "tiny", {"kind": ["inverted"], "expansion": [1]})
    [architecture] = space.sample(np.random.default_rng(0), 1)
    names = dict(build(space, architecture, NetworkInput(1, 10)).named_modules())
    assert not [name for name in names if name.endswith(".expand.conv")]
    assert [name for name in names if name.endswith(".depthwise.conv")]
