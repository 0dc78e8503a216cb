"""Which values may become options of a choice: what keeps an extension buildable."""

import math
from dataclasses import dataclass
from typing import Protocol

ChoiceValue = bool | int | float | str


class OptionRule(Protocol):
    """Turns a value from a spec into an option, or raises ValueError with the reason."""

    def parse(self, value: object) -> ChoiceValue:
        """The option in its own type: JSON writes 1.0 as 1, so numbers are converted where nothing is lost."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """Nothing but these."""

    options: tuple[ChoiceValue, ...]

    def parse(self, value: object) -> ChoiceValue:
        """The option that equals the value in type and content."""
        for option in self.options:
            if type(option) is type(value) and option == value:
                return option
        raise ValueError(f"{value!r} is not one of {', '.join(map(repr, self.options))}")


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A whole number between bounds, odd or a multiple of another where the network needs it."""

    low: int
    high: int
    multiple_of: int = 1
    odd: bool = False

    def parse(self, value: object) -> int:
        """The number as int; 3.0 is taken as 3."""
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int_or_nan(value):
            raise ValueError(f"{value!r} is not a whole number")
        number = int(value)
        if not self.low <= number <= self.high:
            raise ValueError(f"{number} is not between {self.low} and {self.high}")
        if self.odd and number % 2 == 0:
            raise ValueError(f"{number} is even; only odd numbers can be built")
        if number % self.multiple_of:
            raise ValueError(f"{number} is not a multiple of {self.multiple_of}")
        return number


@dataclass(frozen=True, slots=True)
class RealNumber:
    """A number between bounds."""

    low: float
    high: float

    def parse(self, value: object) -> float:
        """The number as float."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{value!r} is not a number")
        if not self.low <= value <= self.high:
            raise ValueError(f"{value!r} is not between {self.low:g} and {self.high:g}")
        return float(value)


def int_or_nan(value: float) -> float:
    """The whole part, or NaN where there is none (NaN and infinity)."""
    return int(value) if math.isfinite(value) else math.nan
