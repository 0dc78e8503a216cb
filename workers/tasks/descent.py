"""What a child's card says of its parent."""

from pathlib import Path

from nas_service.domain.entities import Evaluation, JsonDict
from nas_service.domain.lineage import lineage
from workers.bundle.card_format import LineagePart
from workers.tasks.context import Task


def lineage_part(task: Task, evaluation: Evaluation, final: JsonDict, folder: Path) -> LineagePart:
    """The child's final numbers beside its parent's; the files that its steps gave are fetched into `folder`."""
    child, further = task.candidate, evaluation.result["further_files"]
    with task.service.store.read() as uow:
        parent = uow.candidates.get(str(child.parent_id))
        artifacts = uow.evidence.artifacts_of(child.id)
    for name in further:
        task.service.artifacts.fetch(artifacts[name].sha256, folder / name)
    descent = lineage(task.search.spec, parent, child, final | {"bundle": ""})
    return LineagePart(**descent, steps=evaluation.result["steps"], further_files=further)
