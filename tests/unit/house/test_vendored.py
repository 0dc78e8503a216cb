"""Code of others that is shipped or tested with: unchanged, with its licence, and the version that is written here."""

import hashlib
from pathlib import Path

import pytest

from tests.support.source import ROOT

SHIPPED, FOR_TESTS = ROOT / "nas_service" / "dashboard" / "static" / "vendor", ROOT / "tests" / "browser" / "vendor"

SHA256 = {
    # htmx.org 2.0.11, dist/htmx.min.js
    SHIPPED / "htmx" / "htmx.min.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
    # echarts 6.1.0, the parts in entry.mjs beside it
    SHIPPED / "echarts" / "echarts.min.js": "bb1f652cc09d979d6a4f0664d836dd97bc765156d507b7d4dcd4862107aa38f5",
    # axe-core 4.14.1, axe.min.js
    FOR_TESTS / "axe" / "axe.min.js": "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c",
}


def test_every_vendored_script_is_named_here() -> None:
    assert set(SHA256) == {path for folder in (SHIPPED, FOR_TESTS) for path in folder.rglob("*.js")}


@pytest.mark.parametrize("path", SHA256, ids=lambda path: path.name)
def test_a_vendored_script_is_as_it_was_published(path: Path) -> None:
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA256[path]


@pytest.mark.parametrize("path", SHA256, ids=lambda path: path.name)
def test_its_licence_is_beside_it(path: Path) -> None:
    assert (path.parent / "LICENSE").is_file()
