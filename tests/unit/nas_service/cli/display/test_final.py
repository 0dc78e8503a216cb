"""The table at the end of a search."""

from pathlib import Path

import pytest
from rich.console import Console

from nas_service.cli.display.final import final_table, latency_text
from nas_service.cli.results import FrontResult, Results
from nas_service.domain.spec import TargetSpec
from tests.unit.nas_service.cli.documents import SPEC, finalized, search

MEASURED = {"median_ms": 0.034173, "ci95_low_ms": 0.0339, "ci95_high_ms": 0.0345, "noisy": False}


def shown(results: Results) -> list[str]:
    console = Console(width=140, color_system=None)
    with console.capture() as capture:
        console.print(final_table(results))
    return capture.get().splitlines()


def test_each_network_has_both_accuracies_latency_with_its_interval_size_and_macs() -> None:
    head, row = shown(Results(Path("results"), search(), (FrontResult(1, finalized(3), Path("results/1")),)))
    assert head.split() == ["#", "architecture", "validation", "test", "latency", "size", "MACs"]
    assert row.split("  ")[0] == "1"
    for text in ("97.41 %", "96.29 %", "0.0342 ms +-0.0003", "84.2 kB", "1.2 M"):
        assert text in row


def test_every_target_has_its_column() -> None:
    two = SPEC.model_copy(update={"targets": (TargetSpec(), TargetSpec(threads=2))})
    member = FrontResult(1, finalized(3, {"0": MEASURED, "1": MEASURED | {"median_ms": 0.9}}), Path("results/1"))
    head, row = shown(Results(Path("results"), search(spec=two), (member,)))
    assert "latency @0" in head
    assert "latency @1" in head
    assert "0.9 ms" in row


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "0.0342 ms +-0.0003"),
        ({"noisy": True}, "0.0342 ms +-0.0003 (noisy)"),
        ({"ci95_low_ms": None, "ci95_high_ms": None, "noisy": True}, "0.0342 ms (noisy)"),
    ],
)
def test_a_latency_says_how_sure_it_is(changes: dict[str, object], text: str) -> None:
    assert latency_text(MEASURED | changes) == text
