"""Checks of Python and its packages."""

from importlib.metadata import version

import pytest
from packaging.requirements import Requirement

from nas_service.cli.doctor import packages
from nas_service.cli.doctor.finding import Level
from nas_service.cli.doctor.packages import check_packages, check_python, is_met


@pytest.mark.parametrize(
    ("python", "level"), [((3, 10, 9), Level.FAIL), ((3, 11, 0), Level.OK), ((3, 14, 1), Level.OK)]
)
def test_python_must_be_new_enough(python: tuple[int, ...], level: Level) -> None:
    assert check_python(python).level is level


def test_a_requirement_is_met_by_name_and_version() -> None:
    assert is_met(Requirement("rich"))
    assert is_met(Requirement(f"rich=={version('rich')}"))
    assert not is_met(Requirement("rich<1"))
    assert not is_met(Requirement("no-such-package-anywhere"))


def test_every_extra_is_reported_and_what_this_installation_has_is_found() -> None:
    found = {finding.check: finding for finding in check_packages()}
    assert list(found) == [
        "packages",
        "packages[worker]",
        "packages[hf]",
        "packages[postgres]",
        "packages[distributed]",
        "packages[s3]",
        "packages[tracing]",
        "packages[dashboards]",
        "packages[plot]",
        "packages[pandas]",
        "packages[mlflow]",
    ]
    assert found["packages"].level is Level.OK
    assert found["packages[worker]"].level is Level.OK


def test_a_missing_package_is_named_with_the_command_that_installs_it() -> None:
    declared = [Requirement("rich"), Requirement('no-such-package>=2; extra == "worker"')]
    core, worker = (packages.check_extra(extra, declared) for extra in ("", "worker"))
    assert core.level is Level.OK
    assert worker.level is Level.FAIL
    assert "no-such-package>=2" in worker.detail
    assert worker.mend == "python -m pip install 'nas-service[worker]'"


def test_an_extra_that_nobody_needs_yet_is_no_fault() -> None:
    finding = packages.check_extra("hf", [Requirement('no-such-package; extra == "hf"')])
    assert finding.level is Level.OK
    assert finding.detail == "not installed; only for data sets named hf:NAME"
    assert "nas-service[hf]" in finding.mend


def test_an_uninstalled_project_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "DISTRIBUTION", "no-such-distribution")
    (finding,) = check_packages()
    assert finding.level is Level.FAIL
    assert finding.mend == "python -m pip install --editable ."
