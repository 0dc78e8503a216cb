"""The packed weights of a candidate, where its search goes by their size."""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from torch import Tensor

from nas_service.domain.entities import PACKED_FILE, JsonDict
from nas_service.domain.metrics import judged_by_training
from nas_service.domain.spec import Metric, SearchSpec
from search_spaces.packed import pack
from workers.tasks.context import Task

PACKED_SHA256 = "packed_sha256"
"""In an evaluation's result, beside the metric: the file."""


def packed_asked_for(spec: SearchSpec, weights: Mapping[str, Tensor]) -> dict[str, bytes]:
    """The file by its name, to the bit what the weights are; nothing where no objective or constraint is about it."""
    if Metric.PACKED_BYTES not in judged_by_training(spec):
        return {}
    return {PACKED_FILE: pack({name: tensor.cpu().numpy() for name, tensor in weights.items()}, {})}


def stored(task: Task, files: Mapping[str, bytes]) -> JsonDict:
    """Files as artifacts, by name."""
    kept: JsonDict = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
            kept[name] = asdict(task.service.artifacts.put(Path(folder, name), "application/octet-stream"))
    return kept


def packed_facts(task: Task, artifacts: JsonDict) -> JsonDict:
    """What an evaluation's result says of the packed weights among its artifacts, where its search goes by them."""
    if Metric.PACKED_BYTES not in judged_by_training(task.search.spec):
        return {}
    packed = artifacts[PACKED_FILE]
    return {Metric.PACKED_BYTES.value: packed["size_bytes"], PACKED_SHA256: packed["sha256"]}
