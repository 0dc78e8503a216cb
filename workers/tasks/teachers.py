"""The teachers that a search's trainings learn from, wherever the spec says that they are."""

from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from safetensors.torch import load_file

import search_spaces
from nas_service.data_paths import resolve_below
from nas_service.domain.entities import CANDIDATES, Candidate, Search
from nas_service.domain.errors import DatasetError, NotFoundError
from nas_service.domain.metrics import accuracy_key
from nas_service.domain.spec import BEST_TEACHER, SUPERNET_TEACHER
from nas_service.domain.states import CandidateStatus
from nas_service.use_cases.reuse import teachers_of
from nas_service.use_cases.space import network_input, space_of
from search_spaces.supernet import extremes
from workers.supernet import inherited_network
from workers.tasks.context import Task
from workers.tasks.shared_weights import supernet_of
from workers.tasks.teacher_files import teacher_file, unfit
from workers.training.teachers import Teacher


def find_teachers(task: Task) -> list[Teacher]:
    """In the spec's order. Raises PermanentError `no-teacher` for one that is not there or does not fit."""
    return [_find(task, name) for name in teachers_of(task.search)]


def _find(task: Task, name: str) -> Teacher:
    if name == SUPERNET_TEACHER:
        return _largest_of_supernet(task)
    if name == BEST_TEACHER:
        return _best_candidate(task)
    if name.startswith(CANDIDATES):
        return _named_candidate(task, name)
    return _file(task, name)


def _largest_of_supernet(task: Task) -> Teacher:
    supernet = task.search.supernet
    if supernet is None:
        raise unfit(SUPERNET_TEACHER, "the search has none")
    shared = supernet_of(task, supernet.sha256)
    (largest,) = extremes(shared.space, np.random.default_rng(0), 1, largest=True)
    network = inherited_network(shared, largest, task.dataset())
    return Teacher(f"{supernet.sha256} {largest.key}", network)


def _best_candidate(task: Task) -> Teacher:
    """Of the search's completed candidates the most accurate whose files are there; the first of equals."""
    key = accuracy_key(task.search.spec)
    with task.service.store.read() as uow:
        completed = uow.candidates.of(task.search.id, [CandidateStatus.COMPLETED])
        found = [c for c in completed if c.evaluation_id and uow.evidence.has_files(c.evaluation_id)]
    if not found:
        raise unfit(BEST_TEACHER, "no candidate is complete")
    return _trained(task, task.search, max(found, key=lambda c: (c.metrics[key], -c.number)))


def _named_candidate(task: Task, name: str) -> Teacher:
    try:
        with task.service.store.of_tenant(task.search.tenant).read() as uow:
            candidate = uow.candidates.get(name)
            search = uow.searches.get(candidate.search_id)
    except NotFoundError as error:
        raise unfit(name, error.detail) from error
    if search.is_imported:
        raise unfit(name, "its search was imported, and whose weights these are is not known")
    if search.dataset is None or network_input(search) != network_input(task.search):
        raise unfit(name, "it was trained for other channels or another number of classes")
    return _trained(task, search, candidate)


def _trained(task: Task, search: Search, candidate: Candidate) -> Teacher:
    """A candidate with the weights of its last training."""
    evaluation_id = (candidate.final or {}).get("evaluation_id") or candidate.evaluation_id
    if candidate.id == task.item.candidate_id or evaluation_id is None:
        evaluation_id = candidate.evaluation_id
    if evaluation_id is None:
        raise unfit(candidate.id, "it was never trained")
    with task.service.store.read() as uow:
        sha256 = uow.evidence.evaluation(evaluation_id).result["weights_sha256"]
    space = space_of(search)
    network = search_spaces.build(space, space.canonical(candidate.architecture), network_input(search))
    with TemporaryDirectory() as folder:
        try:
            network.load_state_dict(load_file(task.service.artifacts.fetch(sha256, Path(folder, "weights"))))
        except NotFoundError as error:
            raise unfit(candidate.id, "its files were deleted; `finalize.keep: all` keeps them") from error
    return Teacher(sha256, network)


def _file(task: Task, name: str) -> Teacher:
    try:
        path = resolve_below(name, task.service.settings.data_roots)
    except DatasetError as error:
        raise unfit(name, error.detail) from error
    with path.open("rb") as content:
        sha256 = file_digest(content, "sha256").hexdigest()
    return Teacher(sha256, teacher_file(path, task.dataset()))
