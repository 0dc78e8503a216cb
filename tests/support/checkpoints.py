"""Where a service that keeps everything at home has the checkpoint of a work item."""

from pathlib import Path

from nas_service.use_cases.checkpoints import checkpoint_name


def checkpoint_path(home: Path, item_id: str) -> Path:
    """Its file; the folder is made, so that a test may put one there."""
    folder = home.resolve() / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / checkpoint_name(item_id)
