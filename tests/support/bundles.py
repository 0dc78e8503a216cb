"""The download of a candidate, made without a search: what a client unpacks and loads."""

import json
import zipfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save
from torch import nn

from search_spaces import NetworkInput, build, get


def tiny_bundle(folder: Path) -> tuple[nn.Module, Path]:
    """A network of 3 channels and 4 classes with random weights, and its bundle in `folder`, as yet packed."""
    space = get("mobilenet", "tiny")
    architecture = space.sample(np.random.default_rng(0), 1)[0]
    torch.manual_seed(0)
    network = build(space, architecture, NetworkInput(3, 4)).eval()
    document = {
        "format": 1,
        "space": architecture.space,
        "preset": architecture.preset,
        "choices": {},
        "values": dict(architecture.values),
        "key": architecture.key,
        "network_input": {"channels": 3, "height": 8, "width": 8, "class_count": 4},
        "normalization": {"mean": [0.0] * 3, "std": [1.0] * 3},
        "classes": ["a", "b", "c", "d"],
    }
    path = folder / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("architecture.json", json.dumps(document))
        archive.writestr("weights.safetensors", save(network.state_dict()))
    return network, path
