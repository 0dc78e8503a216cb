"""Exports a trained network for a task: every format that is asked for, each file tried and stored."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType

from nas_service import tracing
from nas_service.domain.entities import Export, JsonDict
from nas_service.domain.formats import ModelFormat
from workers.export.exported import ExportedModel
from workers.export.files import Subject, write_files
from workers.profiling.host_lock import TrainingPass
from workers.tasks.context import Task


def exported(
    task: Task, subject: Subject, formats: Sequence[ModelFormat], given: Mapping[str, bytes] = MappingProxyType({})
) -> JsonDict:
    """`artifacts` by file name, and `exports` with what became of the network in each; `given` as in `write_files`.

    Like training it makes room for timings on this host. Raises ExportMismatchError, ModelRefusedError, Paused.
    """
    validation = task.dataset().validation
    artifacts, exports = {}, []
    lock_dir = task.service.settings.host_lock_dir
    with (
        tracing.span("export"),
        tempfile.TemporaryDirectory() as folder,
        TrainingPass(lock_dir, on_wait=task.lease.check) as host,
    ):

        def on_batch() -> None:
            task.lease.check()
            host.step()

        for written in write_files(subject, formats, Path(folder), given):
            on_batch()
            accuracy = ExportedModel(written.path, written.format).accuracy(validation, on_batch).accuracy
            artifact = task.service.artifacts.put(written.path, written.format.media_type)
            artifacts[written.path.name] = asdict(artifact)
            export = Export(written.format, artifact.sha256, artifact.size_bytes, written.max_abs_error, accuracy)
            exports.append(asdict(export))
    return {"artifacts": artifacts, "exports": exports}
