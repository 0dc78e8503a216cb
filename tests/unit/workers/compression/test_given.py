"""A network of somebody's own: from a bundle it keeps its layers and its normalisation."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import search_spaces
from tests.support.tiny import tiny_space
from tests.unit.workers.compression.samples import digits
from workers.compression.given import ModelUnfitError, given_network

NORMALIZATION = {"mean": [0.3], "std": [0.4]}


def written(folder: Path, class_count: int) -> Path:
    """What `load` reads of a bundle."""
    named = tiny_space()
    space = search_spaces.get(named["name"], preset=named["preset"], choices=named["choices"])
    architecture = space.canonical({choice.name: choice.options[0] for choice in space.choices})
    network = search_spaces.build(space, architecture, search_spaces.NetworkInput(1, class_count))
    document = {
        "format": 1,
        "space": space.name,
        "preset": space.preset,
        "choices": named["choices"],
        "values": dict(architecture.values),
        "key": architecture.key,
        "network_input": {"channels": 1, "class_count": class_count},
        "normalization": NORMALIZATION,
    }
    (folder / "architecture.json").write_text(json.dumps(document))
    save_file(network.state_dict(), folder / "weights.safetensors")
    return folder


def test_a_bundles_network_is_given_with_its_own_normalisation(tmp_path: Path) -> None:
    data = digits()
    given = given_network(written(tmp_path, 10), data)
    assert (given.data.mean, given.data.std) == (pytest.approx((0.3,)), pytest.approx((0.4,)))
    images = torch.rand(3, 1, 8, 8)
    with torch.inference_mode():
        expected = search_spaces.load(tmp_path)(images)
        assert torch.allclose(given.network((images - 0.3) / 0.4), expected, atol=1e-5)


def test_a_network_for_other_classes_is_refused_with_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(ModelUnfitError, match=r"gives \(2, 7\) for 2 images, \(2, 10\) was expected"):
        given_network(written(tmp_path, 7), digits())
