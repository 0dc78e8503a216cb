"""Energy from counters in files like those of the kernel."""

from pathlib import Path

import pytest

from workers.profiling import energy


@pytest.fixture
def counters(tmp_path: Path) -> list[Path]:
    """Two packages and a part of one."""
    for name in ("intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "energy_uj").write_text("9000\n")
        (tmp_path / name / "max_energy_range_uj").write_text("10000\n")
    return [tmp_path / name / "energy_uj" for name in ("intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0")]


def test_the_energy_of_all_packages_is_shared_by_the_runs(
    counters: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Package 0 spends 2000 microjoules over two runs and starts again at zero, package 1 spends 500."""
    monkeypatch.setattr(energy, "LONGEST_RUNS", 2)
    after = iter(["500", "1000"])

    def run() -> None:
        counters[0].write_text(next(after))
        counters[1].write_text("9500")
        counters[2].write_text("9999")

    assert energy.energy_per_run_mj(run, counters[0].parents[1]) == pytest.approx(
        ((10000 - 9000 + 1000) + 500) / 1e3 / 2
    )


def test_without_counters_nothing_runs_and_nothing_is_claimed(tmp_path: Path) -> None:
    assert energy.energy_per_run_mj(lambda: pytest.fail("ran"), tmp_path) is None
