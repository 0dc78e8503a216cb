"""The Once-for-All MobileNetV3 space (Cai et al., ICLR 2020; MobileNetV3: Howard et al., 2019).

Five stages of two to four inverted residual blocks, the first block of a stage always kept; every kept block has its
own kernel and expansion. (9^2 + 9^3 + 9^4)^5 = 7371^5 networks a resolution.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from search_spaces.channels import make_divisible
from search_spaces.columns import Columns
from search_spaces.deployment import PRECISION, SPARSITY
from search_spaces.plan import ACTIVATIONS, NetworkInput
from search_spaces.rules import WholeNumber
from search_spaces.space import SearchSpace
from search_spaces.table import BlockColumn, BlockTable, IntArray, TableBuilder, downsample_code, kind_code
from search_spaces.vocabulary import Choice, When

WIDTH_MULTIPLIERS: Mapping[str, float] = {"w1.0": 1.0, "w1.2": 1.2}
STEM_WIDTH, FIRST_BLOCK_WIDTH, EXPAND_WIDTH, MIX_WIDTH = 16, 16, 960, 1280
STAGE_WIDTHS = (24, 40, 80, 112, 160)
STAGE_STRIDES = (2, 2, 2, 1, 2)
STAGE_ACTIVATIONS = ("relu", "relu", "hard_swish", "hard_swish", "hard_swish")
STAGE_SQUEEZES = (False, True, False, True, True)
DEPTHS, KERNELS, EXPANSIONS = (2, 3, 4), (3, 5, 7), (3, 4, 6)
STAGES = range(1, 6)
BLOCKS = range(1, max(DEPTHS) + 1)
DIVISOR = 8
SQUEEZE = 4
RELU, HARD_SWISH = ACTIVATIONS.index("relu"), ACTIVATIONS.index("hard_swish")


class OfaMobileNetV3Space(SearchSpace):
    """Presets are the two published widths. Resolutions may be extended; kernel, expansion and depth may not."""

    name = "ofa_mobilenetv3"
    preset_image_sizes: ClassVar[Mapping[str, int]] = dict.fromkeys(WIDTH_MULTIPLIERS, 224)

    @classmethod
    def declare(cls, preset: str) -> tuple[Choice, ...]:
        """Resolution; depth, kernels and expansions of each stage; how it is deployed."""
        resolution = Choice(
            "resolution",
            (160, 176, 192, 208, 224),
            ordinal=True,
            doc="Side of the square image that the network sees, in pixels.",
            rule=WholeNumber(128, 224, multiple_of=16),
        )
        return (resolution, *(choice for stage in STAGES for choice in _stage_choices(stage)), PRECISION, SPARSITY)

    def layout(self, indices: IntArray, network_input: NetworkInput) -> BlockTable:
        """Stem, first block, 20 elastic blocks, final expansion, pooling, feature mix, classifier."""
        columns = Columns(self.choices, indices)
        builder = TableBuilder(size=columns.whole("resolution"), channels=np.full(len(indices), network_input.channels))
        halve = downsample_code("stride")
        stem = BlockColumn(kind_code("conv"), -1, self.width(STEM_WIDTH), 3, downsample=halve, activation=HARD_SWISH)
        builder.add(stem)
        first_width = self.width(FIRST_BLOCK_WIDTH)
        builder.add(
            BlockColumn(kind_code("inverted"), -1, first_width, 3, mid_channels=builder.channels, activation=RELU)
        )
        for stage in STAGES:
            for block in BLOCKS:
                self._add_block(builder, columns, stage, block)
        after = len(STAGES)
        expand = BlockColumn(kind_code("conv"), after, self.width(EXPAND_WIDTH), activation=HARD_SWISH)
        builder.add(expand)
        builder.add(BlockColumn(kind_code("global_pool"), after, builder.channels))
        mix = BlockColumn(kind_code("feature_mix"), after, self.width(MIX_WIDTH), activation=HARD_SWISH)
        builder.add(mix)
        builder.add(BlockColumn(kind_code("classifier"), after, network_input.class_count))
        return builder.table()

    def width(self, base: int) -> int:
        """Channels at this preset's width."""
        return int(make_divisible(np.array(base * WIDTH_MULTIPLIERS[self.preset]), DIVISOR))

    def _add_block(self, builder: TableBuilder, columns: Columns, stage: int, block: int) -> None:
        mid_channels = builder.channels * columns.whole(f"stage{stage}_block{block}_expansion")
        squeezed = make_divisible(mid_channels // SQUEEZE, DIVISOR)
        builder.add(
            BlockColumn(
                kind=kind_code("inverted"),
                stage=stage - 1,
                out_channels=self.width(STAGE_WIDTHS[stage - 1]),
                kernel=columns.whole(f"stage{stage}_block{block}_kernel"),
                mid_channels=mid_channels,
                downsample=downsample_code("stride" if block == 1 and STAGE_STRIDES[stage - 1] == 2 else ""),
                se_channels=squeezed if STAGE_SQUEEZES[stage - 1] else 0,
                activation=ACTIVATIONS.index(STAGE_ACTIVATIONS[stage - 1]),
                exists=columns.whole(f"stage{stage}_depth") >= block,
            )
        )


def _stage_choices(stage: int) -> list[Choice]:
    depth = f"stage{stage}_depth"
    choices = [Choice(depth, DEPTHS, ordinal=True, doc="Blocks that are kept.", group="depth")]
    for block in BLOCKS:
        kept = When(depth, tuple(d for d in DEPTHS if d >= block)) if block > min(DEPTHS) else None
        prefix = f"stage{stage}_block{block}_"
        choices += [
            Choice(
                f"{prefix}kernel", KERNELS, ordinal=True, when=kept, doc="Side of the depthwise kernel.", group="kernel"
            ),
            Choice(
                f"{prefix}expansion",
                EXPANSIONS,
                ordinal=True,
                when=kept,
                doc="Factor on the channels inside of the block.",
                group="expansion",
            ),
        ]
    return choices


SPACE = OfaMobileNetV3Space
