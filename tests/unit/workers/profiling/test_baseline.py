"""Versions of a host's baseline: found once, changed by evidence alone, never rewritten."""

from pathlib import Path

import pytest

from workers.profiling.baseline import (
    BETTER_KNOWN,
    CHANGED,
    FASTER_S,
    FEWEST,
    LATELY,
    QUIET_SHARE,
    RECENT,
    SLOWER_S,
    WRONG,
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
    current = noted(tmp_path, [0.08] * (LATELY + 1) + [0.06] * int(QUIET_SHARE * LATELY)).current
    assert current is not None
    assert current.version == 1


@pytest.mark.parametrize("usual_ms", [0.08 * (1 - WRONG) - 0.0001, 0.08 * (1 + WRONG) + 0.0001])
def test_what_a_slow_minute_or_a_boosted_clock_said_is_refuted_by_many_measurements(
    tmp_path: Path, usual_ms: float
) -> None:
    few, many = ([0.08] + [usual_ms] * count for count in (FEWEST - 1, FEWEST))
    first, second = noted(tmp_path / "few", few).current, noted(tmp_path / "many", many).current
    assert first is not None
    assert second is not None
    assert (first.version, first.is_proven) == (1, False)
    assert (second.version, second.reference_ms, second.is_proven) == (2, usual_ms, True)


def test_what_is_refuted_was_known_by_half_of_the_measurements(tmp_path: Path) -> None:
    fast = [0.08] + [0.076] * FEWEST
    known = FEWEST / QUIET_SHARE - 1  # so long are the fast ones the quantile
    enough = int(BETTER_KNOWN * known) - FEWEST
    doubted = noted(tmp_path / "few", fast + [0.08] * (enough - 1)).current
    refuted = noted(tmp_path / "many", fast + [0.08] * enough).current
    assert doubted is not None
    assert refuted is not None
    assert (doubted.version, doubted.reference_ms) == (2, 0.076)
    assert (refuted.version, refuted.reference_ms) == (3, 0.08)


def test_what_very_many_said_is_refuted_by_all_that_are_kept(tmp_path: Path) -> None:
    """Too little for another host, and never twice as many as have said it."""
    other = 0.08 * (1 + (WRONG + CHANGED) / 2)
    file = BaselineFile(tmp_path, FACTS)
    for number, median_ms in enumerate([0.08] * RECENT + [other] * RECENT):
        file.note(median_ms, now_s=1000 + number)
    assert file.current is not None
    assert (file.current.version, file.current.reference_ms) == (2, other)


@pytest.mark.parametrize("share", [1 - CHANGED, 1 + CHANGED])
def test_a_host_that_became_another_one_gets_a_new_version_in_time(tmp_path: Path, share: float) -> None:
    """By its last measurements alone: most that are kept say otherwise, and know it better."""
    long_s = FASTER_S if share < 1 else SLOWER_S
    other = 0.08 * share + (share - 1) / 1000
    medians = [0.08] * (4 * LATELY) + [other] * (2 * LATELY)
    soon, late = noted(tmp_path / "soon", medians, long_s / 1000), noted(tmp_path / "late", medians, long_s / LATELY)
    assert soon.current is not None
    assert late.current is not None
    assert (soon.current.version, late.current.version) == (1, 2)
    assert late.current.reference_ms == other


def test_a_broken_file_is_named_with_its_remedy(tmp_path: Path) -> None:
    noted(tmp_path, [0.08])
    (path,) = tmp_path.iterdir()
    path.write_text("{")
    with pytest.raises(RuntimeError, match=r"baseline-.*\.json is no JSON .* delete it"):
        BaselineFile(tmp_path, FACTS)
