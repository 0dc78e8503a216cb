"""Versions of a host's baseline: found once, changed by evidence alone, never rewritten."""

from pathlib import Path

import pytest

from workers.profiling.baseline import (
    FASTER,
    FEWEST,
    QUIET_SHARE,
    RECENT,
    SLOWER,
    SLOWER_S,
    BaselineFile,
)

FACTS = {"runtime": "onnxruntime", "versions": {"onnxruntime": "1.31.1"}, "threads": 1}


def noted(folder: Path, medians_ms: list[float], every_s: float = 1.0) -> BaselineFile:
    """Each measurement by a process of its own."""
    for number, median_ms in enumerate(medians_ms):
        BaselineFile(folder, FACTS).note(median_ms, now_s=1000 + number * every_s)
    return BaselineFile(folder, FACTS)


def test_a_new_host_has_none_and_the_first_measurement_becomes_it(tmp_path: Path) -> None:
    assert BaselineFile(tmp_path, FACTS).current is None
    found = BaselineFile(tmp_path, FACTS).note(0.08, now_s=5.0)
    assert (found.version, found.reference_ms, found.established_at_s) == (1, 0.08, 5.0)
    assert BaselineFile(tmp_path, FACTS).current == found


@pytest.mark.parametrize("change", [{"threads": 2}, {"versions": {"onnxruntime": "1.32"}}, {"device_id": "other"}])
def test_other_versions_threads_or_devices_have_their_own(tmp_path: Path, change: dict[str, object]) -> None:
    noted(tmp_path, [0.08])
    assert BaselineFile(tmp_path, FACTS | change).current is None


def test_ordinary_unrest_changes_nothing(tmp_path: Path) -> None:
    current = noted(tmp_path, [0.08] + [0.08 * factor for factor in (1.04, 0.97, 1.3, 0.99, 1.1)] * 20).current
    assert current is not None
    assert (current.version, current.reference_ms) == (1, 0.08)


def test_one_lucky_minute_changes_nothing(tmp_path: Path) -> None:
    current = noted(tmp_path, [0.08] * (RECENT + 1) + [0.06] * int(QUIET_SHARE * RECENT)).current
    assert current is not None
    assert current.version == 1


def test_a_baseline_found_in_a_slow_minute_is_replaced_by_the_usual_of_quiet_ones(tmp_path: Path) -> None:
    quiet = 0.08 * FASTER - 0.001
    current = noted(tmp_path, [0.08] + [quiet, 0.08, 0.081] * FEWEST).current
    assert current is not None
    assert (current.version, current.reference_ms) == (2, quiet)


def test_a_baseline_found_at_a_boosted_clock_is_replaced_once_many_measurements_say_so(tmp_path: Path) -> None:
    few, many = ([0.076] + [0.08] * count for count in (FEWEST - 1, FEWEST))
    first, second = noted(tmp_path / "few", few).current, noted(tmp_path / "many", many).current
    assert first is not None
    assert second is not None
    assert (first.version, first.is_proven) == (1, False)
    assert (second.version, second.reference_ms, second.is_proven) == (2, 0.08, True)


def test_what_a_few_measurements_said_is_refuted_by_all_that_are_kept(tmp_path: Path) -> None:
    boosted = [0.08] + [0.076] * (FEWEST // 2) + [0.08] * (FEWEST // 2)
    enough = RECENT - 2 * (FEWEST // 2)
    doubted = noted(tmp_path / "few", boosted + [0.08] * (enough - 1)).current
    refuted = noted(tmp_path / "many", boosted + [0.08] * enough).current
    assert doubted is not None
    assert refuted is not None
    assert (doubted.version, doubted.reference_ms) == (2, 0.076)
    assert (refuted.version, refuted.reference_ms) == (3, 0.08)


def test_a_handful_of_fast_measurements_is_no_proof(tmp_path: Path) -> None:
    current = noted(tmp_path, [0.08] + [0.07] * (FEWEST - 1)).current
    assert current is not None
    assert current.version == 1


def test_a_host_slower_for_a_day_gets_a_new_version_and_one_slower_for_hours_does_not(tmp_path: Path) -> None:
    slower = 0.08 * SLOWER + 0.001
    medians = [0.08] * (RECENT + 1) + [slower] * (2 * RECENT)
    hours, day = noted(tmp_path / "hours", medians, SLOWER_S / 1000), noted(tmp_path / "day", medians, SLOWER_S / 50)
    assert hours.current is not None
    assert day.current is not None
    assert hours.current.measurements == RECENT
    assert (hours.current.version, day.current.version) == (1, 2)
    assert day.current.reference_ms == slower


def test_a_broken_file_is_named_with_its_remedy(tmp_path: Path) -> None:
    noted(tmp_path, [0.08])
    (path,) = tmp_path.iterdir()
    path.write_text("{")
    with pytest.raises(RuntimeError, match=r"baseline-.*\.json is no JSON .* delete it"):
        BaselineFile(tmp_path, FACTS)
