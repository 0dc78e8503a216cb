"""Packages that few need: imported where they are used, and named with their command where they are missing."""

from collections.abc import Iterator
from contextlib import contextmanager

EXTRAS = {"matplotlib": "plot", "mlflow": "mlflow", "pandas": "pandas", "safetensors": "worker", "torch": "worker"}
"""By package the extra of this distribution that brings it."""


class MissingExtraError(Exception):
    """A package is missing that this call needs; the message says how to install it."""


@contextmanager
def explained() -> Iterator[None]:
    """Imports in here raise MissingExtraError where a package of an extra is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        command = f"pip install 'nas-service[{EXTRAS[package]}]'"
        raise MissingExtraError(f"this needs {package}, which is not installed: {command}") from error
