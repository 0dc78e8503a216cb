"""The way of a user through the dashboard, on a real embedded search, in a real browser."""

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.support.service import RunningService
from tests.support.watched import TIMEOUT_MS, launch, serious_findings, watched

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
expect.set_options(timeout=TIMEOUT_MS)

SEARCH_TIMEOUT_MS = 180_000


@pytest.fixture
def page(service: RunningService, chromium: Path) -> Iterator[Page]:
    """Its console stays free of errors, and it asks this machine alone."""
    with sync_playwright() as playwright:
        browser = launch(playwright, chromium)
        with watched(browser, base_url=service.url) as page:
            yield page
        browser.close()


def part(page: Page, name: str) -> Locator:
    return page.locator(f'[data-part="{name}"]')


def test_a_search_is_made_watched_paused_resumed_and_its_network_loaded(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.goto("/searches/new")
    page.locator("#field-name").fill("by hand")
    page.locator("#field-budget-candidates").fill("2")
    page.get_by_text("Training", exact=True).click()
    page.locator("#field-training-epochs").fill("2")
    page.get_by_text("Finalize", exact=True).click()
    page.locator("#field-finalize-top_k").fill("1")
    expect(page.locator("#code")).to_contain_text("top_k: 1")
    page.get_by_role("button", name="Start the search").click()
    page.wait_for_url("**/searches/search-*")
    expect(part(page, "live")).to_have_text("live")
    page.get_by_role("button", name="Pause").click()
    expect(part(page, "status")).to_have_text("paused")
    page.get_by_role("button", name="Resume").click()
    expect(part(page, "status")).to_have_text("succeeded", timeout=SEARCH_TIMEOUT_MS)
    expect(part(page, "front-chart").locator("canvas")).to_be_visible()
    expect(part(page, "members").locator("tbody tr")).to_have_count(1)
    assert serious_findings(page) == []

    part(page, "members").locator("tbody a").first.click()
    expect(page.get_by_text("on the front")).to_be_visible()
    part(page, "latency-chart").scroll_into_view_if_needed()
    expect(part(page, "latency-chart").locator("canvas")).to_be_visible()
    assert serious_findings(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download bundle").click()
    stated = page.get_by_role("row", name="bundle.zip").locator(".hash").get_attribute("title")
    assert hashlib.sha256(download.value.path().read_bytes()).hexdigest() == stated
    candidate_id = page.url.rpartition("/")[2]
    zipfile.ZipFile(download.value.path()).extractall(tmp_path / candidate_id)
    monkeypatch.chdir(tmp_path)
    loaded: dict[str, Any] = {"images": torch.rand(2, 1, 8, 8)}
    exec(page.locator(".snippet").inner_text(), loaded)
    assert loaded["logits"].shape == (2, 10)

    page.go_back()
    part(page, "front-table").locator("summary").click()
    boxes = part(page, "front-table").get_by_role("checkbox")
    boxes.nth(0).check()
    boxes.nth(1).check()
    part(page, "compare").click()
    expect(page.get_by_role("heading", name="2 candidates compared")).to_be_visible()
