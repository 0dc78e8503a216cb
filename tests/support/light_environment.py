"""A Python that has what an agent is said to need, and nothing else: links into the packages of this one."""

import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import PathDistribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

from tests.support.source import ROOT

METADATA = "import sys; from setuptools.build_meta import prepare_metadata_for_build_wheel as m; m(sys.argv[1])"
OWN_PACKAGES = ("nas_service", "search_spaces", "workers")
STARTER = "#!{python}\nimport sys\nfrom nas_service.cli.main import app\nsys.exit(app())\n"


def make_light_environment(folder: Path) -> Path:
    """A new virtual environment in `folder`, as `pip install --no-deps` and `pip install` of the list would fill it.

    Returns its `bin`, with `python` and `nas`.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    subprocess.run([sys.executable, "-c", METADATA, str(site)], cwd=ROOT, check=True, capture_output=True, timeout=120)
    for package in OWN_PACKAGES:
        (site / package).symlink_to(ROOT / package)
    python = folder / "bin" / "python"
    listed = subprocess.run(
        [python, "-m", "workers.agent.requirements"], check=True, capture_output=True, text=True, timeout=60
    )
    for name in sorted(_closure(listed.stdout.split("\n"))):
        for target in _top_level(name):
            if not (site / target.name).exists():
                (site / target.name).symlink_to(target)
    nas = folder / "bin" / "nas"
    nas.write_text(STARTER.format(python=python))
    nas.chmod(0o755)
    return folder / "bin"


def _closure(lines: list[str]) -> set[str]:
    """The packages named and all that they pull in, without their extras."""
    waiting = [Requirement(line).name for line in lines if line]
    assert waiting, "the list is empty"
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        needed = map(Requirement, distribution(name).requires or [])
        waiting += [r.name for r in needed if r.marker is None or r.marker.evaluate({"extra": ""})]
    return seen


def _top_level(name: str) -> Iterator[Path]:
    """Where a package's modules and metadata lie."""
    found = distribution(name)
    assert isinstance(found, PathDistribution)
    tops = {path.parts[0] for path in found.files or [] if path.parts[0] not in {"..", "__pycache__"}}
    yield from (Path(str(found.locate_file(top))) for top in sorted(tops))
