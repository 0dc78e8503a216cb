"""A checkpoint of a work item or a candidate, kept where the next worker finds it, on whichever host that is."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import structlog

from nas_service.domain.errors import NotFoundError, RetryableError
from nas_service.use_cases.checkpoints import checkpoint_name
from nas_service.use_cases.ports import FileStore
from workers.training.checkpoint import Checkpoint

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """At most one checkpoint, replaced whole by the next."""

    files: FileStore
    owner_id: str
    """The work item that is done over again, or the candidate that may be trained further."""

    def save(self, checkpoint: Checkpoint) -> None:
        """Keep it. Where that fails the training goes on: it only has more to lose."""
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "checkpoint")
                checkpoint.save(path)
                self.files.put(path, checkpoint_name(self.owner_id))
        except RetryableError as error:
            log.warning("checkpoint not kept", owner=self.owner_id, reason=error.detail)

    def load(self) -> Checkpoint | None:
        """The last one kept. Raises CheckpointError where it is damaged, and RetryableError."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "checkpoint")
            try:
                self.files.fetch(checkpoint_name(self.owner_id), path)
            except NotFoundError:
                return None
            return Checkpoint.load(path)

    def discard(self) -> None:
        """Forget one that cannot be continued."""
        self.files.delete(checkpoint_name(self.owner_id))
