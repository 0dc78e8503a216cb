"""`nas export` and `nas import`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nas_service.bootstrap import Service
from tests.integration.nas_service.cli.conftest import Nas
from tests.support.exchanged import ended


def test_a_search_is_exported_and_imported(
    nas: Nas, as_json: Callable[..., Any], service: Service, tmp_path: Path
) -> None:
    search_id = ended(service.store, service.artifacts, tmp_path, "default").id
    written = nas("export", search_id, "--out", "digits.zip")
    assert written.exit_code == 0, written.stderr
    assert "another service takes it in by `nas import digits.zip`" in written.stdout
    imported = nas("import", "digits.zip")
    assert imported.exit_code == 0, imported.stderr
    assert imported.stdout.startswith("imported search-")
    found = as_json("import", "digits.zip")
    assert (found["imported"], found["id"] in imported.stdout, found["id"] != search_id) == (True, True, True)
    assert nas("report", found["id"], "--out", "report.html").exit_code == 0
    assert "<svg" in (tmp_path / "report.html").read_text()
    lean = as_json("export", search_id, "--no-artifacts")
    assert lean["file"] == f"{search_id}.zip"
    assert lean["size_bytes"] < (tmp_path / "digits.zip").stat().st_size


def test_what_cannot_be_taken_in_is_named(nas: Nas, search_id: str, tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    refused = nas("import", "text.zip")
    assert refused.exit_code == 2
    assert "this is no exported search" in refused.stderr
    live = nas("export", search_id)
    assert "only a search that is over is exported" in live.stderr
