"""Does a runtime compute what it should? One image through the reference model, whose logits are known."""

import tempfile
from pathlib import Path

import numpy as np

from nas_service.domain.formats import RUNS
from workers.profiling.prepare import prepared
from workers.profiling.reference import GREY, IMAGE_SHAPE, LOGITS_OF_GREY, reference_model
from workers.profiling.runtimes import RUNTIMES

TOLERANCE = 1e-4
"""Largest error of a logit, relative to the largest logit."""


class WrongAnswerError(Exception):
    """The runtime computes something else than the others."""


def try_out(name: str) -> None:
    """Load and run the reference by a runtime that is not missing. Raises WrongAnswerError and the library's errors."""
    runtime = RUNTIMES[name]
    form = next(form for (runtime_name, _), form in RUNS.items() if runtime_name == name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, form.file_name)
        path.write_bytes(reference_model(form))
        model = runtime.load(prepared(runtime, path, 1, lambda: None).model, 1)
        (logits,) = model.run(np.full((1, *IMAGE_SHAPE), GREY, dtype=np.float32))
    error = float(np.abs(logits - LOGITS_OF_GREY).max() / np.abs(LOGITS_OF_GREY).max())
    if not error <= TOLERANCE:  # written so that NaN fails too
        raise WrongAnswerError(f"its logits differ from the known ones by {error:.3g} of the largest")
