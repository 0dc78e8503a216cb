"""Whether values are a point of a space, and which one."""

from collections.abc import Mapping, Sequence

import numpy as np

from search_spaces.conditions import INACTIVE, matters
from search_spaces.errors import IllegalArchitecture, hint, nearest
from search_spaces.table import IntArray
from search_spaces.vocabulary import Choice


def check(choices: Sequence[Choice], values: Mapping[str, object]) -> None:
    """Raise IllegalArchitecture for an unknown name, for no option of a choice, and for a missing active choice.

    Values of choices that do not matter may be present, and must be options too.
    """
    index_row(choices, values)


def index_row(choices: Sequence[Choice], values: Mapping[str, object]) -> IntArray:
    """The option numbers (1, c) of legal values, -1 where a choice does not matter. Raises as `check`."""
    known = [choice.name for choice in choices]
    for name in values:
        if name not in known:
            raise IllegalArchitecture(name, f"there is no such choice{hint(nearest(name, known))}")
    numbers: dict[str, int] = {}
    options = {choice.name: choice.options for choice in choices}
    for choice in choices:
        unasked = choice.options.index(choice.default) if choice.default in choice.options else None
        given = _option_number(choice, values[choice.name]) if choice.name in values else unasked
        active = choice.when is None or (
            numbers[choice.when.choice] != INACTIVE
            and matters(choice, options[choice.when.choice][numbers[choice.when.choice]])
        )
        if active and given is None:
            raise IllegalArchitecture(choice.name, f"is missing; give one of {_listed(choice)}")
        numbers[choice.name] = given if active and given is not None else INACTIVE
    return np.array([list(numbers.values())], dtype=np.int64)


def _option_number(choice: Choice, value: object) -> int:
    try:
        return choice.options.index(choice.rule.parse(value))
    except ValueError:
        raise IllegalArchitecture(choice.name, f"{value!r} is not one of {_listed(choice)}") from None


def _listed(choice: Choice) -> str:
    return ", ".join(map(repr, choice.options))
