"""Say what the collector would free and what does not fit together, or free it: `python -m nas_service.gc`.

Prints one JSON document. `--delete` frees; with `--orphans` also the files that no row knows.
"""

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from nas_service import logs
from nas_service.bootstrap import Service, bootstrap
from nas_service.use_cases.checkpoints import needless, remove_needless
from nas_service.use_cases.collect import collect_all, plan
from nas_service.use_cases.inventory import adopt, take_inventory, total
from nas_service.use_cases.ports import Total

NAMED = 20
"""Things that a report names; it counts all."""


def report(service: Service) -> dict[str, Any]:
    """What could be freed, by reason, and what is missing."""
    grace_s = service.settings.artifact_grace_s
    planned = plan(service.store, grace_s)
    found = take_inventory(service.store, service.files, grace_s)
    return {
        "dominated": asdict(planned.dominated),
        "unreferenced": asdict(planned.unreferenced),
        "unfinished": asdict(total(found.unfinished)),
        "checkpoints": asdict(total(needless(service.store, service.checkpoints))),
        "orphans": asdict(total(found.orphans)) | {"names": [file.name for file in found.orphans[:NAMED]]},
        "missing": {"files": len(found.missing), "sha256": found.missing[:NAMED]},
        "grace_s": grace_s,
    }


def free(service: Service, *, orphans: bool) -> Total:
    """Delete all of that, and the files that no row knows only where `orphans` says so."""
    grace_s = service.settings.artifact_grace_s
    found = take_inventory(service.store, service.files, grace_s)
    left = total([*found.unfinished, *needless(service.store, service.checkpoints)])
    if orphans:
        adopt(service.store, found.orphans)
    for file in found.unfinished:
        service.files.delete(file.name)
    remove_needless(service.store, service.checkpoints)
    freed = collect_all(service.store, service.files, grace_s)
    return Total(freed.files + left.files, freed.size_bytes + left.size_bytes)


def main() -> None:
    """As the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delete", action="store_true")
    parser.add_argument("--orphans", action="store_true")
    wanted = parser.parse_args()
    logs.configure("gc")
    service = bootstrap()
    document = report(service)
    if wanted.delete:
        document["freed"] = asdict(free(service, orphans=wanted.orphans))
    sys.stdout.write(json.dumps(document))


if __name__ == "__main__":
    main()
