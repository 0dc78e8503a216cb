"""`nas plot` and `nas report`."""

from pathlib import Path

import pytest
from PIL import Image

from tests.integration.nas_service.cli.conftest import Nas
from tests.support.missing import without


def test_a_figure_is_drawn_into_the_file_that_was_named(nas: Nas, finished_id: str, tmp_path: Path) -> None:
    done = nas("plot", finished_id, "--kind", "hypervolume", "--out", "pictures/growth.png")
    assert (done.exit_code, done.stdout) == (0, "drawn pictures/growth.png\n")
    with Image.open(tmp_path / "pictures" / "growth.png") as picture:
        assert picture.format == "PNG"


def test_a_figure_may_be_a_page(nas: Nas, finished_id: str, tmp_path: Path) -> None:
    assert nas("plot", "last", "--out", "front.html").exit_code == 0
    assert (tmp_path / "front.html").read_text().count("<svg") == 2


def test_another_ending_is_refused_before_anything_is_drawn(nas: Nas, finished_id: str, tmp_path: Path) -> None:
    done = nas("plot", finished_id, "--out", "front.gif")
    assert done.exit_code == 2
    assert "--out front.gif should end with one of .png, .svg, .html" in done.stderr
    assert not (tmp_path / "front.gif").exists()


def test_a_report_is_written_for_a_search_at_any_time(nas: Nas, search_id: str, tmp_path: Path) -> None:
    done = nas("report", search_id, "--out", "report.html", "--json")
    assert done.exit_code == 0, done.stderr
    page = (tmp_path / "report.html").read_text()
    assert "This search is not over" in page
    assert "No candidate is complete and feasible." in page


def test_a_missing_package_is_named_with_its_command(nas: Nas, search_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without("matplotlib", monkeypatch, "nas_service.report")
    done = nas("report", search_id)
    assert done.exit_code == 1
    assert "this needs matplotlib, which is not installed: pip install 'nas-service[plot]'" in done.stderr
