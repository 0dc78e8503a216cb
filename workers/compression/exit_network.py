"""A network with one exit, and the ONNX file in which the exit saves time."""

import onnx
import torch
from torch import Tensor, fx, nn

from search_spaces.normalise import Normalised
from workers.export.onnx_exit import ALL_SURE, EARLY, FEATURES, IS_SURE, joined
from workers.export.onnx_export import (
    INPUT_NAME,
    OUTPUT_NAME,
    ExportFacts,
    Names,
    deployable_copy,
    metadata,
    serialized,
    traced,
)

GRID = 4
"""Places a side at which a head sees the features: with one alone, a head near the input tells little."""


def exit_head(shape: tuple[int, int, int], class_count: int) -> nn.Sequential:
    """Features of `shape` (C, H, W), averaged over a coarse grid, to logits."""
    channels, height, width = shape
    size = (max(1, height // GRID), max(1, width // GRID))
    places = (height // size[0]) * (width // size[1])
    return nn.Sequential(nn.AvgPool2d(size), nn.Flatten(), nn.Linear(channels * places, class_count))


class EarlyExit(nn.Module):
    """BranchyNet with one branch (Teerapittayanon et al., ICPR 2016): an image whose largest probability at the exit is
    at least `threshold` has the exit's logits, any other those of the whole network.

    In torch both are always computed; `exit_file` saves the time.
    """

    threshold: Tensor

    def __init__(self, begin: fx.GraphModule, head: nn.Sequential, rest: fx.GraphModule, threshold: float) -> None:
        """`begin` gives a tuple of the features alone (`cuts.before`), which `head` and `rest` take."""
        super().__init__()
        self.begin, self.head, self.rest = begin, head, rest
        self.register_buffer("threshold", torch.tensor(threshold, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        """Normalised images (N, C, H, W) to logits (N, classes)."""
        (features,) = self.begin(x)
        early: Tensor = self.head(features)
        return torch.where(self.confidence(early) >= self.threshold, early, self.rest(features))

    @staticmethod
    def confidence(logits: Tensor) -> Tensor:
        """The largest probability of each image, (N, 1)."""
        return logits.softmax(1).amax(1, keepdim=True)


class _UntilExit(nn.Module):
    """What the file always computes."""

    def __init__(self, network: EarlyExit) -> None:
        super().__init__()
        self.network = network
        self._threshold = network.threshold.item()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        (features,) = self.network.begin(x)
        early = self.network.head(features)
        confidence = self.network.confidence(early)
        return features, early, confidence >= self._threshold, confidence.amin() >= self._threshold


def exit_file(network: EarlyExit, facts: ExportFacts) -> bytes:
    """The ONNX file: what is behind the exit is not computed where all images of a call leave there."""
    deployed = deployable_copy(network, facts)
    assert isinstance(deployed, Normalised)
    own = deployed.network
    assert isinstance(own, EarlyExit)
    pixels = torch.zeros(1, facts.channels, facts.height, facts.width)
    first = Normalised(_UntilExit(own), facts.mean, facts.std).eval()
    with torch.no_grad():
        (features,) = own.begin(pixels)
    model = joined(
        traced(first, pixels, Names(INPUT_NAME, (FEATURES, EARLY, IS_SURE), (ALL_SURE,))),
        traced(own.rest, features, Names(FEATURES, (OUTPUT_NAME,))),
    )
    onnx.helper.set_model_props(model, metadata(facts))
    return serialized(model)
