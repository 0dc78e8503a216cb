"""The stock dashboards of Optuna and Celery in a real browser: what a user who opens them sees."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright

from tests.support.waiting import wait_for

OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
START_TIMEOUT_S, SHOW_TIMEOUT_MS = 90.0, 30_000
SIZE = {"width": 1400, "height": 1000}


@contextmanager
def browser_page(chromium: Path) -> Iterator[Page]:
    """A page without a network beyond this machine."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", OFFLINE])
        yield browser.new_page(viewport=SIZE)
        browser.close()


def wait_for_answer(url: str) -> httpx.Response:
    """The first successful answer of a server that is being started."""

    def answer() -> httpx.Response | None:
        try:
            found = httpx.get(url)
        except httpx.TransportError:
            return None
        return found if found.is_success else None

    found = wait_for(answer, f"an answer of {url}", START_TIMEOUT_S)
    assert found is not None
    return found
