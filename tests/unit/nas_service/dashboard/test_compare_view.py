"""How a comparison is written."""

from nas_service.dashboard.compare_view import _cells
from nas_service.domain.estimates import Interval
from nas_service.use_cases.comparison import Figure


def figure(value: float, interval: Interval | None = None) -> Figure:
    return Figure(value, interval, "candidate-0")


def test_differences_are_from_the_first_column_and_unsure_where_intervals_overlap() -> None:
    first, *others = _cells(
        "latency_ms", [figure(2.0, (1.9, 2.1)), figure(1.5, (1.4, 1.6)), figure(2.05, (2, 2.2))], links=True
    )
    assert (first.text, first.spread, first.delta) == ("2 ms", "1.9 – 2.1 ms", "")
    assert [cell.delta for cell in others] == ["−25 %", "≈ +2 %"]
    assert [cell.is_best for cell in (first, *others)] == [False, True, False]
    assert first.url == "/candidates/candidate-0"


def test_accuracies_differ_by_points_and_more_is_better() -> None:
    cells = _cells("accuracy", [figure(0.9), figure(0.95), None], links=False)
    assert [(cell.text, cell.delta, cell.is_best) for cell in cells] == [
        ("90.00 %", "", False),
        ("95.00 %", "+5.00 points", True),
        ("–", "", False),
    ]
