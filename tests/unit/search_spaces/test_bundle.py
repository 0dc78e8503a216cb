"""A bundle folder read back into torch."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from search_spaces import NetworkInput, SpaceError, build, get, load

MEAN, STD = [0.1, 0.2, 0.3], [0.5, 0.6, 0.7]
CHOICES = {"width_multiplier": [0.5], "depth_multiplier": [2.0]}


@pytest.fixture
def network() -> nn.Module:
    """A network as if trained."""
    space = get("mobilenet", "tiny", CHOICES)
    torch.manual_seed(0)
    network = build(space, space.sample(np.random.default_rng(0), 1)[0], NetworkInput(3, 4))
    for _ in range(3):
        network(torch.randn(8, 3, 8, 8))
    return network.eval()


@pytest.fixture
def bundle(network: nn.Module, tmp_path: Path) -> Path:
    """The two files that `load` reads."""
    space = get("mobilenet", "tiny", CHOICES)
    architecture = space.sample(np.random.default_rng(0), 1)[0]
    document = {
        "format": 1,
        "space": architecture.space,
        "preset": architecture.preset,
        "choices": CHOICES,
        "values": dict(architecture.values),
        "key": architecture.key,
        "network_input": {"channels": 3, "height": 8, "width": 8, "class_count": 4},
        "normalization": {"mean": MEAN, "std": STD},
        "classes": ["a", "b", "c", "d"],
    }
    (tmp_path / "architecture.json").write_text(json.dumps(document), encoding="utf-8")
    save_file(network.state_dict(), tmp_path / "weights.safetensors")
    return tmp_path


def change(bundle: Path, **fields: Any) -> None:
    file = bundle / "architecture.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | fields), encoding="utf-8")


def test_a_loaded_bundle_gives_identical_outputs_from_raw_pixels(bundle: Path, network: nn.Module) -> None:
    pixels = torch.rand(5, 3, 8, 8)
    mean, std = (Tensor(v).view(1, 3, 1, 1) for v in (MEAN, STD))
    loaded = load(bundle)
    assert not loaded.training
    assert torch.equal(loaded(pixels), network((pixels - mean) / std))


def test_a_bundle_of_another_format_is_refused(bundle: Path) -> None:
    change(bundle, format=3)
    with pytest.raises(SpaceError, match="format 3"):
        load(bundle)


def test_a_compressed_bundle_that_names_no_program_is_refused(bundle: Path) -> None:
    change(bundle, format=2)
    with pytest.raises(SpaceError, match="names no program"):
        load(bundle)


def test_a_key_that_does_not_fit_the_values_is_refused(bundle: Path) -> None:
    change(bundle, key="0" * 20)
    with pytest.raises(SpaceError, match="architecture.json says key 0000"):
        load(bundle)


def test_weights_of_another_network_are_refused(bundle: Path) -> None:
    change(bundle, network_input={"channels": 1, "height": 8, "width": 8, "class_count": 4})
    with pytest.raises(SpaceError, match="does not fit architecture.json"):
        load(bundle)
