"""Reads a bundle back into torch: `architecture.json` says which network, `weights.safetensors` holds its state.

A compressed network follows from no architecture. Its layers are those of the exported program in its bundle, which
`architecture.json` names; its weights are in `weights.safetensors` all the same.
"""

import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import nn

from search_spaces.errors import SpaceError
from search_spaces.network import build
from search_spaces.normalise import Normalised
from search_spaces.plan import NetworkInput
from search_spaces.program import load_program
from search_spaces.registry import get

FORMAT = 1
COMPRESSED_FORMAT = 2


def load(bundle: Path | str) -> nn.Module:
    """The network of a bundle folder, in eval mode: raw pixels in [0, 1], (N, C, H, W), to logits (N, classes).

    A compressed one is a graph that can only be executed: it has no train mode.
    Raises SpaceError for another format, for an architecture whose key does not fit its values, and for weights that
    do not fit the architecture.
    """
    folder = Path(bundle)
    document: dict[str, Any] = json.loads((folder / "architecture.json").read_text(encoding="utf-8"))
    if document["format"] == COMPRESSED_FORMAT:
        return _compressed(folder, document.get("compressed", {}).get("program"))
    if document["format"] != FORMAT:
        known = f"neither {FORMAT} nor {COMPRESSED_FORMAT}"
        raise SpaceError(f"format {document['format']!r} of architecture.json is {known}; use a newer version")
    space = get(document["space"], document["preset"], document["choices"])
    architecture = space.canonical(document["values"])
    if architecture.key != document["key"]:
        raise SpaceError(
            f"architecture.json says key {document['key']}, but its values have {architecture.key}:"
            " the file was changed, or the space has changed since"
        )
    shape = document["network_input"]
    network = build(space, architecture, NetworkInput(shape["channels"], shape["class_count"]))
    try:
        network.load_state_dict(load_file(folder / "weights.safetensors"))
    except RuntimeError as error:
        raise SpaceError(f"weights.safetensors does not fit architecture.json: {error}") from error
    normalization = document["normalization"]
    return Normalised(network, normalization["mean"], normalization["std"]).eval()


def _compressed(folder: Path, program: str | None) -> nn.Module:
    """The program with the weights beside it; it has its normalisation inside."""
    if program is None:
        raise SpaceError("architecture.json is of a compressed network and names no program; download the bundle again")
    if Path(program).name != program:
        raise SpaceError(f"architecture.json names a program outside of the bundle: {program!r}")
    network: nn.Module = load_program(folder / program).module()
    try:
        network.load_state_dict(load_file(folder / "weights.safetensors"))
    except RuntimeError as error:
        raise SpaceError(f"weights.safetensors does not fit {program}: {error}") from error
    return network
