"""Quantities and blocks are written as an engineer would."""

from dataclasses import replace

import pytest

from search_spaces import BlockPlan
from search_spaces.drawing.content import Run
from search_spaces.drawing.words import byte_count, channels, details, percent, quantity, sentence, stride

BLOCK = BlockPlan(
    kind="inverted",
    stage=1,
    in_channels=16,
    mid_channels=64,
    out_channels=24,
    kernel=5,
    stride=2,
    downsample="stride",
    pooling="",
    se_channels=16,
    activation="hard_swish",
    residual=False,
    in_size=32,
    out_size=16,
    macs=1_234_567,
    params=4_567,
    weight_bytes=17_000,
    peak_activation_bytes=300_000,
)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (1000, "1 k"),
        (1234, "1.23 k"),
        (99_950, "100 k"),
        (999_499, "999 k"),
        (999_600, "1 M"),
        (45_600_000, "45.6 M"),
        (2_000_000_000, "2 G"),
    ],
)
def test_quantities_have_three_digits_and_a_prefix(value: int, written: str) -> None:
    assert quantity(value) == written


@pytest.mark.parametrize(("value", "written"), [(12, "12 B"), (1500, "1.5 kB"), (32_000_000, "32 MB")])
def test_bytes_have_their_unit(value: int, written: str) -> None:
    assert byte_count(value) == written


@pytest.mark.parametrize(
    ("share", "written"),
    [(0, "0"), (0.0004, "<0.1 %"), (0.0005, "0.1 %"), (0.0994, "9.9 %"), (0.0996, "10 %"), (1, "100 %")],
)
def test_shares_are_percentages(share: float, written: str) -> None:
    assert percent(share) == written


def test_channels_show_the_expansion() -> None:
    assert channels(BLOCK) == "16 → 64 → 24 (×4)"


@pytest.mark.parametrize("mid_channels", [0, 16])
def test_channels_show_no_expansion_where_there_is_none(mid_channels: int) -> None:
    assert channels(replace(BLOCK, mid_channels=mid_channels)) == "16 → 24"


def test_details_are_those_that_the_block_has() -> None:
    assert details(BLOCK) == ["SE 16", "hard-swish"]
    assert details(replace(BLOCK, se_channels=0, activation="")) == []
    assert details(replace(BLOCK, kind="pool", se_channels=0, activation="relu")) == ["1 × 1 conv", "ReLU"]


def test_a_stride_of_one_goes_without_saying() -> None:
    assert (stride(BLOCK), stride(replace(BLOCK, stride=1))) == ("stride 2", "")


def test_a_run_in_words_says_all_that_the_card_shows() -> None:
    run = Run(replace(BLOCK, stride=1, downsample="max", residual=True, out_channels=16), 2, 0.5, 0.5)
    assert sentence(run) == (
        "Max pool 2 × 2, then 2 times Inverted residual, 5 × 5, channels 16 → 64 → 16 (×4), SE 16, hard-swish,"
        " with a skip connection, gives 16 × 16 × 16, 2.47 M MACs, 9.13 k parameters"
    )
