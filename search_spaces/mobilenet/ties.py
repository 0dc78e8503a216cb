"""When do two choices build one `mobilenet` network, and how many networks are there?

For a given number of stages a network is fixed by independent parts: the resolution, its channels, its depths, and the
remaining choices of each stage. Two parts can be built in more than one way:

- channels: (width multiplier, stem width, head width) -> (stem, stage and head channels), by rounding to the divisor;
- depths: (depth multiplier, depth of each stage) -> blocks of each stage, by rounding up. Sharing weights among the
  blocks of a stage, where a space has that choice, goes with them: it means nothing in a shallow stage.

Everything else differs in the network wherever it differs in the choices (`presets.py` says why stages never merge).
So the least index row among equals is found part by part, and the number of networks is, summed over the stage counts,
the product of the numbers of distinct resolutions, precisions, channels, depths and remaining choices.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from math import prod

import numpy as np

from search_spaces.channels import make_divisible
from search_spaces.conditions import INACTIVE, count_assignments
from search_spaces.deployment import PRECISION
from search_spaces.mobilenet.depth import SHARING_DEPTH, built_depth
from search_spaces.mobilenet.presets import Preset
from search_spaces.rules import ChoiceValue
from search_spaces.table import IntArray
from search_spaces.vocabulary import Choice

CHANNEL_CHOICES = ("width_multiplier", "stem_width", "head_width")


def identity(preset: Preset, values: Mapping[str, ChoiceValue]) -> dict[str, object]:
    """The values with multipliers multiplied out: equal for equal networks."""
    stage_count = int(values["stages"])
    given = np.array([values[_depth(stage)] for stage in range(stage_count)])
    depths = built_depth(given, float(values["depth_multiplier"])).tolist()
    tied = {*CHANNEL_CHOICES, "depth_multiplier", *map(_depth, range(stage_count))}
    tied |= {_share(stage) for stage in range(stage_count) if depths[stage] < SHARING_DEPTH}
    channels = built_channels(preset, stage_count, *(float(values[name]) for name in CHANNEL_CHOICES))
    return {
        **{name: value for name, value in values.items() if name not in tied},
        "channels": channels,
        "depths": depths,
    }


def built_channels(preset: Preset, stage_count: int, multiplier: float, stem: float, head: float) -> tuple[int, ...]:
    """Channels of stem, stages and head."""
    base = np.array([stem, *preset.stage_widths[:stage_count], head])
    return tuple(make_divisible(base * multiplier, preset.divisor).tolist())


class Ties:
    """The tied parts of one restricted preset."""

    def __init__(self, preset: Preset, choices: Sequence[Choice]) -> None:
        self._choices = choices
        self._column = {choice.name: position for position, choice in enumerate(choices)}
        self._options = {choice.name: choice.options for choice in choices}
        self._stage_counts = [int(count) for count in self._options["stages"]]
        self._channels = [_Channels(preset, self._options, count) for count in self._stage_counts]
        self._depths = _Depths(self._options, max(self._stage_counts))

    def resolve(self, indices: IntArray) -> IntArray:
        """The least row (in the order of the choices) that builds the same network, for masked rows (n, c)."""
        resolved = indices.copy()
        counts = indices[:, self._column["stages"]]
        where = [self._column[name] for name in CHANNEL_CHOICES]
        for count, channels in enumerate(self._channels):
            rows = np.flatnonzero(counts == count)[:, None]
            resolved[rows, where] = channels.least[tuple(indices[rows, where].T)]
        names = ["depth_multiplier", *map(_depth, range(max(self._stage_counts)))]
        where = [self._column[name] for name in names]
        resolved[:, where] = self._depths.resolve(indices[:, where])
        blocks = self._depths.blocks(indices[:, where])
        for stage in range(max(self._stage_counts)):
            if _share(stage) in self._column:
                share = resolved[:, self._column[_share(stage)]]
                share[(blocks[:, stage] < SHARING_DEPTH) & (share != INACTIVE)] = 0
        return resolved

    def count_networks(self) -> int:
        """The exact number of distinct networks."""
        remaining = [self._remaining_choices(stage) for stage in range(max(self._stage_counts))]
        whole = len(self._options["resolution"]) * len(self._options.get(PRECISION.name, (PRECISION.default,)))
        return whole * sum(
            channels.count * self._depths.count(stage_count) * prod(remaining[:stage_count])
            for stage_count, channels in zip(self._stage_counts, self._channels, strict=True)
        )

    def _remaining_choices(self, stage: int) -> int:
        prefix = f"stage{stage + 1}_"
        named = [choice for choice in self._choices if choice.name.startswith(prefix)]
        return count_assignments([choice for choice in named if choice.name not in (_depth(stage), _share(stage))])


class _Channels:
    """Ties of the channel choices for one number of stages, by trying all."""

    def __init__(self, preset: Preset, options: Mapping[str, tuple[ChoiceValue, ...]], stage_count: int) -> None:
        tied = [options[name] for name in CHANNEL_CHOICES]
        self.least = np.zeros((*map(len, tied), len(tied)), dtype=np.int64)
        """Option numbers of the three choices to the least option numbers that build the same."""
        first: dict[tuple[int, ...], tuple[int, ...]] = {}
        for numbers in product(*(range(len(choice)) for choice in tied)):
            values = [float(choice[number]) for choice, number in zip(tied, numbers, strict=True)]
            self.least[numbers] = first.setdefault(built_channels(preset, stage_count, *values), numbers)
        self.count = len(first)


class _Depths:
    """Ties between the depth multiplier and the depths of the stages; and how many ways there are to share in them."""

    def __init__(self, options: Mapping[str, tuple[ChoiceValue, ...]], stage_count: int) -> None:
        depths = [np.array(options[_depth(stage)]) for stage in range(stage_count)]
        multipliers = [float(multiplier) for multiplier in options["depth_multiplier"]]
        self._built = [[built_depth(depth, multiplier) for depth in depths] for multiplier in multipliers]
        """Option numbers of the multiplier, stage and depth to blocks."""
        deepest = max(int(blocks.max()) for stages in self._built for blocks in stages)
        self._least = np.full((len(multipliers), stage_count, deepest + 1), INACTIVE)
        """Multiplier, stage and blocks to the least depth option that builds them, -1 if none does."""
        for multiplier, stages in enumerate(self._built):
            for stage, blocks in enumerate(stages):
                for number in reversed(range(len(blocks))):
                    self._least[multiplier, stage, blocks[number]] = number
        self._ways = [len(options.get(_share(stage), (False,))) for stage in range(stage_count)]

    def resolve(self, indices: IntArray) -> IntArray:
        """Rows (n, 1 + stages) of multiplier and depths to the least rows that build the same depths."""
        resolved = indices.copy()
        active = indices[:, 1:] != INACTIVE
        blocks = self.blocks(indices)
        stage_numbers = np.arange(active.shape[1])
        for multiplier in reversed(range(len(self._built))):
            least = np.where(active, self._least[multiplier, stage_numbers, blocks], INACTIVE)
            can_build = (~active | (least != INACTIVE)).all(axis=1)
            resolved[can_build, 0] = multiplier
            resolved[can_build, 1:] = least[can_build]
        return resolved

    def blocks(self, indices: IntArray) -> IntArray:
        """Rows (n, 1 + stages) of multiplier and depths to the blocks of each stage, 0 where there is none."""
        active = indices[:, 1:] != INACTIVE
        blocks = np.zeros(active.shape, dtype=np.int64)
        for stage in range(active.shape[1]):
            for multiplier, stages in enumerate(self._built):
                rows = active[:, stage] & (indices[:, 0] == multiplier)
                blocks[rows, stage] = stages[stage][indices[rows, 1 + stage]]
        return blocks

    def count(self, stage_count: int) -> int:
        """Distinct depths of that many stages, each with its ways to share: a walk that keeps which multipliers can
        still build them."""
        able = Counter({frozenset(range(len(self._built))): 1})
        for stage in range(stage_count):
            builders: dict[int, set[int]] = {}
            for multiplier, stages in enumerate(self._built):
                for blocks in stages[stage].tolist():
                    builders.setdefault(blocks, set()).add(multiplier)
            walked: Counter[frozenset[int]] = Counter()
            for multipliers, count in able.items():
                for blocks, some in builders.items():
                    walked[multipliers & some] += count * (self._ways[stage] if blocks >= SHARING_DEPTH else 1)
            able = walked
        return sum(count for multipliers, count in able.items() if multipliers)


def _share(stage: int) -> str:
    return f"stage{stage + 1}_share"


def _depth(stage: int) -> str:
    return f"stage{stage + 1}_depth"
