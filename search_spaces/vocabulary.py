"""The words in which every search space is declared: a choice, its options, and when it matters."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from search_spaces.rules import ChoiceValue as ChoiceValue
from search_spaces.rules import OneOf, OptionRule


@dataclass(frozen=True, slots=True)
class When:
    """A choice matters only while its parent choice is active and has one of these values."""

    choice: str
    values: tuple[ChoiceValue, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One named decision with finite options.

    Raises ValueError for what is no name, no options, an option twice, or an option that its rule refuses.
    """

    name: str
    options: tuple[ChoiceValue, ...]
    ordinal: bool = False
    """Whether the options stand in an order in which neighbours are alike."""
    when: When | None = None
    doc: str = ""
    group: str = ""
    """A second name, shared by alike choices, under which a spec may restrict all of them at once."""
    rule: OptionRule = field(default=OneOf(()), repr=False)
    """What a user may add as an option; by default nothing."""
    default: ChoiceValue | None = None
    """Of an optional choice, one that a space has only where a spec names it: what networks have without it. It is not
    written down in architectures, so that those found before and beside the choice stay what they are."""

    def __post_init__(self) -> None:
        if self.rule == OneOf(()):
            object.__setattr__(self, "rule", OneOf(self.options))
        if not self.name.isidentifier():
            raise ValueError(f"{self.name!r} is not an identifier")
        if not self.options:
            raise ValueError(f"{self.name} has no options")
        object.__setattr__(self, "options", tuple(self.rule.parse(option) for option in self.options))
        if len(set(self.options)) != len(self.options):
            raise ValueError(f"{self.name} has an option twice")


def check_declaration(choices: Sequence[Choice]) -> None:
    """Refuse (ValueError) two choices of one name and conditions on what does not stand before or is no option."""
    seen: dict[str, Choice] = {}
    for choice in choices:
        if choice.name in seen:
            raise ValueError(f"{choice.name} is declared twice")
        if choice.when is not None:
            parent = seen.get(choice.when.choice)
            if parent is None:
                raise ValueError(f"{choice.name} depends on {choice.when.choice}, which does not stand before it")
            if not choice.when.values or not set(choice.when.values) <= set(parent.options):
                raise ValueError(f"{choice.name} depends on {choice.when}, but {parent.name} has {parent.options}")
        seen[choice.name] = choice
    clashes = {choice.group for choice in choices} & seen.keys()
    if clashes:
        raise ValueError(f"{sorted(clashes)} name both a choice and a group")
