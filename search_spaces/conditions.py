"""Which choices matter: activity of whole index matrices, and the exact number of active assignments.

Every choice has at most one parent, so conditions form a forest and both questions are one walk over it.
"""

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from search_spaces.rules import ChoiceValue
from search_spaces.table import BoolArray, IntArray, is_one_of
from search_spaces.vocabulary import Choice

INACTIVE = -1


def active(choices: Sequence[Choice], indices: IntArray) -> BoolArray:
    """Where a choice matters (n, c): not where its parent has another value or does not matter itself."""
    column = {choice.name: position for position, choice in enumerate(choices)}
    matter = np.ones(indices.shape, dtype=bool)
    for position, choice in enumerate(choices):
        if choice.when is not None:
            parent = column[choice.when.choice]
            options = choices[parent].options
            wanted = [options.index(value) for value in choice.when.values]
            matter[:, position] = matter[:, parent] & is_one_of(indices[:, parent], wanted, len(options))
    return matter


def mask_inactive(choices: Sequence[Choice], indices: IntArray) -> IntArray:
    """Index rows (n, c) with -1 wherever a choice does not matter."""
    return np.where(active(choices, indices), indices, INACTIVE)


def count_assignments(choices: Sequence[Choice]) -> int:
    """How many distinct masked rows there are. A choice whose parent is not among `choices` counts as a root."""
    listed = {choice.name for choice in choices}
    roots, children = [], defaultdict(list)
    for choice in choices:
        if choice.when is not None and choice.when.choice in listed:
            children[choice.when.choice].append(choice)
        else:
            roots.append(choice)

    def below(choice: Choice) -> int:
        return sum(
            math.prod(below(child) for child in children[choice.name] if matters(child, option))
            for option in choice.options
        )

    return math.prod(below(root) for root in roots)


def matters(choice: Choice, parent_value: ChoiceValue) -> bool:
    """Whether a conditional choice is active under this value of its (active) parent."""
    return choice.when is not None and parent_value in choice.when.values
