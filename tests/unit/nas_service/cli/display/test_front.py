"""The front as a table and a plot."""

from rich.console import Console

from nas_service.cli.display.front import columns, front_plot, front_table
from tests.unit.nas_service.cli.documents import candidate, front

MEMBERS = [candidate(i, 0.97 - i / 100, 0.1 / (i + 1)) for i in range(6)]


def shown(limit: int | None) -> list[str]:
    console = Console(width=120, color_system=None)
    with console.capture() as capture:
        console.print(front_table(front(*MEMBERS), limit=limit))
    return capture.get().splitlines()


def test_the_axes_come_first_and_no_metric_twice() -> None:
    assert columns(front(MEMBERS[0])) == ["accuracy", "latency_ms@0", "size_bytes", "macs"]
    assert columns(front(MEMBERS[0], keys=("accuracy", "size_bytes"))) == ["accuracy", "size_bytes", "macs"]


def test_a_long_front_is_cut_and_the_rest_counted() -> None:
    assert len(shown(None)) == 1 + 6
    assert len(shown(6)) == 1 + 6
    cut = shown(4)
    assert len(cut) == 1 + 4
    assert "... 3 more" in cut[-1]


def test_the_plot_has_its_size_and_a_mark_for_each_network() -> None:
    plot = front_plot(front(*MEMBERS), [candidate(9, 0.5, 0.09)], width=60, height=15)
    assert plot is not None
    lines = plot.plain.rstrip("\n").split("\n")
    assert len(lines) == 15
    assert {len(line) for line in lines} == {60}
    canvas = "".join(line for line in lines if "┤" in line or line.rstrip().endswith("│"))
    assert canvas.count("o") == len(MEMBERS)
    assert "latency_ms@0" in plot.plain
    assert "accuracy" in plot.plain


def test_a_plot_does_not_remember_the_one_before() -> None:
    few, many = front(MEMBERS[0], MEMBERS[3]), front(*MEMBERS)
    before = front_plot(few, [], 60, 15)
    front_plot(many, [], 60, 15)
    assert front_plot(few, [], 60, 15) == before


def test_there_is_no_plot_of_one_axis_or_of_nothing() -> None:
    assert front_plot(front(*MEMBERS, keys=("accuracy",)), [], 60, 15) is None
    assert front_plot(front(), [], 60, 15) is None
