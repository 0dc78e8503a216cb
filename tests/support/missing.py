"""A machine on which a package is not installed."""

import builtins
from typing import Any

import pytest


def without(package: str, monkeypatch: pytest.MonkeyPatch, *users: str) -> None:
    """From now on importing it fails as if it were not there; so do its `users`, which are loaded already."""
    known = builtins.__import__

    def find(name: str, *rest: Any, **options: Any) -> Any:
        if name.partition(".")[0] == package or name.startswith(users):
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
        return known(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", find)
