"""A search's supernet on this worker: read once, kept for the candidates to come."""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from safetensors.torch import load_file

from nas_service.use_cases.space import network_input, space_of
from search_spaces.supernet import Supernet
from workers.tasks.context import Task

MAX_SUPERNETS = 2
"""Supernets that a worker keeps in memory."""

_loaded: dict[str, Supernet] = {}


def new_supernet(task: Task) -> Supernet:
    """With fresh weights, the same for one seed."""
    torch.manual_seed(task.search.spec.seed)
    return Supernet(space_of(task.search), network_input(task.search))


def supernet_of(task: Task, sha256: str) -> Supernet:
    """With the weights of a stored file."""
    if sha256 not in _loaded:
        if len(_loaded) >= MAX_SUPERNETS:
            _loaded.pop(next(iter(_loaded)))
        supernet = new_supernet(task)
        with TemporaryDirectory() as folder:
            supernet.load_state_dict(load_file(task.service.artifacts.fetch(sha256, Path(folder, "weights"))))
        _loaded[sha256] = supernet
    return _loaded[sha256]
