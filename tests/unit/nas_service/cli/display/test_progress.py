"""What somebody who watches a search sees, in a terminal and in a log."""

from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console, RenderableType

from nas_service.cli.display.changes import changes
from nas_service.cli.display.progress import candidates_text, progress_panel
from nas_service.domain.entities import WorkKind
from nas_service.domain.states import CandidateStatus, SearchPhase, SearchStatus
from tests.unit.nas_service.cli.documents import BEGAN, candidate, snapshot, work


def shown(renderable: RenderableType, width: int = 120) -> list[str]:
    console = Console(width=width, record=True, color_system=None, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get().splitlines()


def line_with(text: str, lines: list[str]) -> str:
    (line,) = [line for line in lines if text in line]
    return line


TRAINING = {"epoch": 8, "epochs": 20, "step": 171, "total_steps": 380, "validation_accuracy": 0.96282}
FULL = snapshot(
    candidate(3, 0.97419, 0.05),
    candidate(5, 0.93, 0.03),
    candidate(14),
    work=(work(14, TRAINING), work(15, kind=WorkKind.PREPARE, candidate_id=None)),
)


def test_the_panel_tells_how_far_the_search_is() -> None:
    lines = shown(progress_panel(FULL, 120))
    assert "sample  search-3f2a9c1b7d4e  searching" in lines[0]
    assert "14/24 candidates (2 failed, 1 infeasible, 3 reused)" in lines[1]
    assert "best accuracy 97.41 %, front of 3 members, hypervolume 0.623" in lines[2]
    assert "1:30 elapsed, about 1:00 left" in lines[-1]


def test_a_running_training_shows_its_network_epoch_step_and_accuracy() -> None:
    line = line_with("#14", shown(progress_panel(FULL, 120)))
    assert "#14 00000000 training" in line
    assert "epoch 9/20  step 171/380  validation 96.28 %" in line


def test_work_on_the_search_itself_has_no_number() -> None:
    assert "#" not in line_with("reading the data set", shown(progress_panel(FULL, 120)))


def test_the_front_is_listed_best_first_with_units() -> None:
    lines = shown(progress_panel(FULL, 60))
    heads, first, second = lines[-4:-1]
    assert heads.split()[1:-1] == ["#", "architecture", "accuracy", "latency", "size", "MACs"]
    assert first.split()[1:-1] == ["1", "00000000", "97.41", "%", "0.05", "ms", "84.2", "kB", "1.2", "M"]
    assert second.split()[3:5] == ["93.00", "%"]


def test_a_wide_terminal_has_a_plot_beside_the_table_and_a_narrow_one_has_none() -> None:
    assert any("┤" in line for line in shown(progress_panel(FULL, 120), 120))
    assert not any("┤" in line for line in shown(progress_panel(FULL, 80), 80))


@pytest.mark.parametrize("width", [20, 60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, shown(progress_panel(FULL, width), width))) <= width


def test_a_name_with_markup_is_shown_as_it_is() -> None:
    assert "[red]x[/red]" in shown(progress_panel(snapshot(name="[red]x[/red]"), 120))[0]


def test_before_the_first_candidate_nothing_is_invented() -> None:
    seen = snapshot(
        phase=SearchPhase.PREPARE, candidates={}, reused_count=0, best_accuracy=None, front_size=0, started_at=None
    )
    text = "\n".join(shown(progress_panel(seen, 120)))
    assert "preparing" in text
    assert "0/24 candidates" in text
    assert "0:00 elapsed" in text
    assert not any(word in text for word in ("left", "best", "hypervolume"))


def test_without_a_budget_of_candidates_only_their_number_is_shown() -> None:
    assert candidates_text(snapshot(candidate_budget=None)).startswith("14 candidates")


def test_an_ended_search_shows_how_it_ended_and_its_own_time() -> None:
    seen = snapshot(after_s=9999, status=SearchStatus.SUCCEEDED, finished_at=BEGAN + timedelta(seconds=61))
    lines = shown(progress_panel(seen, 120))
    assert "succeeded" in lines[0]
    assert "1:01 elapsed" in lines[-1]
    assert "left" not in lines[-1]


def test_a_log_gets_a_line_when_something_has_changed() -> None:
    def after(before: Any, **values: Any) -> list[str]:
        return changes(before, snapshot(**values))

    fresh = snapshot(phase=SearchPhase.PREPARE, candidates={}, front_size=0, best_accuracy=None)
    assert changes(None, fresh) == ["search-3f2a9c1b7d4e sample: preparing"]
    assert changes(fresh, fresh) == []
    phase, score = after(fresh)
    assert phase == "search-3f2a9c1b7d4e sample: searching"
    assert score.startswith("14/24 candidates (2 failed, 1 infeasible, 3 reused); best accuracy 97.41 %, front of 3")
    assert after(snapshot(), work=(work(1, TRAINING),), after_s=95) == []
    assert len(after(snapshot(), candidates={CandidateStatus.COMPLETED: 15})) == 1
