"""Write the weights of a known evaluation in formats that nobody had a use for when it was trained."""

import tempfile
from pathlib import Path

from safetensors.torch import load_file

import search_spaces
from nas_service.domain.entities import WEIGHTS_FILE, JsonDict
from nas_service.domain.formats import ModelFormat
from nas_service.use_cases.space import network_input, space_of
from workers.bundle.card import check_data
from workers.export.files import subject_of
from workers.tasks.context import Task
from workers.tasks.exporting import exported


def export(task: Task) -> JsonDict:
    """The files. Raises DatasetChangedError, ExportMismatchError, ModelRefusedError, Paused."""
    data, space = task.dataset(), space_of(task.search)
    with task.service.store.read() as uow:
        evaluation = uow.evidence.evaluation(task.item.payload["evaluation_id"])
    check_data(evaluation, data)
    architecture = space.canonical(task.candidate.architecture)
    network = search_spaces.build(space, architecture, network_input(task.search))
    with tempfile.TemporaryDirectory() as folder:
        weights = task.service.artifacts.fetch(evaluation.result["weights_sha256"], Path(folder, WEIGHTS_FILE))
        network.load_state_dict(load_file(weights))
    formats = [ModelFormat(name) for name in task.item.payload["formats"]]
    return exported(task, subject_of(network, data, space.name, space.network_key(architecture.values)), formats)
