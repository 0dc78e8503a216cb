"""Which checkpoints somebody may take up again, and the removal of the others."""

from collections.abc import Sequence

from nas_service.domain.entities import CANDIDATES
from nas_service.domain.errors import NotFoundError
from nas_service.domain.states import is_over
from nas_service.use_cases.ports import INCOMING, FileStore, Store, StoredFile, UnitOfWork


def checkpoint_name(owner_id: str) -> str:
    """The checkpoint of a work item, for whichever worker takes it up next, or of a candidate, for its next rung."""
    return f"{owner_id}.safetensors"


def needless(store: Store, checkpoints: FileStore) -> Sequence[StoredFile]:
    """The checkpoints of work items and candidates that are over, in whichever way, and what was left half written."""
    files = list(checkpoints.list())
    if not files:
        return []
    with store.read() as uow:
        return [file for file in files if not _is_needed(uow, _owner_id(file.name))]


def remove_needless(store: Store, checkpoints: FileStore) -> int:
    """Remove what is needless. Returns how many files.

    Workers only ever write checkpoints: one that removed its own would lose it if it died before its result is
    stored, and one that has lost its lease would take it from the next.
    """
    files = needless(store, checkpoints)
    for file in files:
        checkpoints.delete(file.name)
    return len(files)


def _owner_id(name: str) -> str:
    return name.removeprefix(INCOMING).partition(".")[0]


def _is_needed(uow: UnitOfWork, owner_id: str) -> bool:
    try:
        if owner_id.startswith(CANDIDATES):
            return not is_over(uow.candidates.get(owner_id).status)
        return not is_over(uow.work.get(owner_id).status)
    except NotFoundError:
        return False
