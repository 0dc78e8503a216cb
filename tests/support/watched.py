"""A page in a real browser that is watched: what it complains of, whom it asks, and what axe says of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

from tests.support.source import ROOT

OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
AXE = ROOT / "tests" / "browser" / "vendor" / "axe" / "axe.min.js"
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
TIMEOUT_MS = 15_000


def launch(playwright: Any, chromium: Path) -> Browser:
    """A browser that reaches this machine alone."""
    browser: Browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", OFFLINE])
    return browser


@contextmanager
def watched(browser: Browser, expected: tuple[str, ...] = (), **context: Any) -> Iterator[Page]:
    """A fresh page that asks no other host; its console stays free of errors but those with a part of `expected`."""
    complaints: list[str] = []
    hosts: set[str | None] = set()
    made = browser.new_context(**{"viewport": DESKTOP, **context})
    made.set_default_timeout(TIMEOUT_MS)
    page = made.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    try:
        yield page
        # Before it is closed: a page that is still loading then complains of that.
        unexpected = [text for text in complaints if not any(part in text for part in expected)]
    finally:
        made.close()
    assert not unexpected, f"the console has errors: {unexpected}"
    assert hosts - {None, ""} == {"127.0.0.1"}, f"other hosts were asked: {hosts}"


def serious_findings(page: Page) -> list[str]:
    """What axe finds serious or critical on the page as it is: rule and first place of each."""
    # Evaluated, not added as a script: the page's policy rightly refuses those.
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {violation['nodes'][0]['html']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
