"""Are the Python and the packages there that each part of the service needs?"""

import sys
from collections.abc import Iterable
from importlib import metadata

from packaging.requirements import Requirement

from nas_service.cli.doctor.finding import Finding, Level, fail, ok

DISTRIBUTION = "nas-service"
OLDEST_PYTHON = (3, 11)

EXTRAS = {
    "": "the service and the command line",
    "worker": "training, exporting and timing networks",
    "hf": "data sets named hf:NAME",
    "postgres": "a Postgres database",
    "distributed": "workers on other machines",
    "s3": "artifacts on S3",
    "tracing": "OpenTelemetry traces",
    "dashboards": "the dashboards of Optuna and Celery",
    "plot": "figures and reports without a browser",
    "pandas": "fronts as data frames",
    "mlflow": "logging searches to MLflow",
}
REQUIRED = ("", "worker")


def check_python(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Finding:
    """The interpreter is new enough."""
    shown = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        return fail("python", shown, f"install Python {wanted} or newer and create the environment again with it")
    return ok("python", f"{shown} at {sys.executable}")


def check_packages() -> list[Finding]:
    """One finding an extra."""
    try:
        declared = [Requirement(line) for line in metadata.requires(DISTRIBUTION) or []]
    except metadata.PackageNotFoundError:
        return [fail("packages", f"{DISTRIBUTION} itself is not installed", "python -m pip install --editable .")]
    return [check_extra(extra, declared) for extra in EXTRAS]


def check_extra(extra: str, declared: Iterable[Requirement]) -> Finding:
    """What an extra adds to the declared requirements is installed; not every extra has to be."""
    purpose = EXTRAS[extra]
    name = f"packages[{extra}]" if extra else "packages"
    needed = list(_needed(extra, declared))
    missing = [str(r) for r in needed if not is_met(r)]
    if not missing:
        return ok(name, f"{len(needed)} packages for {purpose}")
    install = f"python -m pip install '{DISTRIBUTION}[{extra}]'" if extra else f"python -m pip install {DISTRIBUTION}"
    if extra in REQUIRED:
        return fail(name, f"missing or too old for {purpose}: {', '.join(missing)}", install)
    return Finding(name, Level.OK, f"not installed; only for {purpose}", install)


def _needed(extra: str, declared: Iterable[Requirement]) -> Iterable[Requirement]:
    """The requirements that this extra adds, without markers; extras that it includes are listed on their own."""
    for requirement in declared:
        marker = requirement.marker
        by_extra = marker is not None and "extra" in str(marker)
        chosen = marker is None or marker.evaluate({"extra": extra})
        if chosen and by_extra == bool(extra) and requirement.name != DISTRIBUTION:
            yield Requirement(f"{requirement.name}{requirement.specifier}")


def is_met(requirement: Requirement) -> bool:
    """Whether an installed version satisfies the requirement."""
    try:
        installed = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return False
    return requirement.specifier.contains(installed, prereleases=True)
