"""Has an uploaded file inspected by a process of its own, and brings back what it found."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nas_service.data.archive import refuse_other_files
from nas_service.domain.datasets import UploadFacts
from nas_service.domain.errors import DatasetError

TIMEOUT_S = 900.0
CPU_S = 900
"""Of all its threads. A data set of some gigabytes takes a minute or two."""
MEMORY_BYTES = 2 * 2**30
KEPT_VARIABLES = ("LANG", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR")
"""The rest of the environment holds secrets, which decoders of foreign files need not see."""


class InspectionProcess:
    """Implements the Inspector port."""

    def __call__(self, path: Path) -> UploadFacts:
        """Raises DatasetError: those of `nas_service.data.inspection.inspect`, `too-large-to-check`, `uncheckable`."""
        refuse_other_files(path)
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        command = [sys.executable, "-m", "nas_service.data.inspection", str(path), str(MEMORY_BYTES), str(CPU_S)]
        environment = kept | {"OPENBLAS_NUM_THREADS": "1"}
        try:
            with _lifeline() as line:
                done = subprocess.run(
                    command, env=environment, stdin=line, capture_output=True, timeout=TIMEOUT_S, check=True
                )
        except subprocess.TimeoutExpired as error:
            raise _takes_too_long(TIMEOUT_S) from error
        except subprocess.CalledProcessError as error:
            if error.returncode == -signal.SIGXCPU:
                raise _takes_too_long(CPU_S) from error
            detail = "reading it broke the reader; see whether every image opens in a viewer, and save it again"
            raise DatasetError("uncheckable", detail) from error
        answer = json.loads(done.stdout)
        if "problem" in answer:
            raise DatasetError(**answer)
        return UploadFacts.model_validate(answer)


@contextmanager
def _lifeline() -> Iterator[int]:
    """Standard input for a child: nothing is ever written, and it ends with this process, however that dies."""
    read_end, write_end = os.pipe()
    try:
        yield read_end
    finally:
        os.close(read_end)
        os.close(write_end)


def _takes_too_long(limit_s: float) -> DatasetError:
    detail = f"checking it took longer than {limit_s:.0f} s; split it, or save smaller images"
    return DatasetError("too-large-to-check", detail)
