"""Declarations that make no sense are refused where they are made."""

import pytest

from search_spaces import Choice, When
from search_spaces.conditions import count_assignments
from search_spaces.rules import OneOf, RealNumber, WholeNumber
from search_spaces.vocabulary import check_declaration


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("", (1,), "not an identifier"),
        ("a b", (1,), "not an identifier"),
        ("a", (), "no options"),
        ("a", (1, 1), "twice"),
    ],
)
def test_a_choice_needs_a_name_and_distinct_options(name: str, options: tuple[int, ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Choice(name, options)


def test_options_must_follow_the_rule() -> None:
    with pytest.raises(ValueError, match="even"):
        Choice("kernel", (3, 4), rule=WholeNumber(1, 9, odd=True))


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        ([Choice("a", (1,)), Choice("a", (1,))], "declared twice"),
        ([Choice("b", (1,), when=When("a", (1,))), Choice("a", (1,))], "does not stand before"),
        ([Choice("a", (1,)), Choice("b", (1,), when=When("a", (2,)))], "but a has"),
        ([Choice("a", (1,)), Choice("b", (1,), when=When("a", ()))], "but a has"),
        ([Choice("a", (1,)), Choice("b", (1,), group="a")], "both a choice and a group"),
    ],
)
def test_conditions_must_name_what_stands_before(choices: list[Choice], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_declaration(choices)


def test_assignments_of_a_chain_of_conditions_are_counted_exactly() -> None:
    choices = [
        Choice("a", (1, 2, 3)),
        Choice("b", (1, 2), when=When("a", (2, 3))),
        Choice("c", (1, 2, 3, 4), when=When("b", (2,))),
        Choice("d", (1, 2)),
    ]
    # a=1: one way; a=2 or 3: b=1 one way, b=2 four ways; all that for each d.
    assert count_assignments(choices) == (1 + 2 * (1 + 4)) * 2


@pytest.mark.parametrize("value", [True, "3", 3.5, float("nan"), float("inf"), None, [3]])
def test_a_whole_number_is_nothing_else(value: object) -> None:
    with pytest.raises(ValueError, match="is not a whole number"):
        WholeNumber(1, 9).parse(value)


def test_numbers_are_converted_where_nothing_is_lost() -> None:
    assert type(WholeNumber(1, 9).parse(3.0)) is int
    assert type(RealNumber(0, 2).parse(1)) is float
    with pytest.raises(ValueError, match="is not one of"):
        OneOf((True, False)).parse(1)
    with pytest.raises(ValueError, match="is not a number"):
        RealNumber(0, 2).parse(True)
    with pytest.raises(ValueError, match="is not between"):
        RealNumber(0, 2).parse(float("nan"))
