"""A search space of one's own: plain convolutions, three levels, halving the image between them.

A folder with a `space.py` is a space: it gives `SPACE`, a class named as the folder, that declares its choices and
lays architectures out as blocks. Size, sampling, encodings, costs, plan and the torch network follow from that.
"""

import numpy as np

from search_spaces.columns import Columns
from search_spaces.plan import ACTIVATIONS, NetworkInput
from search_spaces.rules import WholeNumber
from search_spaces.space import SearchSpace
from search_spaces.table import BlockColumn, BlockTable, IntArray, TableBuilder, downsample_code, kind_code
from search_spaces.vocabulary import Choice, When

LEVELS = (1, 2, 3)
DEPTHS = (1, 2, 3)


class PlainCNN(SearchSpace):
    """Each level has a width, a depth, and a kernel for each of its convolutions."""

    name = "plain_cnn"
    preset_image_sizes = {"default": 8}

    @classmethod
    def declare(cls, preset: str) -> tuple[Choice, ...]:
        """Resolution and activation, then the choices of each level; a kernel matters if its convolution exists."""
        choices = [
            Choice("resolution", (8, 16), ordinal=True, rule=WholeNumber(4, 64, multiple_of=4)),
            Choice("activation", ("relu", "hard_swish")),
        ]
        for level in LEVELS:
            depth = f"level{level}_depth"
            widths = tuple(level * width for width in (8, 16, 24))
            choices.append(Choice(f"level{level}_width", widths, ordinal=True, rule=WholeNumber(1, 1024)))
            choices.append(Choice(depth, DEPTHS, ordinal=True))
            for number in DEPTHS:
                deep_enough = When(depth, DEPTHS[number - 1 :]) if number > 1 else None
                choices.append(
                    Choice(f"level{level}_kernel{number}", (1, 3, 5), ordinal=True, when=deep_enough, group="kernel")
                )
        return tuple(choices)

    def layout(self, indices: IntArray, network_input: NetworkInput) -> BlockTable:
        """The convolutions of each level, the first of levels 2 and 3 with stride 2; average pool; classifier."""
        columns = Columns(self.choices, indices)
        channels = np.full(len(indices), network_input.channels)
        builder = TableBuilder(size=columns.whole("resolution"), channels=channels)
        for level in LEVELS:
            for number in DEPTHS:
                halves = level > 1 and number == 1
                builder.add(
                    BlockColumn(
                        kind=kind_code("conv"),
                        stage=level - 1,
                        out_channels=columns.whole(f"level{level}_width"),
                        kernel=columns.whole(f"level{level}_kernel{number}"),
                        downsample=downsample_code("stride" if halves else ""),
                        activation=columns.codes("activation", ACTIVATIONS),
                        exists=columns.whole(f"level{level}_depth") >= number,
                    )
                )
        builder.add(BlockColumn(kind_code("global_pool"), len(LEVELS), builder.channels))
        builder.add(BlockColumn(kind_code("classifier"), len(LEVELS), network_input.class_count))
        return builder.table()


SPACE = PlainCNN
