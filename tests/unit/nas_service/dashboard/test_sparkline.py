"""Lines in rows of a table."""

from nas_service.dashboard.sparkline import step_path


def test_a_path_goes_in_steps_from_the_left_to_the_right_edge() -> None:
    assert step_path([0.0, 0.5, 1.0]) == "M1.5 18.5H36.0V10.0H70.5V1.5"


def test_one_value_is_a_level_line_and_none_is_no_line() -> None:
    assert step_path([1.0]) == "M1.5 1.5H70.5"
    assert step_path([]) == ""
