"""Are database and broker as the service needs them, does it answer, and can its search spaces be read?"""

from collections import Counter
from pathlib import Path

import search_spaces
from nas_service.cli.doctor.finding import Finding, fail, ok, warn
from nas_service.cli.doctor.runtimes import ProbeError, probe
from nas_service.client import Client, ClientError

SCHEMA_PROBE = """
import json
from nas_service.settings import Settings
from nas_service.store.engine import make_engine
from nas_service.store.migrate import is_current
with make_engine(Settings().resolved_database_url).connect() as connection:
    print(json.dumps(is_current(connection)))
"""

BROKER_PROBE = """
import json
from nas_service.dispatch.celery_dispatcher import CeleryDispatcher
from nas_service.settings import Settings
print(json.dumps(CeleryDispatcher(Settings().broker_url).is_reachable()))
"""


def check_schema(database_url: str) -> Finding:
    """The database can be reached and has the newest schema."""
    backend, _, location = database_url.partition(":///")
    if backend == "sqlite" and not Path(location).exists():
        return ok("schema", "no database yet; the first start creates it")
    try:
        current = probe(SCHEMA_PROBE)
    except ProbeError as error:
        return fail("schema", f"the database cannot be read: {error}", "check NAS_DATABASE_URL, then `nas migrate`")
    return ok("schema", "up to date") if current else fail("schema", "older than this installation", "nas migrate")


def check_broker(broker_url: str) -> Finding:
    """The broker, where one is used, answers."""
    if not broker_url:
        return ok("broker", "none is used: workers look into the database")
    try:
        answers = probe(BROKER_PROBE)
    except ProbeError as error:
        return fail("broker", f"it cannot be asked: {error}", "python -m pip install 'nas-service[distributed]'")
    return ok("broker", "it answers") if answers else fail("broker", "no answer", "start Redis, or mend NAS_BROKER_URL")


def check_service(url: str | None) -> Finding:
    """A running service is ready for work."""
    if url is None:
        return ok("service", "none runs; `nas up` or `nas run` starts one")
    try:
        with Client(url, retries=0) as client:
            state = client.readiness()
    except ClientError as error:
        return fail("service", str(error), "restart it: end `nas up` with Ctrl-C and start it again")
    return ok("service", f"ready at {url}") if state.ready else warn("service", f"at {url}", "; ".join(state.reasons))


def check_workers(url: str | None) -> Finding:
    """The workers of a running service are of its version."""
    if url is None:
        return ok("workers", "no service runs that could have some")
    try:
        with Client(url, retries=0) as client:
            workers = client.workers().items
    except ClientError as error:
        return warn("workers", str(error), "ask with a key that has the scope `operator`")
    versions = Counter(worker.versions.get("nas-service", "unknown") for worker in workers)
    shown = ", ".join(f"{count} of version {version}" for version, count in sorted(versions.items())) or "none is alive"
    if any(worker.outdated for worker in workers):
        return warn("workers", f"{shown}; the service is of another", "restart those of the other version")
    return ok("workers", shown)


def check_spaces() -> Finding:
    """Every search space, those below NAS_SPACE_PATH included, can be loaded."""
    names = search_spaces.names()
    for name in names:
        try:
            search_spaces.get(name).size()
        except Exception as error:  # a user's space is arbitrary code: whatever it raises is the finding
            return fail("spaces", f"{name}: {type(error).__name__}: {error}", "mend its space.py, see NAS_SPACE_PATH")
    return ok("spaces", ", ".join(names))
