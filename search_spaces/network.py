"""Turns a `NetworkPlan` into a torch network."""

import warnings
from collections.abc import Sequence
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from search_spaces.architecture import Architecture
from search_spaces.blocks import LowRank, block_of
from search_spaces.plan import NetworkInput, NetworkPlan
from search_spaces.registry import builder_module
from search_spaces.space import SearchSpace


def build(space: SearchSpace, architecture: Architecture, network_input: NetworkInput) -> nn.Module:
    """A freshly initialised network: normalised float images (N, C, H, W) of any size to logits (N, classes).

    Deterministic for a given torch seed. Raises IllegalArchitecture for an architecture of another space.
    """
    plan = space.plan(architecture, network_input)
    own = builder_module(space.name)
    network: nn.Module = Network(plan) if own is None else own.build(plan)
    return network


class Network(nn.Module):
    """The blocks of a plan, one after another; each stands in `blocks` once, however often it runs."""

    def __init__(self, plan: NetworkPlan, blocks: Sequence[nn.Module] | None = None) -> None:
        """With `blocks`, one for each of the plan's `own_blocks`, those are used as they are; otherwise they are made
        and initialised."""
        super().__init__()
        self.plan = plan
        self.side = plan.resolution
        """Pixels to which images are resized; less for a part of a training that resizes progressively."""
        self.blocks = nn.ModuleList([block_of(block) for block in plan.own_blocks] if blocks is None else blocks)
        self.runs = plan.runs
        if blocks is None:
            initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to logits (N, classes); images of another size are resized to the plan's resolution."""
        side = self.side
        if not _is_square(x, side):
            x = F.interpolate(x, size=(side, side), mode="bilinear", align_corners=False)
        x = self.blocks[0](x)
        if self._weights_are_channels_last():
            # A one-channel image is contiguous in both formats, so that the format can be lost at the stem.
            x = x.contiguous(memory_format=torch.channels_last)
        for block, runs in zip(self.blocks[1:], self.runs[1:], strict=True):
            x = block(x)
            if runs > 1:
                x = _again(block, x, runs - 1)
        return x

    def _weights_are_channels_last(self) -> bool:
        """Read off the first k x k weight: those of 1 x 1 convolutions fit both formats."""
        convs = (module for module in self.modules() if isinstance(module, nn.Conv2d) and module.kernel_size[0] > 1)
        return any(conv.weight.stride(1) == 1 for conv in islice(convs, 1))


def _again(block: nn.Module, x: Tensor, times: int) -> Tensor:
    """The block some more times, its batch norms with running statistics even while training.

    They learn theirs from the first run alone, so that a trained block is one function wherever it runs. Runs that each
    have their own batch's statistics train well, but no one set of statistics fits them all in evaluation.
    """
    learning = [module for module in block.modules() if isinstance(module, nn.BatchNorm2d) and module.training]
    for norm in learning:
        norm.training = False
    for _ in range(times):
        x = block(x)
    for norm in learning:
        norm.training = True
    return x


def _is_square(images: Tensor, side: int) -> bool:
    """Whether the images have this side. An export freezes the answer, as it should: its graph takes one image size."""
    if not torch.onnx.is_in_onnx_export():
        return images.shape[-2:] == (side, side)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Converting a tensor to a Python boolean")
        return bool(images.shape[-2] == side and images.shape[-1] == side)


def initialise(network: nn.Module) -> None:
    """He initialisation by fan-out (He et al., 2015), counted per group; small normal weights for the classifier."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            fan_out = module.out_channels * module.kernel_size[0] * module.kernel_size[1] // module.groups
            nn.init.normal_(module.weight, std=(2.0 / fan_out) ** 0.5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.01)
            nn.init.zeros_(module.bias)
    for module in network.modules():
        if isinstance(module, LowRank):
            _initialise_factors(module)


@torch.no_grad()
def _initialise_factors(pair: LowRank) -> None:
    """Spectral initialisation (Khodak et al., ICLR 2021): the best factors of a whole layer that was initialised."""
    out_channels, rank = pair.restore.weight.shape[:2]
    whole = torch.randn(out_channels, pair.reduce.weight.shape[1]) * (2.0 / out_channels) ** 0.5
    left, values, right = torch.linalg.svd(whole, full_matrices=False)
    root = values[:rank].sqrt()
    pair.restore.weight.copy_((left[:, :rank] * root)[..., None, None])
    pair.reduce.weight.copy_((root[:, None] * right[:rank])[..., None, None])
