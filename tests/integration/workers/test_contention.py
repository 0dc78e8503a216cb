"""One SQLite file under many processes: nobody is ever told that the database is locked, and nothing is done twice."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus, SearchStatus, is_over
from nas_service.use_cases import queries
from nas_service.use_cases.submit import submit
from tests.support.api import new_service
from tests.support.source import ROOT
from tests.support.waiting import wait_for

WORKERS = 4
CANDIDATES = 24
TIMEOUT_S = 240.0

EAGER_WORKER = """
import sys
from benchmarks import no_op_workers
from nas_service.bootstrap import bootstrap
from nas_service.domain.signals import Signal
from nas_service.domain.states import is_over
from nas_service.use_cases import work
store = bootstrap().store
done, over = 0, False
while not over:
    item = no_op_workers.claim(store)
    if item is None:
        with store.read() as uow:
            over = is_over(uow.searches.get(sys.argv[1]).status)
        continue
    for step in range(5):
        assert work.heartbeat(store, item, 60, {"step": step}) is Signal.CONTINUE
    assert no_op_workers.finish(store, item)
    done += 1
print(done)
"""


@contextmanager
def started(home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process on this home; it does not outlive the block."""
    environment = {**os.environ, "NAS_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as one:
        try:
            yield one
        finally:
            one.kill()


def test_many_processes_share_one_database_without_a_single_refusal(tmp_path: Path) -> None:
    home = tmp_path / "home"
    budget = {"candidates": CANDIDATES, "parallelism": WORKERS}
    spec = {"dataset": {"name": "digits"}, "strategy": {"sampler": "random"}, "budget": budget}
    with new_service(home) as service, ExitStack() as stack:
        search, _ = submit(service.store, [], SearchSpec.model_validate(spec))
        control = stack.enter_context(started(home, "-m", "workers.control"))
        workers = [stack.enter_context(started(home, "-c", EAGER_WORKER, search.id)) for _ in range(WORKERS)]

        def is_done() -> bool:
            with service.store.read() as uow:
                return is_over(queries.status(uow, search.id).search.status)

        wait_for(is_done, "the search to end", TIMEOUT_S)
        outputs = [worker.communicate(timeout=TIMEOUT_S) for worker in workers]
        control.terminate()
        told = "".join(control.communicate(timeout=TIMEOUT_S))
        with service.store.read() as uow:
            view = queries.status(uow, search.id)
            finalized = len(queries.front(uow, search.id).members)
    assert [worker.returncode for worker in workers] == [0] * WORKERS, outputs
    assert control.returncode == 0, told
    assert "error" not in told
    assert "did not answer" not in told
    assert view.search.status is SearchStatus.SUCCEEDED
    assert view.counts == {CandidateStatus.COMPLETED: CANDIDATES}
    prepared, per_candidate, per_member = 1, 2, 4  # three timings and a bundle
    assert sum(int(done) for done, _ in outputs) == prepared + per_candidate * CANDIDATES + per_member * finalized
