"""The `mobilenet` space: three to five stages of MobileNet-like blocks between a stem and a head."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from search_spaces.deployment import PRECISION, SPARSITY
from search_spaces.mobilenet import layout, ties
from search_spaces.mobilenet.presets import (
    DEPTH_MULTIPLIERS,
    PRESETS,
    STAGE_COUNTS,
    WIDTH_MULTIPLIERS,
    Preset,
)
from search_spaces.plan import NetworkInput
from search_spaces.rules import ChoiceValue, RealNumber, WholeNumber
from search_spaces.space import SearchSpace
from search_spaces.table import BlockTable, IntArray
from search_spaces.vocabulary import Choice, When

CHANNELS = WholeNumber(4, 4096)
DEPTHS = WholeNumber(1, 8)
KERNELS = WholeNumber(3, 9, odd=True)
EXPANSIONS = WholeNumber(1, 10)
RANKS = RealNumber(0.05, 1.0)
CONVOLVING = ("separable", "inverted", "fused")
EXPANDING = ("inverted", "fused")
POOLING = ("pool",)
SHARE_DOC = "Optional: all blocks of the stage after its first have the same weights (as in ALBERT)."
RANK_DOC = (
    "Optional: 1 x 1 convolutions of the stage are two smaller ones, with this share of their fewer channels between; "
    "those that would not get smaller stay whole."
)


class MobileNetSpace(SearchSpace):
    """See `presets.py` for the ranges, `layout.py` for the network and `ties.py` for its canonical form."""

    name = "mobilenet"
    preset_image_sizes = {name: preset.image_size for name, preset in PRESETS.items()}

    @classmethod
    def declare(cls, preset: str) -> tuple[Choice, ...]:
        """Global choices, then those of each stage, then how it is deployed."""
        ranges = PRESETS[preset]
        stages = [_stage_choices(ranges, number) for number in range(1, STAGE_COUNTS.high + 1)]
        return (*_global_choices(ranges), *(choice for stage in stages for choice in stage), PRECISION, SPARSITY)

    def layout(self, indices: IntArray, network_input: NetworkInput) -> BlockTable:
        """Stem, blocks of the stages, head, classifier."""
        return layout.layout(PRESETS[self.preset], self.choices, indices, network_input)

    @cached_property
    def _ties(self) -> ties.Ties:
        return ties.Ties(PRESETS[self.preset], self.choices)

    def resolve_ties(self, indices: IntArray) -> IntArray:
        """Multipliers and rounding can build one network from several choices: the least index row stands for all."""
        return self._ties.resolve(indices)

    def identity(self, values: Mapping[str, ChoiceValue]) -> Mapping[str, object]:
        """The values with channels and depths as built."""
        return ties.identity(PRESETS[self.preset], values)

    def size(self) -> int:
        """The exact number of distinct networks; the method stands in `ties.py`."""
        return self._ties.count_networks()


def _global_choices(ranges: Preset) -> tuple[Choice, ...]:
    return (
        Choice(
            "resolution",
            ranges.resolutions,
            ordinal=True,
            doc="Side of the square image that the network sees, in pixels.",
            rule=ranges.resolution_rule,
        ),
        Choice("stages", (3, 4, 5), ordinal=True, doc="Number of stages.", rule=STAGE_COUNTS),
        Choice(
            "width_multiplier",
            ranges.width_multipliers,
            ordinal=True,
            doc="Factor on all channel counts, before they are made divisible.",
            rule=WIDTH_MULTIPLIERS,
        ),
        Choice(
            "depth_multiplier",
            ranges.depth_multipliers,
            ordinal=True,
            doc="Factor on the depth of all stages, rounded up.",
            rule=DEPTH_MULTIPLIERS,
        ),
        Choice("stem_width", ranges.stem_widths, ordinal=True, doc="Channels of the stem.", rule=CHANNELS),
        Choice("head_width", ranges.head_widths, ordinal=True, doc="Channels of the head.", rule=CHANNELS),
    )


def _stage_choices(ranges: Preset, number: int) -> list[Choice]:
    """The choices of one stage; later stages exist only while `stages` says so."""
    prefix = f"stage{number}_"
    counts = tuple(range(max(number, STAGE_COUNTS.low), STAGE_COUNTS.high + 1))
    exists = When("stages", counts) if number > STAGE_COUNTS.low else None
    kind = f"{prefix}kind"
    expands, pools, convolves = When(kind, EXPANDING), When(kind, POOLING), When(kind, CONVOLVING)
    light, fuses = When(kind, ("separable", "inverted", "pool")), When(kind, ("fused",))
    choices = [
        Choice("kind", (*CONVOLVING, *POOLING), when=exists, doc="The block that the stage repeats."),
        Choice("depth", ranges.depths, True, exists, "Blocks, before the depth multiplier.", rule=DEPTHS),
        Choice("kernel", (3, 5, 7), True, light, "Side of the depthwise or pooling window.", rule=KERNELS),
        Choice("fused_kernel", (3, 5), True, fuses, "Side of the dense convolution.", rule=KERNELS),
        Choice("expansion", ranges.expansions, True, expands, "Factor on the channels in a block.", rule=EXPANSIONS),
        Choice("squeeze_excite", (False, True), when=expands, doc="Channel attention in a block."),
        Choice("activation", ("relu", "hard_swish"), when=exists, doc="The non-linearity."),
        Choice("pooling", ("avg", "max"), when=pools, doc="The operator of a pooling stage."),
        Choice("share", (False, True), when=exists, doc=SHARE_DOC, default=False),
        Choice("rank", (1.0, 0.5, 0.25), True, exists, RANK_DOC, rule=RANKS, default=1.0),
    ]
    if ranges.downsampling[number - 1]:
        choices.append(
            Choice("downsample", ("stride", "max", "avg"), when=convolves, doc="How the image side is halved.")
        )
    return [replace(choice, name=prefix + choice.name, group=choice.name) for choice in choices]


SPACE = MobileNetSpace
