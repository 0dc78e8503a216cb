"""The collector: after a search only its front's files stay, and a file that nobody refers to goes.

Candidates of ended searches are judged once; evaluations let go of their files when no candidate needs them any
more; and files go with their rows, in one transaction that whoever stores the same content meanwhile waits for.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from nas_service.domain.entities import Artifact
from nas_service.use_cases.ports import FileStore, Store, Total, UnitOfWork, artifact_name
from nas_service.use_cases.standing import searched_front

SEARCHES_AT_ONCE = 1
EVALUATIONS_AT_ONCE = 100
FILES_AT_ONCE, TRANSACTIONS = 10, 5
"""Files of one transaction, and transactions of one step. On SQLite one keeps all other writers waiting, and Postgres
ends one that does nothing for long: so much may the removal of its files take."""
MAX_BATCHES = 1_000_000
SUPERNET_UNUSED_S = 30 * 24 * 3600.0
"""A supernet that no search has taken up for that long is not kept for another."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What collecting would free, by reason."""

    dominated: Total
    """Of candidates that are not on the front of their ended search."""
    unreferenced: Total
    """Of deleted searches, and what was stored and never used."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one bounded step has done."""

    freed: Total
    more: bool
    """Whether there may be more to do."""


def collect(store: Store, files: FileStore, grace_s: float) -> Step:
    """One bounded step. Safe beside others like it, and beside workers. Raises RetryableError."""
    with store.write() as uow:
        judged = _judge(uow, grace_s, SEARCHES_AT_ONCE)
        released = uow.retention.release(EVALUATIONS_AT_ONCE)
        uow.retention.forget_supernets(SUPERNET_UNUSED_S)
    gone = [artifact for _ in range(TRANSACTIONS) for artifact in _remove(store, files, grace_s)]
    all_of_them = FILES_AT_ONCE * TRANSACTIONS
    more = judged == SEARCHES_AT_ONCE or released == EVALUATIONS_AT_ONCE or len(gone) == all_of_them
    return Step(Total(len(gone), sum(artifact.size_bytes for artifact in gone)), more)


def _remove(store: Store, files: FileStore, grace_s: float) -> Sequence[Artifact]:
    """Files that nobody refers to, with their rows."""
    with store.write() as uow:
        gone = uow.retention.forget_free(grace_s, FILES_AT_ONCE)
        for artifact in gone:
            files.delete(artifact_name(artifact.sha256))
    return gone


def collect_all(store: Store, files: FileStore, grace_s: float) -> Total:
    """Every step until nothing is left to do. Returns what was freed."""
    count, size_bytes = 0, 0
    for _ in range(MAX_BATCHES):
        step = collect(store, files, grace_s)
        count, size_bytes = count + step.freed.files, size_bytes + step.freed.size_bytes
        if not step.more:
            break
    return Total(count, size_bytes)


def plan(store: Store, grace_s: float) -> Plan:
    """What `collect_all` would free now: the same statements, undone again."""
    with _undone(store) as uow:
        _release_all(uow)
        uow.retention.forget_supernets(SUPERNET_UNUSED_S)
        before = uow.retention.free_total(grace_s)
        _judge(uow, grace_s, MAX_BATCHES)
        _release_all(uow)
        after = uow.retention.free_total(grace_s)
    dominated = Total(after.files - before.files, after.size_bytes - before.size_bytes)
    return Plan(dominated=dominated, unreferenced=before)


def _judge(uow: UnitOfWork, grace_s: float, limit: int) -> int:
    """Give up the candidates of ended searches that are not on their front. Returns how many searches."""
    search_ids = uow.retention.ended_searches(grace_s, limit)
    for search_id in search_ids:
        search = uow.searches.get(search_id)
        keep = None
        if search.spec.finalize.keep == "front":
            completed = uow.candidates.completed(search_id)
            found = [completed[i].id for i in searched_front(search, completed)]
            keep = [*found, *(candidate.id for candidate in uow.candidates.finalized(search_id))]
        uow.retention.give_up(search_id, keep)
    return len(search_ids)


def _release_all(uow: UnitOfWork) -> None:
    for _ in range(MAX_BATCHES):
        if uow.retention.release(EVALUATIONS_AT_ONCE) < EVALUATIONS_AT_ONCE:
            return


class _UndoneError(Exception):
    """Ends a transaction without a trace."""


@contextmanager
def _undone(store: Store) -> Iterator[UnitOfWork]:
    with suppress(_UndoneError), store.write() as uow:
        yield uow
        raise _UndoneError
