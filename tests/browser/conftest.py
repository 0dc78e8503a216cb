"""A service and a browser for each file of tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from nas_service.api.app import create_app
from tests.support.api import new_service, plain_logs, serving
from tests.support.served import Served
from tests.support.watched import launch


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, chromium: Path) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("pages") / "home"
    with plain_logs(), new_service(home) as service, serving(create_app(service)) as url, sync_playwright() as driver:
        browser = launch(driver, chromium)
        yield Served(service, url, browser)
        browser.close()
