"""The documentation builds as a site without a broken link, says everything that the code has, and asks nobody."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.source import ROOT

FROM_ELSEWHERE = re.compile(
    r'<(?:script|img|iframe)[^>]*src="(?:https?:)?//|<link[^>]*rel="(?!canonical)[^>]*href="(?:https?:)?//'
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `make docs` builds it; a broken link or a missing picture fails the build."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    quiet = {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | quiet, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def _pages(site: Path) -> Iterator[tuple[Path, str]]:
    for path in site.rglob("*.html"):
        yield path.relative_to(site), path.read_text(encoding="utf-8")


def test_every_guide_and_decision_is_a_page(site: Path) -> None:
    wanted = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    wanted = {path.with_name("index.html") if path.stem == "README" else path for path in wanted}
    assert wanted - {path for path, _ in _pages(site)} == set()


def test_every_command_and_every_route_is_in_the_reference(site: Path, nas_commands: set[str]) -> None:
    commands = (site / "reference" / "cli.html").read_text(encoding="utf-8")
    assert {name for name in nas_commands if f"<code>nas {name}</code>" not in commands} == set()
    routes = (site / "reference" / "rest.html").read_text(encoding="utf-8")
    for route in (
        "POST /v1/searches",
        "GET /v1/searches/{search_id}/front",
        "GET /v1/candidates/{candidate_id}/bundle",
    ):
        assert f"<code>{route}</code>" in routes


def test_it_can_be_read_without_a_network(site: Path) -> None:
    assert [str(path) for path, text in _pages(site) if FROM_ELSEWHERE.search(text)] == []
