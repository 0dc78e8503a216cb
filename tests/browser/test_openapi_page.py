"""The OpenAPI page in a real browser without a network: it loads, and its examples run as they are."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, sync_playwright

from nas_service.api.app import create_app
from nas_service.bootstrap import Service
from nas_service.domain.states import SearchStatus
from nas_service.use_cases.ports import Page as Rows
from tests.support.api import new_service, plain_logs, serving

pytestmark = pytest.mark.browser

OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service with an empty database."""
    with plain_logs(), new_service(tmp_path / "home") as service:
        yield service


@pytest.fixture
def page(service: Service, chromium: Path) -> Iterator[Page]:
    """The OpenAPI page, opened; leaves nothing in the console and asks no other host for anything."""
    complaints: list[str] = []
    hosts: set[str | None] = set()
    with serving(create_app(service)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", OFFLINE])
        page = browser.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.goto(f"{url}/docs")
        yield page
        browser.close()
    assert complaints == []
    assert hosts - {None} == {"127.0.0.1"}


def _execute(page: Page, operation: str) -> str:
    """Open an operation, execute it as it stands, and return the status that was answered."""
    block = page.locator(f"#operations-{operation}")
    block.locator(".opblock-summary-control").click()
    block.locator("button.execute").click()
    return block.locator(".live-responses-table tr.response .response-col_status").inner_text().split()[0]


def test_the_shipped_example_of_a_search_runs_from_the_page(page: Page, service: Service) -> None:
    assert _execute(page, "searches-submit_search") == "202"
    with service.store.read() as uow:
        [search], _ = uow.searches.list(Rows())
    assert (search.name, search.status) == ("digits-quickstart", SearchStatus.QUEUED)


def test_the_shipped_yaml_example_runs_too(page: Page, service: Service) -> None:
    block = page.locator("#operations-searches-submit_search")
    block.locator(".opblock-summary-control").click()
    block.locator(".opblock-section-request-body select[aria-label='Request content type']").select_option(
        "application/yaml"
    )
    block.locator("button.execute").click()
    assert block.locator(".live-responses-table tr.response .response-col_status").inner_text().split()[0] == "202"
    with service.store.read() as uow:
        assert len(uow.searches.list(Rows())[0]) == 1


@pytest.mark.parametrize("operation", ["searches-list_searches", "catalog-list_spaces", "operations-healthz"])
def test_reading_runs_from_the_page(page: Page, operation: str) -> None:
    assert _execute(page, operation) == "200"
