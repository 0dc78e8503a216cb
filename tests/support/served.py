"""Stored searches on pages that a browser opens."""

from dataclasses import dataclass

from playwright.sync_api import Browser, Locator, Page

from nas_service.bootstrap import Service
from nas_service.domain.entities import Search
from tests.support.finished_search import seed

COUNT = 40


@dataclass(frozen=True)
class Served:
    """A service, where it is served, and a browser."""

    service: Service
    url: str
    browser: Browser

    def seeded(self, count: int = COUNT) -> tuple[Search, str]:
        """A running search, and the address of its page."""
        search = seed(self.service.store, count)
        return search, f"{self.url}/searches/{search.id}"


def part(page: Page, name: str) -> Locator:
    """What templates call so."""
    return page.locator(f'[data-part="{name}"]')


def fact(page: Page, name: str) -> Locator:
    """The value of one of the facts at the top of a page."""
    return part(page, "facts").locator("div", has=page.get_by_text(name, exact=True)).locator("dd")
