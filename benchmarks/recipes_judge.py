"""How a file of `recipes.py` is judged: on the test split, by the stock runtime alone, and by the clock."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import fusion
import numpy as np
from scipy.special import log_softmax

from workers.data import DataSet
from workers.export.exported import ExportedModel, pixels_of
from workers.profiling.cores import cores_for
from workers.profiling.measure import Surroundings, run_harness
from workers.profiling.measurement import Job

TIMING_S, TIMING_LIMIT_S, STOCK_LIMIT_S = 1.0, 60.0, 120.0


def accuracy_and_loss(model: ExportedModel, data: DataSet) -> tuple[float, float]:
    """On the test split; the mean cross-entropy in nats."""
    spans = [slice(start, start + 64) for start in range(0, len(data.test), 64)]
    logits = np.concatenate([model.logits(pixels_of(data.test, span)) for span in spans])
    labels = data.test.labels.numpy()
    loss = -log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean()
    return float((logits.argmax(1) == labels).mean()), float(loss)


STOCK = """
import sys, numpy, onnxruntime
test = numpy.load(sys.argv[2])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
name, right = session.get_inputs()[0].name, 0
for start in range(0, len(test["y"]), 64):
    pixels = test["x"][start : start + 64].astype(numpy.float32) / 255
    right += int((session.run(None, {name: pixels})[0].argmax(1) == test["y"][start : start + 64]).sum())
print(right / len(test["y"]))
"""


def stock_accuracy(path: Path, data: DataSet, folder: Path) -> float:
    """By numpy and onnxruntime alone, as one has them who knows nothing of this project; `folder` keeps the images."""
    images = folder / f"test-{data.fingerprint[:16]}.npz"
    if not images.exists():
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".npz", delete=False) as unfinished:
            pixels = data.test.rows(slice(0, len(data.test))).transpose(0, 3, 1, 2)
            np.savez(unfinished, x=pixels, y=data.test.labels.numpy())
        Path(unfinished.name).replace(images)
    command = [sys.executable, "-I", "-c", STOCK, str(path), str(images)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=STOCK_LIMIT_S, check=True)
    return float(done.stdout)


def timed(path: Path, plain: Path) -> dict[str, Any]:
    """The harness of the service, with the plain network's file as the reference that it takes turns with.

    One thread, batch 1. What else the machine does meets both, so that the ratio is what to read.
    """
    job = Job(
        model=str(path),
        reference=str(plain),
        runtime="onnxruntime",
        threads=1,
        batch_size=1,
        cores=cores_for(1),
        budget_s=TIMING_S,
        precision=0.01,
        baseline_dir=None,
        calibration_s=0.0,
        reference_facts={},
        throughput=False,
    )
    with tempfile.TemporaryDirectory() as scratch:
        answer = run_harness(job, TIMING_LIMIT_S, Surroundings(), Path(scratch))
    if "refused" in answer:
        raise RuntimeError(f"onnxruntime refuses {path.name}: {answer['refused']}")
    return {
        "latency_ratio": answer["reference_ratio"],
        "latency_ms": answer["timed_median_ms"],
        "plain_ms": answer["reference_median_ms"],
        "noisy": answer["noisy"],
    }


def timed_unfused(path: Path, plain: Path) -> dict[str, Any]:
    """As it stands, operator by operator, in turns with the plain network's file as runtimes execute it."""
    sessions = [fusion.session(path, fusion.DISABLED), fusion.session(plain, fusion.ALL)]
    pixels = np.random.default_rng(0).random((1, *sessions[0].get_inputs()[0].shape[1:]), dtype=np.float32)
    runs = [lambda one=one: one.run(None, {fusion.INPUT_NAME: pixels}) for one in sessions]
    taken = np.array(fusion.in_turns(runs, fusion.TURNS))
    latency_ms, plain_ms = np.median(taken, axis=0).tolist()
    ratio = float(np.median(taken[:, 0] / taken[:, 1]))
    return {"latency_ratio": ratio, "latency_ms": latency_ms, "plain_ms": plain_ms, "noisy": False}
