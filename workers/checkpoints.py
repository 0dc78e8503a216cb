"""Where checkpoints lie, and the removal of those that nobody will take up again."""

from pathlib import Path

from nas_service.domain.errors import NotFoundError
from nas_service.domain.states import is_over
from nas_service.use_cases.ports import Store, UnitOfWork


def checkpoint_path(home: Path, item_id: str) -> Path:
    """The checkpoint of a work item, for whichever worker takes it up next."""
    folder = _folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{item_id}.safetensors"


def remove_needless(store: Store, home: Path) -> int:
    """Remove the checkpoints of work items that are over, whichever way they ended. Returns how many files.

    Workers only ever write checkpoints: one that removed its own would lose it if it died before its result is
    stored, and one that has lost its lease would take it from the next.
    """
    files = list(_folder(home).glob("*"))
    if not files:
        return 0
    with store.read() as uow:
        needless = [file for file in files if not _is_needed(uow, file.name.partition(".")[0])]
    for file in needless:
        file.unlink(missing_ok=True)
    return len(needless)


def _is_needed(uow: UnitOfWork, item_id: str) -> bool:
    try:
        return not is_over(uow.work.get(item_id).status)
    except NotFoundError:
        return False


def _folder(home: Path) -> Path:
    return home.resolve() / "checkpoints"
