"""Choices as columns."""

from nas_service.use_cases.figures.points import INACTIVE, choice_columns


def test_a_column_holds_the_options_that_occur_in_order_and_where_there_is_none() -> None:
    columns = choice_columns([{"kernel": 7, "act": "relu"}, {"kernel": 3}, {"kernel": 7, "act": "hard_swish"}])
    assert (columns["kernel"].options, columns["kernel"].codes) == ((3, 7), (1, 0, 1))
    assert (columns["act"].options, columns["act"].codes) == (("hard_swish", "relu"), (1, INACTIVE, 0))


def test_false_is_an_option_and_not_the_lack_of_one() -> None:
    column = choice_columns([{"skip": False}, {"skip": True}, {}])["skip"]
    assert (column.options, column.codes) == ((False, True), (0, 1, INACTIVE))
