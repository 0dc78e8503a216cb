"""A pytest hook, imported by conftest files: a failed test shows what its service wrote."""

from collections.abc import Generator
from typing import Any

import pytest

from tests.support.service import RunningService


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, Any, Any]:
    """Add the ends of the logs of every running service among the test's fixtures."""
    report = yield
    services = {v.home: v for v in getattr(item, "funcargs", {}).values() if isinstance(v, RunningService)}
    if report.failed:
        report.sections += [(f"logs of the service in {home}", one.log_tails()) for home, one in services.items()]
    return report
