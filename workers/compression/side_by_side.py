"""Which of several ONNX files runs fastest here. For choosing among them: what is stated of a file is measured
otherwise (`workers.profiling.measure`)."""

import time
from collections.abc import Sequence

import numpy as np
import onnxruntime

from workers.export.onnx_export import INPUT_NAME

TURNS, CALLS = 15, 10
WARM_UP_TURNS = 3


def fastest(files: Sequence[bytes], image: np.ndarray, gain: float = 1.05) -> int:
    """The index of the one with the lowest time on one thread, taken in turns, so that a busy spell meets all. A later
    file has to be faster by `gain`."""
    sessions = [_session(content) for content in files]
    best = [float("inf")] * len(files)
    for turn in range(WARM_UP_TURNS + TURNS):
        for index, session in enumerate(sessions):
            start = time.perf_counter()
            for _ in range(CALLS):
                session.run(None, {INPUT_NAME: image})
            if turn >= WARM_UP_TURNS:
                best[index] = min(best[index], time.perf_counter() - start)
    chosen = 0
    for index, seconds in enumerate(best):
        if seconds * gain < best[chosen]:
            chosen = index
    return chosen


def _session(content: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
