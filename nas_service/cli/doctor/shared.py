"""What the machines of one service share: are workers alive, do clocks agree, can files be stored?"""

from collections.abc import Mapping
from pathlib import Path

from nas_service.cli.doctor.finding import Finding, fail, ok, warn
from nas_service.cli.doctor.runtimes import ProbeError, probe
from nas_service.domain.entities import TRAIN_QUEUE

WORKERS_PROBE = """
import json, time
from collections import Counter
from sqlalchemy import select
from nas_service.settings import Settings
from nas_service.store.engine import make_engine
from nas_service.store.types import now_epoch_s
from nas_service.store.unit_of_work import SqlStore
with SqlStore(make_engine(Settings().resolved_database_url)).read() as uow:
    ahead_s = uow.connection.scalar(select(now_epoch_s())) - time.time()
    queues = Counter(queue for worker in uow.workers.live() for queue in worker.queues)
print(json.dumps({"queues": queues, "database_ahead_s": ahead_s}))
"""

FILES_PROBE = """
import json, tempfile, uuid
from pathlib import Path
from nas_service.artifacts import open_files
from nas_service.settings import Settings
files, name = open_files(Settings().files_url, "artifacts"), f"doctor-{uuid.uuid4().hex}"
with tempfile.TemporaryDirectory() as folder:
    probe = Path(folder, "probe")
    probe.write_text(name)
    files.put(probe, name)
    try:
        files.fetch(name, Path(folder, "back"))
    finally:
        files.delete(name)
    print(json.dumps(Path(folder, "back").read_text() == name))
"""

MOST_SKEW_S = 2.0
"""Leases go by the database's clock alone; durations and times are shown as each machine's own clock tells them."""


def check_workers(database_url: str) -> list[Finding]:
    """Who serves which queue, and whether this machine's clock agrees with the database's."""
    backend, _, location = database_url.partition(":///")
    if backend == "sqlite" and not Path(location).exists():
        return [ok("workers", "no database yet; the first start creates it")]
    try:
        facts = probe(WORKERS_PROBE)
    except ProbeError as error:
        return [fail("workers", f"the database cannot be read: {error}", "check NAS_DATABASE_URL, then `nas migrate`")]
    return [_serving(facts["queues"]), _skew(facts["database_ahead_s"])]


def _serving(queues: Mapping[str, int]) -> Finding:
    """Agents on devices time what others have trained: without those they wait for ever."""
    serving = ", ".join(f"{count} on {queue}" for queue, count in sorted(queues.items()))
    if TRAIN_QUEUE in queues:
        return ok("workers", serving)
    detail = f"{serving}, but none that trains" if serving else "none is alive"
    return warn("workers", detail, "nas up, or nas worker")


def _skew(database_ahead_s: float) -> Finding:
    detail = f"the database's clock is {abs(database_ahead_s):.1f} s {'ahead' if database_ahead_s > 0 else 'behind'}"
    if abs(database_ahead_s) > MOST_SKEW_S:
        return warn("skew", detail, "set both machines' clocks, for example by NTP")
    return ok("skew", detail)


def check_files() -> Finding:
    """A file can be stored, read again and removed where artifacts lie."""
    try:
        same = probe(FILES_PROBE)
    except ProbeError as error:
        return fail("files", f"nothing can be stored: {error}", "check NAS_ARTIFACTS_URL, its credentials and endpoint")
    mend = "look at what lies between here and NAS_ARTIFACTS_URL"
    return ok("files", "stored, read and removed one") if same else fail("files", "a file came back changed", mend)
