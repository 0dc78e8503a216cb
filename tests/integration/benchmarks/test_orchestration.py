"""The orchestration benchmark at a size of a few candidates: it measures what it says."""

import io
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture
def orchestration(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, as imported when it is run from its folder, with sizes of a test."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import orchestration

    for name, size in {"WINDOW": 2, "CHUNK": 2, "SMALL": 3, "LARGE": 5}.items():
        monkeypatch.setattr(orchestration, name, size)
    return orchestration


@pytest.fixture
def new_database(tmp_path: Path) -> Callable[[], str]:
    names = iter("ab")
    return lambda: f"sqlite:///{tmp_path}/{next(names)}.db"


@pytest.mark.parametrize("sampler", ["random", "nsga2"])
def test_every_figure_is_taken_and_shown(
    orchestration: ModuleType, new_database: Callable[[], str], sampler: str
) -> None:
    plan = orchestration.Plan(sampler, service=(3, 5), stock=(3,))
    measured = orchestration.measure(new_database, plan)
    assert list(measured["service"]) == [3, 5]
    assert list(measured["stock"]) == [3]
    for found in (*measured["service"].values(), *measured["stock"].values(), measured["growth"]):
        for costs in found.values():
            assert all(cost["wall_ms"] > 0 and cost["cpu_ms"] >= 0 for cost in costs)
    assert all(c["sampler_wall_ms"] > 0 for c in measured["service"][5]["candidates"])
    raw = {"SQLite": {"random": measured}}
    assert [bar.bar for bar in orchestration.bars(raw)] == [60, 1.25]
    shown = io.StringIO()
    table = orchestration.table(raw)
    assert all(column.header for column in table.columns[1:])
    Console(width=120, file=shown).print(table)
    assert shown.getvalue().count("SQLite") == 2
    assert orchestration.draw(raw).axes[0].get_title() == "SQLite"


def test_both_peers_make_the_same_trials(orchestration: ModuleType, new_database: Callable[[], str]) -> None:
    import optuna

    url = new_database()
    for peer in (orchestration.Service(url, "random"), orchestration.StockOptuna(url, "random")):
        orchestration.grow([peer], 3)
    ours, stock = sorted(optuna.get_all_study_summaries(url), key=lambda summary: summary.study_name)
    trials = [optuna.load_study(study_name=s.study_name, storage=url).trials for s in (ours, stock)]
    assert [len(found) for found in trials] == [3, 3]
    assert trials[0][0].params.keys() == trials[1][0].params.keys()
    assert len(trials[0][0].params) >= 30
    assert [t.state for t in trials[1]] == [optuna.trial.TrialState.COMPLETE] * 3
