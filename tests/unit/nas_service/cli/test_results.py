"""Where results go, and what a line of the front's table says."""

import json
from pathlib import Path

import pytest

from nas_service.cli.results import FrontResult, folder_of
from tests.unit.nas_service.cli.documents import finalized, search


@pytest.mark.parametrize(
    ("name", "folder"),
    [("sample", "sample"), ("my cats/dogs", "my-cats-dogs"), ("../../etc", "etc"), ("...", "search")],
)
def test_a_search_has_a_folder_of_its_name_that_never_leaves_the_results(
    tmp_path: Path, name: str, folder: str
) -> None:
    assert folder_of(search(name=name), tmp_path) == tmp_path / folder


def test_a_second_search_of_the_same_name_does_not_overwrite_the_first(tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "search.json").write_text(json.dumps({"id": "search-another"}))
    assert folder_of(search(), tmp_path) == tmp_path / "sample-3f2a9c1b7d4e"


def test_the_same_search_goes_into_the_same_folder_again(tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "search.json").write_text(search().model_dump_json())
    assert folder_of(search(), tmp_path) == tmp_path / "sample"


def test_a_row_has_both_accuracies_the_latency_with_its_interval_the_costs_and_the_choices() -> None:
    row = FrontResult(2, finalized(3), Path("results/sample/2-00000000")).row()
    assert row == {
        "rank": 2,
        "architecture_key": f"{3:020x}",
        "validation_accuracy": 0.97419,
        "test_accuracy": 0.96297,
        "latency_ms@0": 0.034173,
        "latency_ci95_low_ms@0": 0.0339,
        "latency_ci95_high_ms@0": 0.0345,
        "latency_noisy@0": False,
        "macs": 1_204_000,
        "params": 20_000,
        "size_bytes": 84_213,
        "folder": "2-00000000",
        "depth": 3,
    }
