"""Searches that are worked on by nobody but end with files, to be taken from one service to another."""

import zipfile
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks.no_op_workers import run_to_end
from nas_service.artifacts.copies import LocalCopies
from nas_service.artifacts.digest import file_sha256
from nas_service.artifacts.folder import Folder
from nas_service.artifacts.store import Artifacts
from nas_service.domain.entities import Search
from nas_service.domain.exchange import MANIFEST, Manifest, Part
from nas_service.domain.quotas import UNLIMITED, Quotas
from nas_service.domain.spec import SearchSpec
from nas_service.exchange.reading import read_search
from nas_service.exchange.writing import write_search
from nas_service.search.memories import SqlMemories
from nas_service.store.tables import candidate_artifacts, candidates, evaluation_artifacts
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases.importing import ImportDesk
from nas_service.use_cases.ports import ArtifactStore
from nas_service.use_cases.submit import submit

SPEC: dict[str, Any] = {
    "name": "made-up",
    "dataset": {"name": "digits"},
    "strategy": {"sampler": "random"},
    "budget": {"candidates": 4, "parallelism": 2},
    "finalize": {"recipe": ["quantize-int8"]},
}
CONTENT = b"the only file that there is"


def artifacts_in(folder: Path, store: SqlStore) -> Artifacts:
    """An artifact store in this folder."""
    return Artifacts(Folder(folder / "artifacts"), store, LocalCopies(folder / "copies", 0))


def ended(store: SqlStore, artifacts: ArtifactStore, scratch: Path, tenant: str = "theirs", **parts: Any) -> Search:
    """A search that has succeeded, with children, and with files that can be opened."""
    spec = SearchSpec.model_validate(SPEC | parts)
    search, _ = submit(store, (), spec, None, tenant)
    run_to_end(store, SqlMemories(), search.id)
    give_files(store, artifacts, search.id, scratch)
    with store.read() as uow:
        return uow.searches.get(search.id)


def give_files(store: SqlStore, artifacts: ArtifactStore, search_id: str, scratch: Path) -> None:
    """Put one content that exists in the place of all that were made up."""
    (scratch / "file").write_bytes(CONTENT)
    sha256 = artifacts.put(scratch / "file", "application/zip").sha256
    own = select(candidates).where(candidates.c.search_id == search_id)
    with store.write() as uow:
        ids = own.with_only_columns(candidates.c.id)
        theirs = own.with_only_columns(candidates.c.final_evaluation_id)
        for table, owned in (
            (candidate_artifacts, candidate_artifacts.c.candidate_id.in_(ids)),
            (evaluation_artifacts, evaluation_artifacts.c.evaluation_id.in_(theirs)),
        ):
            uow.connection.execute(table.update().where(owned).values(sha256=sha256))


def export(store: SqlStore, artifacts: ArtifactStore, search_id: str, to: Path, *, with_files: bool = True) -> Path:
    """As the API does."""
    write_search(store, search_id, to, artifacts.open_path, with_files=with_files)
    return to


def take_in(
    store: SqlStore, artifacts: ArtifactStore, file: Path, tenant: str = "ours", quotas: Quotas = UNLIMITED
) -> Search:
    """As the API does."""
    desk = ImportDesk(store.of_tenant(tenant), artifacts, tenant, quotas)
    with read_search(file) as arrived:
        return desk.add(arrived, file_sha256(file), file.with_name("scratch"))


def rewritten(file: Path, to: Path, part: str, content: bytes, *, honest: bool) -> Path:
    """The same file with another part; an `honest` one has a manifest that agrees with it."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(to, "w") as new:
        manifest = Manifest.model_validate_json(old.read(MANIFEST))
        for name in old.namelist():
            if name not in (MANIFEST, part):
                new.writestr(name, old.read(name))
        new.writestr(part, content)
        if honest:
            (to.parent / "part").write_bytes(content)
            agreed = Part(sha256=file_sha256(to.parent / "part"), size_bytes=len(content))
            manifest = manifest.model_copy(update={"parts": manifest.parts | {part: agreed}})
        new.writestr(MANIFEST, manifest.model_dump_json())
    return to
