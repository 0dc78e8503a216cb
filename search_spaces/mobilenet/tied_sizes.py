"""The sizes of `mobilenet` networks that several choices give: channels and depths, each by trying all."""

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import product

import numpy as np

from search_spaces.channels import make_divisible
from search_spaces.conditions import INACTIVE
from search_spaces.mobilenet.depth import built_depth
from search_spaces.mobilenet.names import CHANNEL_CHOICES, stage_choice
from search_spaces.mobilenet.presets import Preset
from search_spaces.rules import ChoiceValue
from search_spaces.table import IntArray

Options = Mapping[str, tuple[ChoiceValue, ...]]
"""Of every choice of a restricted space by its name."""


def built_channels(preset: Preset, stage_count: int, multiplier: float, stem: float, head: float) -> tuple[int, ...]:
    """Channels of stem, stages and head."""
    base = np.array([stem, *preset.stage_widths[:stage_count], head])
    return tuple(make_divisible(base * multiplier, preset.divisor).tolist())


class Channels:
    """Ties of the channel choices for one number of stages, by trying all."""

    def __init__(self, preset: Preset, options: Options, stage_count: int) -> None:
        tied = [options[name] for name in CHANNEL_CHOICES]
        self.least = np.zeros((*map(len, tied), len(tied)), dtype=np.int64)
        """Option numbers of the three choices to the least option numbers that build the same."""
        first: dict[tuple[int, ...], tuple[int, ...]] = {}
        for numbers in product(*(range(len(choice)) for choice in tied)):
            values = [float(choice[number]) for choice, number in zip(tied, numbers, strict=True)]
            self.least[numbers] = first.setdefault(built_channels(preset, stage_count, *values), numbers)
        self.built = tuple(first)
        """What `built_channels` gives, once for each way to have it."""


class Depths:
    """Ties between the depth multiplier and the depths of the stages."""

    def __init__(self, options: Options, stage_count: int) -> None:
        depths = [np.array(options[stage_choice(stage, "depth")]) for stage in range(stage_count)]
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

    def count(self, stage_count: int, ways: Callable[[int, int], int]) -> int:
        """Distinct depths of that many stages, where a stage of so many blocks can be made in `ways(stage, blocks)`: a
        walk that keeps which multipliers can still build them."""
        able = Counter({frozenset(range(len(self._built))): 1})
        for stage in range(stage_count):
            builders: dict[int, set[int]] = {}
            for multiplier, stages in enumerate(self._built):
                for blocks in stages[stage].tolist():
                    builders.setdefault(blocks, set()).add(multiplier)
            walked: Counter[frozenset[int]] = Counter()
            for multipliers, count in able.items():
                for blocks, some in builders.items():
                    walked[multipliers & some] += count * ways(stage, blocks)
            able = walked
        return sum(count for multipliers, count in able.items() if multipliers)
