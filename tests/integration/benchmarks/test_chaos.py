"""What the chaos benchmark plans and shows; the run itself is `tests/chaos/test_distributed.py`'s."""

import io
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console

from tests.support.disturbed import Found
from tests.support.strikes import Strike

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture
def chaos(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, as imported when it is run from its folder."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import chaos

    return chaos


def test_the_full_run_strikes_in_every_way_at_sixty_candidates_and_the_other_not_at_all(chaos: ModuleType) -> None:
    plans = chaos.plans(quick=False)
    assert plans["undisturbed"].candidates == plans["disturbed"].candidates >= 60
    assert not plans["undisturbed"].during
    assert set(plans["disturbed"].during) == set(Strike)
    assert list(plans["disturbed"].during).count(Strike.BROKER) == 2
    assert plans["disturbed"] == chaos.plans(quick=False)["disturbed"], "drawn once"


def test_every_figure_is_shown(chaos: ModuleType) -> None:
    strikes = [(strike.value, float(second)) for second, strike in enumerate(Strike)]
    found = {
        "undisturbed": Found(wall_s=40.0, attempts={"1": 9}, finished_at_s=[1.0, 2.0]),
        "disturbed": Found(wall_s=68.0, strikes=strikes, attempts={"1": 7, "2": 2}, finished_at_s=[2.0, 4.0]),
    }
    raw = {name: asdict(one) | {"candidates": 2} for name, one in found.items()}
    assert chaos.lost_per_strike_s(raw) == pytest.approx(28 / len(Strike))
    shown = io.StringIO()
    Console(width=120, file=shown).print(chaos.table(raw))
    for text in ("68.0", "1: 7, 2: 2", *(strike.value for strike in Strike)):
        assert text in shown.getvalue()
    labels = chaos.draw(raw).axes[0].get_legend_handles_labels()[1]
    assert labels == [*found, *(strike.value for strike in Strike)]
