"""Progressive shrinking: which choices a supernet's networks may differ in as its training goes on.

The largest network trains alone first; then kernels are opened, then depths, then widths (Once-for-All, Cai et al.,
ICLR 2020, section 3.3; there, too, resolution varies from the start). What a choice does is read off the networks
that it makes, so that any space can be trained so.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nas_service.domain.spec import SupernetSpec
from search_spaces import NetworkInput, SearchSpace
from search_spaces.table import ABSENT, IntArray

LOOKED_AT = 16
"""Pairs of networks that differ in one choice, to see what it does."""
DEPTH, WIDTH = 1, 2
"""The phases in which what changes depths or widths is opened; all else is open in the first."""


@dataclass(frozen=True)
class Shrinking:
    """The phases of one training."""

    space: SearchSpace
    network_input: NetworkInput
    how: SupernetSpec
    total_steps: int

    @property
    def begin(self) -> int:
        """Steps in which the largest network trains alone."""
        return round(self.how.largest_first * self.total_steps)

    def closed(self, step: int) -> tuple[int, ...]:
        """Places among the space's choices that are at their most in this 0-based step, from `begin` on."""
        if self.how.opening == "at_once":
            return ()
        phase = 3 * (step - self.begin) // (self.total_steps - self.begin)
        return tuple(place for place, opened in enumerate(self._opened) if opened > phase)

    @cached_property
    def _opened(self) -> list[int]:
        """The phase in which each choice is opened."""
        return [self._phase_of(place) if choice.ordinal else 0 for place, choice in enumerate(self.space.choices)]

    def _phase_of(self, place: int) -> int:
        sizes = [len(choice.options) for choice in self.space.choices]
        rows = np.tile(np.random.default_rng(0).integers(0, sizes, (LOOKED_AT, len(sizes))), (2, 1))
        rows[:LOOKED_AT, place], rows[LOOKED_AT:, place] = 0, sizes[place] - 1
        table = self.space.layout(self.space.canonical_indices(rows), self.network_input)

        def changes(what: IntArray) -> bool:
            return bool((what[:LOOKED_AT] != what[LOOKED_AT:]).any())

        if changes((table.kind == ABSENT).astype(np.int64)):
            return DEPTH
        return WIDTH if any(map(changes, (table.mid_channels, table.out_channels, table.se_channels))) else 0
