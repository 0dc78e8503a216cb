"""Steps through a space: random mutation, and all neighbours."""

from typing import TYPE_CHECKING

import numpy as np

from search_spaces.architecture import Architecture
from search_spaces.conditions import INACTIVE
from search_spaces.vocabulary import Choice

if TYPE_CHECKING:
    from search_spaces.space import SearchSpace

MUTATION_ATTEMPTS = 20


def mutate(space: "SearchSpace", architecture: Architecture, rng: np.random.Generator, rate: float) -> Architecture:
    """Give each choice that matters another option with probability `rate`, at least one of them; legal by making.

    Choices that come to matter are drawn at random. Tried again, up to a bound, while ties make the result the same
    network; then, or where nothing can change, the architecture itself.
    """
    row = space.to_indices([architecture])[0]
    counts = np.array([len(choice.options) for choice in space.choices])
    changeable = np.flatnonzero((row != INACTIVE) & (counts > 1))
    if len(changeable) == 0:
        return architecture
    for _ in range(MUTATION_ATTEMPTS):
        mutant = np.where(row == INACTIVE, rng.integers(0, counts), row)
        changed = changeable[rng.random(len(changeable)) < rate]
        if len(changed) == 0:
            changed = rng.choice(changeable, 1)
        mutant[changed] = (row[changed] + rng.integers(1, counts[changed])) % counts[changed]
        [found] = space.from_indices(mutant[None])
        if found != architecture:
            return found
    return architecture


def neighbours(space: "SearchSpace", architecture: Architecture) -> list[Architecture]:
    """Every other network reached by changing one choice: an ordinal one by one step, a categorical one to any option.

    Choices that come to matter start at their first option.
    """
    row = space.to_indices([architecture])[0]
    rows = []
    for position, choice in enumerate(space.choices):
        for number in _steps(choice, int(row[position])):
            rows.append(np.maximum(row, 0))
            rows[-1][position] = number
    found = space.from_indices(np.array(rows)) if rows else []
    return [other for other in dict.fromkeys(found) if other != architecture]


def _steps(choice: Choice, number: int) -> list[int]:
    if number == INACTIVE:
        return []
    candidates = [number - 1, number + 1] if choice.ordinal else range(len(choice.options))
    return [other for other in candidates if other != number and 0 <= other < len(choice.options)]
