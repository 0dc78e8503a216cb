"""Restricting and extending a declared space from a spec: `{"kernel": [3, 5], "stage1_depth": [1]}`.

A name is a choice, or a group of alike choices; a choice's own entry wins over its group's. Options of ordinal choices
rise or fall as declared; others are taken in the order given, but for a default, which comes first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from search_spaces.errors import ImpossibleChoice, nearest
from search_spaces.rules import ChoiceValue
from search_spaces.vocabulary import Choice, When


def restrict(choices: Sequence[Choice], wanted: Mapping[str, object]) -> tuple[Choice, ...]:
    """The choices with their options replaced as wanted, without those that can never matter any more.

    Raises ImpossibleChoice for an unknown name, for what is not a list of at least one option, for an option twice,
    and for an option that the choice's rule refuses.
    """
    known = {choice.name for choice in choices} | {choice.group for choice in choices if choice.group}
    for name in wanted:
        if name not in known:
            raise ImpossibleChoice(name, "there is no such choice", nearest(name, known))
    kept: dict[str, Choice] = {}
    for choice in choices:
        entry = next((name for name in (choice.name, choice.group) if name in wanted), None)
        unasked = choice.options if choice.default is None else (choice.default,)
        options = unasked if entry is None else _options(choice, entry, wanted[entry])
        if options == (choice.default,):
            continue
        when = _still_possible(choice.when, kept)
        if choice.when is None or when is not None:
            kept[choice.name] = replace(choice, options=options, when=when)
    return tuple(kept.values())


def _still_possible(when: When | None, kept: Mapping[str, Choice]) -> When | None:
    """The condition within what its parent can still be; None if that is nothing."""
    if when is None or when.choice not in kept:
        return None
    values = tuple(value for value in when.values if value in kept[when.choice].options)
    return When(when.choice, values) if values else None


def _options(choice: Choice, field: str, given: object) -> tuple[ChoiceValue, ...]:
    """A spec's list as options of this choice; errors name `field`, the name that the spec used."""
    if not isinstance(given, list | tuple):
        raise ImpossibleChoice(field, f"give a list of options, not {given!r}")
    if not given:
        raise ImpossibleChoice(field, "give at least one option")
    options: list[ChoiceValue] = []
    for value in given:
        option = _option(choice, field, value)
        if option in options:
            raise ImpossibleChoice(field, f"{value!r} stands there twice")
        options.append(option)
    if not choice.ordinal:
        return tuple(sorted(options, key=lambda option: option != choice.default))
    falling = choice.options[0] > choice.options[-1]  # type: ignore[operator]  # ordinal options are all numbers
    return tuple(sorted(options, reverse=falling))


def _option(choice: Choice, field: str, value: object) -> ChoiceValue:
    try:
        return choice.rule.parse(value)
    except ValueError as refusal:
        words = [option for option in choice.options if isinstance(option, str)]
        raise ImpossibleChoice(field, str(refusal), nearest(str(value), words)) from None
