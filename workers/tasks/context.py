"""What every task works with: its item, its search, and this worker's folders and caches."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nas_service.bootstrap import Service
from nas_service.domain.entities import Candidate, Search, WorkItem
from workers.checkpoints import KeptCheckpoint
from workers.data import DataSet, load_dataset
from workers.data.cache import DECODED, evict
from workers.data.load import Around
from workers.lease import Lease

MAX_DATASETS = 2
"""Data sets that a worker keeps in memory."""

DatasetKey = tuple[str, str]
"""Tenant and spec: what one tenant has uploaded is not there for another."""

_loaded: dict[DatasetKey, DataSet] = {}


@dataclass
class Task:
    """One claimed work item, on this worker."""

    service: Service
    item: WorkItem
    lease: Lease

    @cached_property
    def search(self) -> Search:
        """The item's search."""
        with self.service.store.read() as uow:
            return uow.searches.get(self.item.search_id)

    @cached_property
    def candidate(self) -> Candidate:
        """The item's candidate. Only for kinds that have one."""
        with self.service.store.read() as uow:
            return uow.candidates.get(str(self.item.candidate_id))

    @property
    def cache_dir(self) -> Path:
        """Where decoded data sets and facts about this machine are kept."""
        return self.service.settings.cache_dir

    @property
    def checkpoint(self) -> KeptCheckpoint:
        """This item's checkpoint, whoever wrote it."""
        return self.checkpoint_of(0)

    def checkpoint_of(self, part: int) -> KeptCheckpoint:
        """That of the item's first training, 0, or of a later one."""
        return KeptCheckpoint(self.service.checkpoints, f"{self.item.id}.{part}" if part else self.item.id)

    @property
    def fork(self) -> KeptCheckpoint:
        """Where the candidate's last training can be taken up by a longer one."""
        return KeptCheckpoint(self.service.checkpoints, str(self.item.candidate_id))

    def dataset(self) -> DataSet:
        """The search's data set, from memory if this worker has it. Raises DatasetError, Paused and Abandoned."""
        spec, roots = self.search.spec.dataset, self.service.settings.data_roots
        around = Around(self._find_upload, on_wait=self.lease.check)
        key = (self.search.tenant, spec.model_dump_json())

        def load() -> DataSet:
            loaded = load_dataset(spec, roots, self.cache_dir, around=around)
            evict(self.cache_dir / DECODED, self.service.settings.data_cache_mib * 2**20)
            return loaded

        return cached_dataset(key, load)

    def _find_upload(self, dataset_id: str) -> Path:
        """The uploaded file, fetched if need be, verified by its sha256. Raises NotFoundError."""
        with self.service.store.of_tenant(self.search.tenant).read() as uow:
            sha256 = uow.datasets.get(dataset_id).sha256
        return self.service.artifacts.open_path(sha256)


def cached_dataset(key: DatasetKey, load: Callable[[], DataSet]) -> DataSet:
    """What `load` gives for the key, remembering the last few sets. Raises DatasetError."""
    if key not in _loaded:
        if len(_loaded) >= MAX_DATASETS:
            _loaded.pop(next(iter(_loaded)))
        _loaded[key] = load()
    return _loaded[key]
