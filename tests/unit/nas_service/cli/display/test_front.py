"""The front as a table and a plot."""

from rich.console import Console

from nas_service.cli.display.front import columns, doubts_notes, doubts_table, front_plot, front_table
from nas_service.units import heading, metric_text
from tests.unit.nas_service.cli.documents import candidate, front, front_member

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


def test_where_the_space_chose_the_precision_each_member_says_its_own() -> None:
    int8 = candidate(6, 0.8, 0.01, architecture={"precision": "int8"}, precision="int8")
    for table in (front_table, doubts_table):
        plain, mixed = table(front(*MEMBERS)), table(front(*MEMBERS, int8))
        assert "precision" not in [column.header for column in plain.columns]
        (precisions,) = (list(column.cells) for column in mixed.columns if column.header == "precision")
        assert precisions == ["fp32"] * len(MEMBERS) + ["int8"]


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


def test_doubts_are_shown_with_intervals_and_probabilities_and_their_marks_explained() -> None:
    keys = ("accuracy", "latency_ms@0")
    sure = front_member(MEMBERS[0], keys)
    intervals = ((0.94, 0.98), (0.049, 0.051))
    open_ = front_member(MEMBERS[1], keys, intervals=intervals, probability=0.731, certain=False, rivals=("other",))
    near = front_member(MEMBERS[2], keys, probability=0.27, certain=False, rivals=(MEMBERS[1].id,))
    found = front().model_copy(update={"members": (sure, open_), "near": (near,), "near_count": 7})
    console = Console(width=140, color_system=None)
    with console.capture() as capture:
        console.print(doubts_table(found))
    _, first, second, third = capture.get().splitlines()
    assert first.split()[0] == "1"
    assert first.endswith("certain")
    assert "96.00 % +-2" in second
    assert "0.05 ms +-0.001" in second
    assert second.endswith("73 %")
    assert third.split()[0] == "~"
    assert doubts_notes(found) == ["~ dominated, but within noise; the likeliest 1 of 7"]


def test_what_was_finalized_and_is_dominated_is_marked_and_final_numbers_are_called_so() -> None:
    lost = front_member(MEMBERS[3], ("accuracy", "latency_ms@0"))
    found = front(MEMBERS[0]).model_copy(update={"dominated": (lost,), "figures": "final"})
    marked, final = doubts_notes(found)
    assert marked.startswith("x finalized, and dominated")
    assert "finished files" in final


def test_figures_across_targets_have_names_and_units() -> None:
    assert [heading(key, 2) for key in ("latency_ms@1", "latency_ms@worst", "latency_ratio@weighted")] == [
        "latency @1",
        "latency @worst",
        "latency ratio @weighted",
    ]
    assert heading("latency_ms@0", 1) == "latency"
    assert metric_text("latency_ratio@worst", 0.812345) == "0.812"
    assert metric_text("latency_ms@weighted", 2.0) == "2 ms"
