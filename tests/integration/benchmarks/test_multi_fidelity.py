"""What the multi-fidelity benchmark makes of its searches, on runs whose figures are known."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture
def multi_fidelity(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, as imported when it is run from its folder."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import multi_fidelity

    return multi_fidelity


def a_run(schedule: str, *completed: tuple[float, float, float], **counts: int) -> dict[str, Any]:
    """Completed candidates as CPU seconds, accuracy and MACs."""
    found = [{"cpu_s": cpu_s, "accuracy": accuracy, "macs": macs} for cpu_s, accuracy, macs in completed]
    return {
        "schedule": schedule,
        "seed": 0,
        "proposed": 9,
        "completed": found,
        "duplicates": 0,
        "violations": 0,
        "trainings": {9: len(found)},
        **counts,
    }


def test_the_hypervolume_counts_what_was_completed_by_then_against_one_reference(multi_fidelity: ModuleType) -> None:
    """Ranges 0 to 1 and 10**4 to 10**5, so the reference is (-0.1, 5.1): the first alone 0.1 x 1.1, both 0.1 more."""
    runs = [a_run("full", (10.0, 0.0, 1e4)), a_run("asha", (10.0, 0.0, 1e4), (70.0, 1.0, 1e5))]
    multi_fidelity.add_hypervolumes(runs, 100.0)
    full, asha = (run["hypervolume"] for run in runs)
    assert full == pytest.approx({0.25: 0.11, 0.5: 0.11, 0.75: 0.11, 1.0: 0.11})
    assert asha == pytest.approx({0.25: 0.11, 0.5: 0.11, 0.75: 0.21, 1.0: 0.21})
    ratio, *_ = multi_fidelity.bars_of(runs)
    assert ratio.value == pytest.approx(0.21 / 0.11)
    assert multi_fidelity.table_of(runs, 100.0).row_count == 2
    assert multi_fidelity.draw({"runs": runs, "budget_s": 100.0}).axes


def test_a_network_trained_twice_or_against_the_constraint_misses_a_bar(multi_fidelity: ModuleType) -> None:
    done = (1.0, 0.5, 1e4), (2.0, 0.6, 1e5)
    runs = [a_run("full", *done), a_run("asha", *done, duplicates=1, violations=2)]
    multi_fidelity.add_hypervolumes(runs, 10.0)
    assert [bar.met for bar in multi_fidelity.bars_of(runs)] == [True, False, False]


def test_without_a_full_training_there_is_nothing_to_compare(multi_fidelity: ModuleType) -> None:
    with pytest.raises(SystemExit, match="raise --cpu-s"):
        multi_fidelity.add_hypervolumes([a_run("full"), a_run("asha", (1.0, 0.5, 1e4))], 10.0)
