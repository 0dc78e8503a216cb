"""How blocks, tensors and quantities are written."""

from search_spaces import BlockPlan
from search_spaces.drawing.content import Run, Stage

NAMES = {
    "conv": "Convolution",
    "separable": "Depthwise separable",
    "inverted": "Inverted residual",
    "fused": "Fused inverted residual",
    "global_pool": "Global average pool",
    "feature_mix": "Convolution",
    "classifier": "Classifier",
}
POOLS = {"max": "Max pool", "avg": "Average pool"}
ACTIVATIONS = {"relu": "ReLU", "hard_swish": "hard-swish"}
SHARED = "weights of the block before"
PREFIXES = ("", "k", "M", "G", "T")
VECTOR_KINDS = ("global_pool", "feature_mix")
"""Blocks that give one value a channel: no image side worth naming."""
WINDOWLESS_KINDS = ("global_pool", "classifier")


def quantity(value: int) -> str:
    """Three significant digits with an SI prefix: 1234567 is `1.23 M`."""
    scaled, power = float(value), 0
    while scaled >= 999.5 and power < len(PREFIXES) - 1:
        scaled, power = scaled / 1000, power + 1
    digits = f"{scaled:.3g}" if power else f"{value}"
    return f"{digits} {PREFIXES[power]}".rstrip()


def byte_count(value: int) -> str:
    """Bytes with an SI prefix: 1234567 is `1.23 MB`."""
    text = quantity(value)
    return f"{text}B" if text[-1].isalpha() else f"{text} B"


def percent(share: float) -> str:
    """A share in [0, 1]."""
    if share == 0:
        return "0"
    return "<0.1 %" if share < 0.0005 else f"{100 * share:.1f} %" if share < 0.0995 else f"{100 * share:.0f} %"


def block_name(block: BlockPlan) -> str:
    """What kind of block it is."""
    return POOLS[block.pooling] if block.kind == "pool" else NAMES[block.kind]


def window(block: BlockPlan) -> str:
    """Its kernel or pooling window, where it has one."""
    return "" if block.kind in WINDOWLESS_KINDS else f"{block.kernel} × {block.kernel}"


def stride(block: BlockPlan) -> str:
    """Its stride, unless that is 1."""
    return f"stride {block.stride}" if block.stride > 1 else ""


def channels(block: BlockPlan) -> str:
    """Channels in, within and out, and how many times wider it is within."""
    if block.mid_channels in (0, block.in_channels):
        return f"{block.in_channels} → {block.out_channels}"
    times_wider = f"×{block.mid_channels / block.in_channels:.3g}"
    return f"{block.in_channels} → {block.mid_channels} → {block.out_channels} ({times_wider})"


def details(block: BlockPlan) -> list[str]:
    """What else is in it."""
    mix = ["1 × 1 conv"] if block.kind == "pool" else []
    squeeze = [f"SE {block.se_channels}"] if block.se_channels else []
    activation = [ACTIVATIONS[block.activation]] if block.activation else []
    ranks = [f"rank {rank} {word}" for rank, word in ((block.expand_rank, "in"), (block.project_rank, "out")) if rank]
    return [*mix, *squeeze, *activation, *ranks, *([SHARED] if block.shared else [])]


def pool_before(block: BlockPlan) -> str:
    """The down-sampling pool in front of a block."""
    return f"{POOLS[block.downsample]} 2 × 2"


def image_shape(channel_count: int, size: int) -> str:
    """Channels x height x width."""
    return f"{channel_count} × {size} × {size}"


def pooled_shape(block: BlockPlan) -> str:
    """The shape of what the pool in front of a block gives."""
    return image_shape(block.in_channels, block.in_size // 2)


def output_shape(block: BlockPlan) -> str:
    """The shape of what a block gives."""
    if block.kind == "classifier":
        return f"{block.out_channels} logits"
    if block.kind in VECTOR_KINDS:
        return f"{block.out_channels} features"
    return image_shape(block.out_channels, block.out_size)


def sentence(run: Run) -> str:
    """A run in words, for those who cannot see it."""
    block = run.block
    parts = [block_name(block), window(block), stride(block), f"channels {channels(block)}", *details(block)]
    times = f"{run.count} times " if run.count > 1 else ""
    before = f"{pool_before(block)}, then " if run.pools_first else ""
    skip = "with a skip connection" if block.residual else ""
    costs = f"{quantity(run.count * block.macs)} MACs, {quantity(run.count * block.params)} parameters"
    described = ", ".join(part for part in (*parts, skip, f"gives {output_shape(block)}", costs) if part)
    return f"{before}{times}{described}"


def stage_sentence(stage: Stage) -> str:
    """A stage in words."""
    return f"{stage.name}: {'; '.join(map(sentence, stage.runs))}."
