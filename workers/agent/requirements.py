"""Prints what an agent needs beside this package, for `pip install`. It imports the standard library alone.

Installed with all its dependencies this package brings databases and samplers that a device has no use for.
"""

import sys
from importlib.metadata import requires

EXTRA = "agent"


def requirements() -> list[str]:
    """The extra `agent`, as this installation's metadata states it."""
    found = (line.partition(";") for line in requires("nas-service") or [])
    return [name.strip() for name, _, marker in found if marker.replace('"', "'").strip() == f"extra == '{EXTRA}'"]


if __name__ == "__main__":
    sys.stdout.write("\n".join(requirements()) + "\n")
