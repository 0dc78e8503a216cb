"""The torch-free description of one network: what build, drawing, profiling and predictors read.

A `NetworkPlan` is one row of a space's `BlockTable`: the blocks in the order they run, each with its shapes and costs.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

BlockKind = Literal["conv", "separable", "inverted", "fused", "pool", "global_pool", "feature_mix", "classifier"]
"""conv: k x k convolution (the stem, and the 1 x 1 head). separable: depthwise k x k, then 1 x 1 (MobileNetV1).
inverted: 1 x 1 expansion, depthwise k x k, 1 x 1 projection (MobileNetV2). fused: k x k expansion, 1 x 1 projection
(EfficientNetV2). pool: k x k pooling, then 1 x 1. global_pool: average over the image, or its largest value.
feature_mix: 1 x 1 convolution after it, without batch norm (MobileNetV3). classifier: the linear layer that gives the
logits."""

Downsample = Literal["", "stride", "max", "avg"]
"""How a block halves its image side: not at all, by its own stride, or by a 2 x 2 pool standing before it."""

Pooling = Literal["", "avg", "max"]
"""The operator of a `pool` block; `max` of a `global_pool` that does not average."""

Activation = Literal["", "relu", "hard_swish"]

KINDS: tuple[BlockKind, ...] = get_args(BlockKind)
DOWNSAMPLES: tuple[Downsample, ...] = get_args(Downsample)
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """What the data set fixes: image channels in, classes out."""

    channels: int
    class_count: int


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """One block. Sizes are sides of square images, in pixels; costs are for batch 1."""

    kind: BlockKind
    stage: int
    """-1 for the stem, 0 to stages-1, and `stages` for everything after the last stage."""
    in_channels: int
    mid_channels: int
    """Channels after the expansion (inverted, fused); 0 where there is none."""
    out_channels: int
    kernel: int
    stride: int
    """Stride of the block's own k x k layer: 1 where a 2 x 2 pool before it does the down-sampling."""
    downsample: Downsample
    pooling: Pooling
    se_channels: int
    """Squeezed channels of squeeze-and-excite; 0 is none."""
    activation: Activation
    residual: bool
    """Whether the block's input (after a down-sampling pool) is added to its output."""
    in_size: int
    out_size: int
    macs: int
    """Multiply-accumulates of convolutions and linear layers."""
    params: int
    """Trainable parameters, batch norm included."""
    weight_bytes: int
    """Deployed fp32 weights, batch norm folded into one bias a channel."""
    peak_activation_bytes: int
    """The most fp32 activation memory that any layer of the block needs; the rule stands in `cost.py`."""
    shared: bool = False
    """Whether it is the block before it, run once more: the same weights and batch norms, which take no more room."""
    expand_rank: int = 0
    """Channels between the two 1 x 1 convolutions that the expansion is made of; 0: it is a single one."""
    project_rank: int = 0
    """The same of the 1 x 1 convolution at the block's end."""


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """One network. Equal plans are equal networks."""

    space: str
    resolution: int
    """Side of the square image that the first block sees, in pixels."""
    input: NetworkInput
    blocks: tuple[BlockPlan, ...]

    @property
    def own_blocks(self) -> tuple[BlockPlan, ...]:
        """Blocks with weights of their own."""
        return tuple(block for block in self.blocks if not block.shared)

    @property
    def runs(self) -> tuple[int, ...]:
        """How often each of `own_blocks` runs, one time after the other."""
        starts = [place for place, block in enumerate(self.blocks) if not block.shared]
        return tuple(end - start for start, end in pairwise([*starts, len(self.blocks)]))

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image."""
        return sum(block.macs for block in self.blocks)

    @property
    def params(self) -> int:
        """Trainable parameters of the torch model."""
        return sum(block.params for block in self.blocks)

    @property
    def weight_bytes(self) -> int:
        """Deployed fp32 weights in bytes, batch norm folded."""
        return sum(block.weight_bytes for block in self.blocks)

    @property
    def peak_activation_bytes(self) -> int:
        """The most activation memory that any layer needs, fp32, batch 1."""
        return max(block.peak_activation_bytes for block in self.blocks)

    @property
    def stage_count(self) -> int:
        """Stages between stem and head."""
        return max(block.stage for block in self.blocks)
