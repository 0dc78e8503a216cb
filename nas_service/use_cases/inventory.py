"""Compares the stored files with the rows: files that no row knows, rows whose files are missing, leftovers."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from nas_service.use_cases.ports import INCOMING, FileStore, Store, StoredFile, Total

SHARDS = tuple(f"{number:02x}" for number in range(256))
_ARTIFACT = re.compile(r"[0-9a-f]{2}/([0-9a-f]{64})")


@dataclass(slots=True)
class Inventory:
    """What does not fit together. What is younger than the grace period is left out: it may be on its way."""

    orphans: list[StoredFile] = field(default_factory=list)
    """Files that no row knows: of a database that was lost or restored, or of another service."""
    unfinished: list[StoredFile] = field(default_factory=list)
    """Files whose writer died."""
    missing: list[str] = field(default_factory=list)
    """The sha256 of rows whose files are gone."""


def take_inventory(store: Store, files: FileStore, grace_s: float) -> Inventory:
    """Look at every file and row, one shard at a time, so that memory does not grow with all of them."""
    found = Inventory()
    for shard in SHARDS:
        _compare(store, files, (shard, grace_s), found)
    return found


def _compare(store: Store, files: FileStore, scope: tuple[str, float], found: Inventory) -> None:
    shard, grace_s = scope
    with store.read() as uow:
        ages_s = uow.retention.known(shard)
    stored = set()
    for file in files.list(shard):
        old = time.time() - file.modified_at_s > grace_s
        match = _ARTIFACT.fullmatch(file.name)
        if match is not None:
            stored.add(match[1])
            if old and match[1] not in ages_s:
                found.orphans.append(file)
        elif old and file.name.rpartition("/")[2].startswith(INCOMING):
            found.unfinished.append(file)
    found.missing += sorted(sha256 for sha256, age_s in ages_s.items() if age_s > grace_s and sha256 not in stored)


def adopt(store: Store, orphans: Sequence[StoredFile]) -> None:
    """Give orphans rows, so that the collector takes them; who stores the same content meanwhile keeps it."""
    with store.write() as uow:
        for file in orphans:
            uow.retention.adopt(file.name.rpartition("/")[2], file)


def total(files: Sequence[StoredFile]) -> Total:
    """How much they are."""
    return Total(len(files), sum(file.size_bytes for file in files))
