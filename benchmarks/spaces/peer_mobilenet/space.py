"""The space of the from-scratch peer, choice by choice: what `time_to_front.py` has both sides search.

Names and options are the peer's; a block that its stage does not reach is left out here and ignored there.
"""

import numpy as np

from search_spaces.columns import Columns
from search_spaces.plan import ACTIVATIONS, POOLINGS, NetworkInput
from search_spaces.space import SearchSpace
from search_spaces.table import BlockColumn, BlockTable, IntArray, TableBuilder, downsample_code, kind_code
from search_spaces.vocabulary import Choice, When

WIDTHS = (16, 24, 32, 48)
STRIDES = (2, 2, 2, 1)
DEPTHS = (1, 2, 3)
WIDTH_MULTIPLIERS = (0.25, 0.5, 0.75, 1.0)
FEWEST_CHANNELS = 4
IMAGE_SIZE = 32
RELU = ACTIVATIONS.index("relu")


class PeerMobileNetSpace(SearchSpace):
    """Four stages of inverted residuals, each block with a kernel and an expansion of its own."""

    name = "peer_mobilenet"
    preset_image_sizes = {"peer": IMAGE_SIZE}

    @classmethod
    def declare(cls, preset: str) -> tuple[Choice, ...]:
        """Stem, pool, then stage by stage."""
        stages = [choice for stage in range(len(WIDTHS)) for choice in _stage_choices(stage)]
        return (
            Choice("stem_w", (8, 16), ordinal=True),
            Choice("stem_s", (1, 2), ordinal=True),
            Choice("pool", ("avg", "max")),
            *stages,
        )

    def layout(self, indices: IntArray, network_input: NetworkInput) -> BlockTable:
        """As the peer's `Net` builds it, with ReLU in place of ReLU6."""
        columns = Columns(self.choices, indices)
        builder = TableBuilder(
            size=np.full(len(indices), IMAGE_SIZE), channels=np.full(len(indices), network_input.channels)
        )
        halved = np.where(columns.whole("stem_s") == 2, downsample_code("stride"), 0)
        builder.add(
            BlockColumn(kind_code("conv"), -1, columns.whole("stem_w"), kernel=3, downsample=halved, activation=RELU)
        )
        for stage in range(len(WIDTHS)):
            _add_stage(builder, columns, stage)
        pooling = columns.codes("pool", POOLINGS)
        builder.add(BlockColumn(kind_code("global_pool"), len(WIDTHS), builder.channels, pooling=pooling))
        builder.add(BlockColumn(kind_code("classifier"), len(WIDTHS), network_input.class_count))
        return builder.table()


def _add_stage(builder: TableBuilder, columns: Columns, stage: int) -> None:
    width = np.maximum(FEWEST_CHANNELS, (WIDTHS[stage] * columns.numbers(f"w{stage}")).astype(np.int64))
    for block in range(max(DEPTHS)):
        builder.add(
            BlockColumn(
                kind_code("inverted"),
                stage,
                width,
                kernel=columns.whole(f"k{stage}{block}"),
                mid_channels=builder.channels * columns.whole(f"e{stage}{block}"),
                downsample=downsample_code("stride" if block == 0 and STRIDES[stage] == 2 else ""),
                activation=RELU,
                exists=columns.whole(f"d{stage}") > block,
            )
        )


def _stage_choices(stage: int) -> list[Choice]:
    depth = f"d{stage}"
    choices = [Choice(depth, DEPTHS, True, group="d"), Choice(f"w{stage}", WIDTH_MULTIPLIERS, True, group="w")]
    for block in range(max(DEPTHS)):
        reached = When(depth, tuple(d for d in DEPTHS if d > block)) if block else None
        choices.append(Choice(f"k{stage}{block}", (3, 5), True, reached, group="k"))
        choices.append(Choice(f"e{stage}{block}", (2, 4, 6), True, reached, group="e"))
    return choices


SPACE = PeerMobileNetSpace
