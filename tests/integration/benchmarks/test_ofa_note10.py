"""The sampler benchmark at a size of a few evaluations, on the problem that needs no data."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture
def ofa_note10(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, as imported when it is run from its folder, with marks of a test."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import ofa_note10

    monkeypatch.setattr(ofa_note10, "MARKS", (6, 12))
    return ofa_note10


def test_every_contestant_gets_its_evaluations_and_is_shown(ofa_note10: ModuleType) -> None:
    runs = ofa_note10.run([ofa_note10.Interactions()], range(1), 12)
    summary = ofa_note10.summarise(runs)
    assert [row["contestant"] for row in summary] == list(ofa_note10.CONTESTANTS)
    assert all(row["mean"][12] >= row["mean"][6] for row in summary)
    assert ofa_note10.table_of(summary).row_count == len(summary)
    assert [bar.name for bar in ofa_note10.bars_of(summary, runs)][-1] == "networks proposed twice"
    assert ofa_note10.draw({"summary": summary}).axes


def test_linas_learns_from_its_first_population(ofa_note10: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    import linas

    monkeypatch.setattr(linas, "INNER_EVALUATIONS", 1500)
    problem = ofa_note10.Interactions()
    points = linas.linas(problem, problem.cost, ofa_note10.COUNTS, 100, seed=0)
    assert points.shape == (100, 2)
    assert problem.hypervolume(points) > 1.2 * problem.hypervolume(points[:50])
    assert np.median(points[50:, 0]) < np.median(points[:50, 0])
