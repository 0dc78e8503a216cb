"""Has an uploaded file inspected by a process of its own, and brings back what it found."""

import json
import os
import subprocess
import sys
from pathlib import Path

from nas_service.data.archive import refuse_other_files
from nas_service.domain.datasets import UploadFacts
from nas_service.domain.errors import DatasetError

TIMEOUT_S = 900.0
MEMORY_BYTES = 2 * 2**30
KEPT_VARIABLES = ("LANG", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR")
"""The rest of the environment holds secrets, which decoders of foreign files need not see."""


class InspectionProcess:
    """Implements the Inspector port."""

    def __call__(self, path: Path) -> UploadFacts:
        """Raises DatasetError: those of `nas_service.data.inspection.inspect`, `too-large-to-check`, `uncheckable`."""
        refuse_other_files(path)
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        try:
            done = subprocess.run(
                [sys.executable, "-m", "nas_service.data.inspection", str(path), str(MEMORY_BYTES)],
                env=kept | {"OPENBLAS_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIMEOUT_S,
                check=True,
            )
        except subprocess.TimeoutExpired as error:
            detail = f"checking it took longer than {TIMEOUT_S:.0f} s; split it, or save smaller images"
            raise DatasetError("too-large-to-check", detail) from error
        except subprocess.CalledProcessError as error:
            detail = "reading it broke the reader; see whether every image opens in a viewer, and save it again"
            raise DatasetError("uncheckable", detail) from error
        answer = json.loads(done.stdout)
        if "problem" in answer:
            raise DatasetError(**answer)
        return UploadFacts.model_validate(answer)
