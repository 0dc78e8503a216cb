"""Makes sure that the browser tests find a Chromium, and installs one where none is."""

import os
import shutil
import subprocess
import sys

from tests.support.browser import find_chromium

APT = [
    ["apt-get", "update", "--quiet"],
    ["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "chromium"],
]
PLAYWRIGHT = [[sys.executable, "-m", "playwright", "install", "chromium"]]
MEND = "Install Chromium or Google Chrome so that it is on PATH, then repeat."


def install() -> None:
    """Install by the system's packages where we may, else by Playwright. Raises CalledProcessError."""
    as_root_on_debian = os.geteuid() == 0 and shutil.which("apt-get")
    for command in APT if as_root_on_debian else PLAYWRIGHT:
        print("+", *command, flush=True)
        subprocess.run(command, check=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def main() -> None:
    """Exit quietly where a Chromium is or could be installed, else with the mend."""
    if find_chromium():
        return
    print("No Chromium was found; installing one for the browser tests.", flush=True)
    try:
        install()
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {error}\n{MEND}")
    if not find_chromium():
        sys.exit(f"error: Chromium was installed but is not found. {MEND}")


if __name__ == "__main__":
    main()
