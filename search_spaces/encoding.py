"""Architectures as vectors for predictors and samplers, and back."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from search_spaces.architecture import Architecture
from search_spaces.conditions import INACTIVE, active
from search_spaces.errors import IllegalArchitecture
from search_spaces.rules import ChoiceValue
from search_spaces.table import IntArray
from search_spaces.vocabulary import Choice

if TYPE_CHECKING:
    from search_spaces.space import SearchSpace

FloatMatrix = NDArray[np.float32]


def to_indices(space: "SearchSpace", architectures: Sequence[Architecture]) -> IntArray:
    """Option numbers (n, c), -1 where a choice does not matter.

    Raises IllegalArchitecture for an architecture of another space or preset, or outside of the restrictions.
    """
    columns = []
    all_values = [dict(architecture.values) for architecture in architectures]
    for choice in space.choices:
        number_of = {option: number for number, option in enumerate(choice.options)}
        given = (values.get(choice.name, choice.default) for values in all_values)
        columns.append([number_of.get(value, INACTIVE) for value in given])  # type: ignore[arg-type]
    indices = np.array(columns, dtype=np.int64).reshape(len(space.choices), len(all_values)).T
    matter = active(space.choices, indices)
    for position in np.flatnonzero((matter & (indices == INACTIVE)).any(axis=1)).tolist():
        space.check(architectures[position].values)
    for architecture in architectures:
        if (architecture.space, architecture.preset) != (space.name, space.preset):
            reason = f"{architecture.space}/{architecture.preset} is not {space.name}/{space.preset}"
            raise IllegalArchitecture("space", reason)
    return np.where(matter, indices, INACTIVE)


def row_values(choices: Sequence[Choice], indices: IntArray) -> Iterator[dict[str, ChoiceValue]]:
    """The values of the active choices of each masked index row, but for defaults of optional ones."""
    named = [(c.name, c.options, c.options.index(c.default) if c.default in c.options else INACTIVE) for c in choices]
    for row in indices.tolist():
        yield {
            name: options[number]
            for (name, options, default), number in zip(named, row, strict=True)
            if number not in (INACTIVE, default)
        }


def one_hot(choices: Sequence[Choice], indices: IntArray) -> FloatMatrix:
    """One feature an option (n, f); a choice that does not matter is all zero."""
    numbers = np.concatenate([np.arange(len(choice.options)) for choice in choices])
    features: FloatMatrix = (np.repeat(indices, _widths(choices), axis=1) == numbers).astype(np.float32)
    return features


def from_one_hot(choices: Sequence[Choice], features: FloatMatrix) -> IntArray:
    """The option with the largest feature for each choice, or -1 where none is above zero."""
    groups = np.split(features, np.cumsum(_widths(choices))[:-1], axis=1)
    picked = [np.where(group.max(1) > 0, group.argmax(1), INACTIVE) for group in groups]
    return np.stack(picked, axis=1).astype(np.int64)


def _widths(choices: Sequence[Choice]) -> list[int]:
    return [len(choice.options) for choice in choices]
