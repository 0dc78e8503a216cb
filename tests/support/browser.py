"""Finds a real Chromium: the system's, else the one Playwright installed."""

import shutil
from pathlib import Path

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> Path | None:
    """The executable of a Chromium on this machine, or None."""
    for command in COMMANDS:
        if found := shutil.which(command):
            return Path(found)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.exists() else None
