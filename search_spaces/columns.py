"""Reads choices out of index matrices as arrays of their values."""

from collections.abc import Sequence

import numpy as np

from search_spaces.rules import ChoiceValue
from search_spaces.table import FloatArray, IntArray
from search_spaces.vocabulary import Choice


class Columns:
    """The values of index rows (n, c) by choice name.

    Where a choice does not matter its value is arbitrary, and 0 if the restricted space has no such choice.
    """

    def __init__(self, choices: Sequence[Choice], indices: IntArray) -> None:
        self._column = {choice.name: (position, choice.options) for position, choice in enumerate(choices)}
        self._indices = indices

    def has(self, name: str) -> bool:
        """Whether the restricted space still has this choice."""
        return name in self._column

    def numbers(self, name: str) -> FloatArray:
        """Options that are numbers, as float64 (n,)."""
        return self._pick(name, self._options(name)).astype(np.float64)

    def whole(self, name: str) -> IntArray:
        """Options that are whole numbers or booleans, as int64 (n,)."""
        return self._pick(name, self._options(name)).astype(np.int64)

    def codes(self, name: str, words: Sequence[str]) -> IntArray:
        """Options that are words, as their places in `words`, int64 (n,)."""
        return self._pick(name, [words.index(str(option)) for option in self._options(name)])

    def _options(self, name: str) -> Sequence[ChoiceValue]:
        return self._column[name][1] if self.has(name) else ()

    def _pick(self, name: str, table: Sequence[ChoiceValue]) -> IntArray:
        if not self.has(name):
            return np.zeros(len(self._indices), dtype=np.int64)
        return np.asarray(table)[self._indices[:, self._column[name][0]]]
