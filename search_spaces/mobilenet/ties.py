"""When do two choices build one `mobilenet` network, and how many networks are there?

For a given number of stages a network is fixed by its resolution, its channels, its depths, and the remaining choices
of each stage. These can be built in more than one way:

- channels: (width multiplier, stem width, head width) -> (stem, stage and head channels), by rounding to the divisor;
- depths: (depth multiplier, depth of each stage) -> blocks of each stage, by rounding up;
- sharing, where a space has that choice, means nothing in a shallow stage;
- ranks, where a space has them, by rounding to the divisor, and where a convolution would not get smaller: which ones
  are alike follows from the stage's kind, expansion and channels, and from whether it repeats its block.

Everything else differs in the network wherever it differs in the choices (`presets.py` says why stages never merge).
So the least index row among equals is found part by part, and the number of networks is, summed over the stage counts
and the distinct channels, the number of distinct depths, each with the ways there are to make its stages.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from math import prod

import numpy as np

from search_spaces.channels import make_divisible
from search_spaces.columns import Columns
from search_spaces.conditions import INACTIVE, count_assignments
from search_spaces.deployment import PRECISION, SPARSITY
from search_spaces.mobilenet.depth import SHARING_DEPTH, built_depth
from search_spaces.mobilenet.names import CHANNEL_CHOICES, stage_choice
from search_spaces.mobilenet.presets import Preset
from search_spaces.mobilenet.rank import StageShape, built_ranks
from search_spaces.mobilenet.tied_sizes import Channels, Depths, built_channels
from search_spaces.plan import KINDS, BlockKind
from search_spaces.rules import ChoiceValue
from search_spaces.table import IntArray, is_kind
from search_spaces.vocabulary import Choice

EXPANDING: tuple[BlockKind, ...] = ("inverted", "fused")


def identity(preset: Preset, values: Mapping[str, ChoiceValue]) -> dict[str, object]:
    """The values with multipliers and ranks multiplied out: equal for equal networks."""
    stage_count = int(values["stages"])
    given = np.array([values[stage_choice(stage, "depth")] for stage in range(stage_count)])
    depths = built_depth(given, float(values["depth_multiplier"])).tolist()
    tied = {*CHANNEL_CHOICES, "depth_multiplier"}
    tied |= {stage_choice(stage, name) for stage in range(stage_count) for name in ("depth", "rank")}
    tied |= {stage_choice(stage, "share") for stage in range(stage_count) if depths[stage] < SHARING_DEPTH}
    channels = built_channels(preset, stage_count, *(float(values[name]) for name in CHANNEL_CHOICES))
    found = {name: value for name, value in values.items() if name not in tied}
    for stage in range(stage_count):
        if (rank := stage_choice(stage, "rank")) in values:
            kind, expansion = (values.get(stage_choice(stage, name), 1) for name in ("kind", "expansion"))
            shape = _shape(str(kind), int(expansion), channels[stage : stage + 2], depths[stage])
            built = built_ranks(float(values[rank]), shape, preset.divisor)
            found |= {stage_choice(stage, "ranks"): built.tolist()} if built.any() else {}
    return {**found, "channels": channels, "depths": depths}


def _shape(kind: str, expansion: int, channels: Sequence[int], blocks: int) -> StageShape:
    before, after = channels
    return StageShape(kind == "inverted", kind in EXPANDING, expansion, before, after, blocks > 1)


class Ties:
    """The tied parts of one restricted preset."""

    def __init__(self, preset: Preset, choices: Sequence[Choice]) -> None:
        self._preset, self._choices = preset, choices
        self._column = {choice.name: position for position, choice in enumerate(choices)}
        self._options = {choice.name: choice.options for choice in choices}
        self._stage_counts = [int(count) for count in self._options["stages"]]
        self._channels = [Channels(preset, self._options, count) for count in self._stage_counts]
        self._depths = Depths(self._options, max(self._stage_counts))
        self._remaining = cache(self._remaining_choices)

    def resolve(self, indices: IntArray) -> IntArray:
        """The least row (in the order of the choices) that builds the same network, for masked rows (n, c)."""
        resolved = indices.copy()
        counts = indices[:, self._column["stages"]]
        where = [self._column[name] for name in CHANNEL_CHOICES]
        for count, channels in enumerate(self._channels):
            rows = np.flatnonzero(counts == count)[:, None]
            resolved[rows, where] = channels.least[tuple(indices[rows, where].T)]
        stages = range(max(self._stage_counts))
        where = [self._column[name] for name in ("depth_multiplier", *(stage_choice(s, "depth") for s in stages))]
        resolved[:, where] = self._depths.resolve(indices[:, where])
        blocks = self._depths.blocks(indices[:, where])
        for stage in stages:
            if (name := stage_choice(stage, "share")) in self._column:
                share = resolved[:, self._column[name]]
                share[(blocks[:, stage] < SHARING_DEPTH) & (share != INACTIVE)] = 0
            if (name := stage_choice(stage, "rank")) in self._column:
                resolved[:, self._column[name]] = self._least_ranks(indices, stage, blocks[:, stage])
        return resolved

    def count_networks(self) -> int:
        """The exact number of distinct networks."""
        deployed = prod(len(self._options.get(choice.name, (choice.default,))) for choice in (PRECISION, SPARSITY))
        ranked = any(name.endswith("_rank") for name in self._options)
        return (
            deployed
            * len(self._options["resolution"])
            * sum(
                count * self._depths.count(stage_count, partial(self._ways, built))
                for stage_count, channels in zip(self._stage_counts, self._channels, strict=True)
                for built, count in Counter(built if ranked else () for built in channels.built).items()
            )
        )

    def _least_ranks(self, indices: IntArray, stage: int, blocks: IntArray) -> IntArray:
        """The first rank of the stage that builds what that of rows (n, c) does; -1 where there is no such stage."""
        columns, name = Columns(self._choices, indices), stage_choice(stage, "rank")
        kind = columns.codes(stage_choice(stage, "kind"), KINDS)
        widths = (columns.whole("stem_width"), *self._preset.stage_widths)[stage : stage + 2]
        multiplier = columns.numbers("width_multiplier")
        before, after = (make_divisible(np.asarray(width) * multiplier, self._preset.divisor) for width in widths)
        expansion = columns.whole(stage_choice(stage, "expansion"))
        shape = StageShape(is_kind(kind, "inverted"), is_kind(kind, *EXPANDING), expansion, before, after, blocks > 1)
        own = built_ranks(columns.numbers(name), shape, self._preset.divisor)
        least = indices[:, self._column[name]].copy()
        for number in reversed(range(len(self._options[name]))):
            built = built_ranks(float(self._options[name][number]), shape, self._preset.divisor)
            least[(built == own).all(1) & (least != INACTIVE)] = number
        return least

    def _ways(self, channels: tuple[int, ...], stage: int, blocks: int) -> int:
        """To make a stage of that many blocks, between these channels of stem and stages if the space has ranks."""
        sharing = len(self._options.get(stage_choice(stage, "share"), (False,))) if blocks >= SHARING_DEPTH else 1
        return sharing * self._remaining(channels[stage : stage + 2], stage, blocks > 1)

    def _remaining_choices(self, channels: tuple[int, ...], stage: int, repeats: bool) -> int:
        tied = {stage_choice(stage, name) for name in ("depth", "share", "rank")}
        named = [choice for choice in self._choices if choice.name.startswith(stage_choice(stage, ""))]
        named = [choice for choice in named if choice.name not in tied]
        ranks = self._options.get(stage_choice(stage, "rank"))
        if ranks is None:
            return count_assignments(named)
        kind_name, expansion_name = stage_choice(stage, "kind"), stage_choice(stage, "expansion")
        total = 0
        for kind in self._options[kind_name]:
            for expansion in self._options[expansion_name] if kind in EXPANDING else (1,):
                fixed = {kind_name: (kind,), expansion_name: (expansion,)}
                alike = [replace(choice, options=fixed.get(choice.name, choice.options)) for choice in named]
                shape = _shape(str(kind), int(expansion), channels, 2 if repeats else 1)
                built = {built_ranks(float(rank), shape, self._preset.divisor).tobytes() for rank in ranks}
                total += count_assignments(alike) * len(built)
        return total
