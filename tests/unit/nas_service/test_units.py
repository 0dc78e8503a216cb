"""Numbers are written with their unit, short, and never better than they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_service.units import duration, heading, metric_text, percent, scaled, significant


@pytest.mark.parametrize(
    ("share", "text"), [(0.97315, "97.31 %"), (0.999999, "99.99 %"), (1.0, "100.00 %"), (0.07, "7.00 %"), (0, "0.00 %")]
)
def test_an_accuracy_is_cut_and_never_rounded_up(share: float, text: str) -> None:
    assert percent(share) == text


@given(st.integers(0, 10_000))
def test_an_accuracy_of_whole_hundredths_is_shown_exactly(hundredths: int) -> None:
    assert percent(hundredths / 10_000) == f"{hundredths / 100:.2f} %"


@pytest.mark.parametrize(
    ("value", "text"), [(0.0341732, "0.0342"), (12.345, "12.3"), (0, "0"), (1234.5, "1230"), (0.00000123, "0.00000123")]
)
def test_three_digits_count_and_none_is_in_scientific_notation(value: float, text: str) -> None:
    assert significant(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (999, "999 B"), (84_213, "84.2 kB"), (1_204_000, "1.2 MB"), (5e9, "5 GB"), (7e13, "70000 GB")],
)
def test_sizes_have_decimal_prefixes(value: float, text: str) -> None:
    assert scaled(value, "B") == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.4, "0:59"), (75, "1:15"), (3725, "1:02:05"), (-3, "0:00")]
)
def test_durations_read_as_clocks(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("accuracy", 0.97, "97.00 %"),
        ("latency_ms@1", 0.0342, "0.0342 ms"),
        ("size_bytes", 84_213, "84.2 kB"),
        ("macs", 1_204_000, "1.2 M"),
        ("params", 900, "900"),
        ("peak_memory_mib@0", 12.34, "12.3 MiB"),
        ("accuracy", None, "-"),
    ],
)
def test_each_metric_has_its_unit(key: str, value: float | None, text: str) -> None:
    assert metric_text(key, value) == text


def test_a_heading_names_its_target_only_where_there_are_several() -> None:
    assert (heading("latency_ms@0"), heading("latency_ms@0", 2), heading("macs", 2)) == (
        "latency",
        "latency @0",
        "MACs",
    )
