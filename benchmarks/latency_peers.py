"""How others time a network, in a fresh process on one core: `python latency_peers.py MODEL CORE`, prints JSON in ms.

- timeit: `timeit.Timer.autorange`, the mean over what lasts at least 0.2 s.
- dynas_t, nn_meter: 10 runs to warm up, the mean of 50 (twice the same recipe, one after the other).
- loop: for the truth: one second of runs to warm up, two seconds of timed ones, their median.
"""

import json
import os
import statistics
import sys
import time
import timeit
from collections.abc import Callable

import numpy as np
import onnxruntime

WARMUP_RUNS, TIMED_RUNS = 10, 50
WARMUP_S, LOOP_S = 1.0, 2.0


def loaded(model: str) -> Callable[[], object]:
    """One thread, as the target says."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
    pixels = session.get_inputs()[0]
    feed = {pixels.name: np.random.default_rng(0).random((1, *pixels.shape[1:]), dtype=np.float32)}
    return lambda: session.run(None, feed)


def timeit_ms(run: Callable[[], object]) -> float:
    number, total_s = timeit.Timer(run).autorange()
    return total_s / number * 1e3


def mean_of_fifty_ms(run: Callable[[], object]) -> float:
    for _ in range(WARMUP_RUNS):
        run()
    times = []
    for _ in range(TIMED_RUNS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.mean(times) * 1e3


def loop_ms(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    while time.perf_counter() - start < WARMUP_S:
        run()
    times = []
    while (before := time.perf_counter()) - start < WARMUP_S + LOOP_S:
        run()
        times.append(time.perf_counter() - before)
    return statistics.median(times) * 1e3


def main(model: str, core: str, loop: str) -> None:
    os.sched_setaffinity(0, {int(core)})
    run = loaded(model)
    found = {"timeit": timeit_ms(run), "dynas_t": mean_of_fifty_ms(run), "nn_meter": mean_of_fifty_ms(run)}
    print(json.dumps(found | ({"loop": loop_ms(run)} if loop == "loop" else {})))


if __name__ == "__main__":
    main(*sys.argv[1:])
