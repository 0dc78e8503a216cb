"""Prints what an agent needs beside this package, for `pip install`; each extra named, such as `openvino`, adds to it.

It imports the standard library alone.

Installed with all its dependencies this package brings databases and samplers that a device has no use for.
"""

import sys
from importlib.metadata import requires

AGENT = "agent"


def requirements(*extras: str) -> list[str]:
    """The extra `agent` and those named, as this installation's metadata states them."""
    wanted = {f"extra == '{extra}'" for extra in (AGENT, *extras)}
    found = (line.partition(";") for line in requires("nas-service") or [])
    return [name.strip() for name, _, marker in found if marker.replace('"', "'").strip() in wanted]


if __name__ == "__main__":
    sys.stdout.write("\n".join(requirements(*sys.argv[1:])) + "\n")
