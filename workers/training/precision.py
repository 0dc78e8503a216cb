"""Choose fp32, bf16 or fp16 autocast for a training: what is asked for, or what is faster by a short measurement."""

import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Precision = Literal["fp32", "bf16", "fp16"]

AUTOCAST: Mapping[Precision, torch.dtype] = {"bf16": torch.bfloat16, "fp16": torch.float16}
GAIN = 1.1
"""How much faster a precision must be than the one before it: below that, the noise of a short measurement decides."""
WARM_UP_STEPS, TIMED_STEPS = 2, 5
MEMORY_FILE = "precision.json"


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """The context in which a forward pass of this precision runs."""
    return torch.autocast(device.type, AUTOCAST.get(precision), enabled=precision in AUTOCAST)


def candidates(device: torch.device) -> tuple[Precision, ...]:
    """The precisions worth a measurement on `device`, the safest first. No CPU computes faster in fp16 than in bf16."""
    return ("fp32", "bf16") if device.type == "cpu" else ("fp32", "bf16", "fp16")


def faster_precision(models: Mapping[Precision, nn.Module], images: Tensor, cache_dir: Path | None) -> Precision:
    """The fastest precision to train networks like those of `models` on batches like `images`, on their device.

    `models` holds one network, prepared for each precision, the safest first. Measured once for each device, class of
    network and shape of batch, then read from a file in `cache_dir`; without one it is measured each time.
    """
    memory = cache_dir / MEMORY_FILE if cache_dir else None
    key = f"{_device_name(images.device)}|{type(models['fp32']).__name__}|{'x'.join(map(str, images.shape))}"
    known = _read(memory)
    if key in known:
        return known[key]
    with torch.random.fork_rng():
        seconds = _measure({precision: deepcopy(model).train() for precision, model in models.items()}, images)
    chosen: Precision = "fp32"
    for precision, taken in seconds.items():
        if taken * GAIN < seconds[chosen]:
            chosen = precision
    if memory:
        _write(memory, {**_read(memory), key: chosen})
    return chosen


def _measure(models: Mapping[Precision, nn.Module], images: Tensor) -> dict[Precision, float]:
    """Best seconds of a forward and backward pass, taken in turns so that a busy spell meets both."""
    best: dict[Precision, float] = dict.fromkeys(models, float("inf"))
    labels = torch.zeros(len(images), dtype=torch.int64, device=images.device)
    for turn in range(WARM_UP_STEPS + TIMED_STEPS):
        for precision in best:
            seconds = _seconds(partial(_pass, models[precision], images, labels, precision), images.device)
            if turn >= WARM_UP_STEPS:
                best[precision] = min(best[precision], seconds)
    return best


def _pass(model: nn.Module, images: Tensor, labels: Tensor, precision: Precision) -> None:
    with autocast(images.device, precision):
        loss = F.cross_entropy(model(images), labels)
    model.zero_grad()
    torch.autograd.backward(loss)


def _seconds(action: Callable[[], None], device: torch.device) -> float:
    """CPU time of this process, which a neighbour on the machine does not stretch; wall time on an accelerator."""
    if device.type == "cpu":
        start = time.process_time()
        action()
        return time.process_time() - start
    torch.accelerator.synchronize()
    start = time.perf_counter()
    action()
    torch.accelerator.synchronize()
    return time.perf_counter() - start


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} {torch.cpu.get_capabilities().get('cpu_name', '')} {torch.get_num_threads()}"


def _read(memory: Path | None) -> dict[str, Precision]:
    """What is remembered; a missing or damaged file is an empty memory, since all in it can be measured again."""
    if memory is None:
        return {}
    try:
        return dict(json.loads(memory.read_text()))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def _write(memory: Path, known: dict[str, Precision]) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    beside = memory.with_suffix(f".{os.getpid()}.tmp")
    beside.write_text(json.dumps(known, indent=2, sort_keys=True))
    os.replace(beside, memory)
