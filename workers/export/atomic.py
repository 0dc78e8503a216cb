"""Files that appear whole."""

from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """A reader sees the whole file or none."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(content)
    unfinished.replace(path)
