"""Reads exported torch programs (`.pt2`) without executing what an archive may bring along.

`torch.export.load` unpickles samples of inputs and tensors, and loads compiled libraries. An archive that has any of
these is refused; what `workers.profiling.runtimes.torch_program.save_program` writes has none.
"""

import json
import re
import zipfile
from pathlib import Path
from typing import Any

PLAIN = re.compile(
    r"(archive_format|archive_version|byteorder|version|\.format_version|\.data/(serialization_id|version)"
    r"|models/model\.json|data/sample_inputs/model\.pt"
    r"|data/(weights|constants)/(model_(weights|constants)_config\.json|(weight|tensor)_\d+))"
)
SAMPLE_INPUTS = "data/sample_inputs/model.pt"


class UnsafeProgramError(ValueError):
    """The archive holds what would be executed on loading."""


def load_program(path: Path) -> Any:
    """The `torch.export.ExportedProgram` in a file. Raises UnsafeProgramError, and torch's errors for a bad file."""
    import torch

    refuse_code(path)
    return torch.export.load(path)


def refuse_code(path: Path) -> None:
    """Raise UnsafeProgramError unless the archive holds JSON and raw tensors only."""
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise UnsafeProgramError(f"{path.name} is no exported torch program: {error}") from error
    with archive:
        for info in archive.infolist():
            entry = info.filename.partition("/")[2]  # the first folder is named after the file
            if not PLAIN.fullmatch(entry):
                raise UnsafeProgramError(f"{path.name} holds {entry}, which is no part of a plain program")
            if entry.endswith("_config.json") and _has_pickles(json.loads(archive.read(info))):
                raise UnsafeProgramError(f"{path.name} holds pickled tensors")
            if entry == SAMPLE_INPUTS and info.file_size:
                raise UnsafeProgramError(f"{path.name} holds pickled inputs; write it with `save_program`")


def _has_pickles(config: Any) -> bool:
    return any(payload["use_pickle"] for payload in config["config"].values())
