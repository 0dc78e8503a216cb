"""Every installation takes the same versions: constraints.txt is complete and agrees with pyproject.toml."""

import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.source import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

ACCELERATOR_PACKAGES = ("nvidia-", "cuda-", "triton")
"""What torch brings along differs from build to build, each pinned by torch itself."""


def _pins() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    exact = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in exact}


def _declared() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"].values()
    named = [*PROJECT["dependencies"], *(line for extra in extras for line in extra)]
    requirements = [Requirement(line) for line in named]
    return [requirement for requirement in requirements if requirement.name != PROJECT["name"]]


def _needed(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    """What an installed package asks for on this machine; nothing where it is not installed."""
    try:
        lines = distribution(name).requires or []
    except PackageNotFoundError:
        return
    for requirement in map(Requirement, lines):
        chosen = (requirement.marker is None) or any(
            requirement.marker.evaluate({"extra": extra}) for extra in extras | {""}
        )
        if chosen:
            yield requirement


def _everything_needed() -> set[str]:
    """Canonical names of all packages that the declared ones pull in, directly or not."""
    waiting = [(requirement.name, frozenset(requirement.extras)) for requirement in _declared()]
    seen = set()
    while waiting:
        package = waiting.pop()
        if package in seen or package[0].startswith(ACCELERATOR_PACKAGES):
            continue
        seen.add(package)
        waiting += [(needed.name, frozenset(needed.extras)) for needed in _needed(*package)]
    return {canonicalize_name(name) for name, _ in seen}


def test_every_declared_dependency_is_pinned_within_its_bounds() -> None:
    pins = _pins()
    unmet = [str(r) for r in _declared() if pins.get(canonicalize_name(r.name)) not in r.specifier]
    assert unmet == []


def test_what_the_dependencies_pull_in_is_pinned_too() -> None:
    assert _everything_needed() - _pins().keys() == set()


def test_pins_name_no_build_that_only_one_machine_has() -> None:
    """`torch==2.13.0+cpu` would install here and nowhere else."""
    assert [name for name, version in _pins().items() if version.local] == []
