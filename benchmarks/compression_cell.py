"""One cell of `compression.py`, in a process and on a core of its own: train or compress a network, or time it."""

import json
import os
import sys
import time
import zlib
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import torch
from compression_techniques import PLAIN, TECHNIQUES, Technique
from safetensors.torch import load_file, save_file
from torch import nn

from nas_service.domain.formats import ModelFormat
from nas_service.domain.recipe import compressions
from nas_service.domain.spec import DatasetSpec, TargetSpec, TrainingSpec
from search_spaces import build, get
from search_spaces.plan import NetworkInput
from workers.compression import Loop, Workbench
from workers.compression.exit_network import EarlyExit
from workers.compression.exit_timing import saved_time
from workers.compression.registry import FUNCTIONS
from workers.data import DataSet, load_dataset
from workers.export.exported import ExportedModel
from workers.export.files import Subject, subject_of, write_files
from workers.profiling.measure import Effort, measure
from workers.training import RunSettings, TrainingHooks
from workers.training.loop import TrainingLoop

IMAGE_SIZE = 32
TURNS = 3
TIMING = Effort(precision=0.01, budget_s=1.0)
GLANCE = Effort(precision=0.02, budget_s=0.5)
"""For steps that ask for latencies while they work."""


def network_choices() -> dict[str, Any]:
    """An EfficientNetV2-like architecture of the `mobilenet` space: dense blocks, then depthwise ones, two a stage."""
    choices: dict[str, Any] = {"resolution": IMAGE_SIZE, "stages": 4, "width_multiplier": 1.0, "depth_multiplier": 1.0}
    choices |= {"stem_width": 16, "head_width": 128}
    for stage, kind in enumerate(("fused", "fused", "fused", "inverted"), 1):
        own = {"kind": kind, "depth": 2, "expansion": 3, "activation": "relu", "squeeze_excite": False}
        own |= {"fused_kernel": 3} if kind == "fused" else {"kernel": 3}
        own |= {} if stage == 3 else {"downsample": "stride"}
        choices |= {f"stage{stage}_{name}": value for name, value in own.items()}
    return choices


class Cell:
    """What the cells of one seed share. Its files lie in `folder`, under names that begin with technique and seed."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.seed, self.folder = int(job["seed"]), Path(job["folder"])
        self.name: str = job["technique"]
        self.training = TrainingSpec(epochs=job["epochs"], augment=("crop",), precision="fp32")
        self.quick: bool = job["quick"]
        self.data = _data(job["data"], self.folder)

    def file(self, name: str, suffix: str) -> Path:
        return self.folder / f"{name}-{self.seed}{suffix}"

    def trained(self) -> dict[str, Any]:
        """The plain network of this seed."""
        network = self.network()
        network = self.fit(network, self.training)
        save_file(network.state_dict(), self.file(PLAIN, ".safetensors"))
        return self.judged(network, ModelFormat.ONNX, {})

    def compressed(self) -> dict[str, Any]:
        """That network after the technique's recipe."""
        technique, network = TECHNIQUES[self.name], self.network()
        network.load_state_dict(load_file(self.file(PLAIN, ".safetensors")))
        bench = Workbench(self.data, self.training, self.fit, self.seed, self.latency_ms)
        return self.followed(network.eval(), technique, bench)

    def followed(self, network: nn.Module, technique: Technique, bench: Workbench) -> dict[str, Any]:
        """The recipe's steps, one after the other."""
        facts: dict[str, Any] = {}
        files: dict[str, bytes] = {}
        recipe = technique.quick if self.quick and technique.quick is not None else technique.recipe
        for compression in compressions(recipe):
            made = FUNCTIONS[compression.step.name](network, compression.options, bench)
            network = made.network
            facts[compression.step.name] = made.facts
            files |= made.files
        judged = self.judged(network, technique.format, files)
        return {**judged, "facts": facts, "over_images": self.over_images(network, self.folder / judged["file"])}

    def over_images(self, network: nn.Module, file: Path) -> dict[str, Any]:
        """What an early exit saves on all test images; nothing for other networks."""
        if not isinstance(network, EarlyExit):
            return {}
        plain, test = self.file(PLAIN, f"-{ModelFormat.ONNX.file_name}"), self.data.test
        return asdict(saved_time(plain, file, network, (self.data, test), len(test)))

    def network(self) -> nn.Module:
        space = get("mobilenet", preset="small")
        torch.manual_seed(self.seed)
        shape = NetworkInput(self.data.channels, len(self.data.classes))
        return build(space, space.canonical(network_choices()), shape)

    def fit(self, network: nn.Module, config: TrainingSpec, loop: Loop = TrainingLoop) -> nn.Module:
        """The `train` of a workbench."""
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            run = RunSettings(self.seed, device="cpu", cache_dir=self.folder)
            result = loop(network, self.data, config, TrainingHooks(), run).run(None)
        trained = deepcopy(network)
        trained.load_state_dict(result.weights)
        return trained.eval()

    def latency_ms(self, network: nn.Module) -> float:
        """The `latency_ms` of a workbench: on onnxruntime fp32, beside other cells at work."""
        folder = self.file(self.name, "-glance")
        folder.mkdir(exist_ok=True)
        (written,) = write_files(self.subject(network), [ModelFormat.ONNX], folder)
        return measure(written.path, TargetSpec(), GLANCE).median_ms

    def subject(self, network: nn.Module) -> Subject:
        return subject_of(network, self.data, "mobilenet", self.name)

    def judged(self, network: nn.Module, form: ModelFormat, files: dict[str, bytes]) -> dict[str, Any]:
        """Accuracies, size and cost of the file that is deployed, which is kept to be timed."""
        from workers.compression.network_cost import cost_of

        path = self.file(self.name, f"-{form.file_name}")
        if form.file_name in files:
            path.write_bytes(files[form.file_name])
        else:
            (written,) = write_files(self.subject(network), [form], self.folder)
            written.path.replace(path)
        model, content, cost = ExportedModel(path, form), path.read_bytes(), cost_of(network.eval(), self.data)
        return {
            "file": path.name,
            "precision": "int8" if form.is_quantized else "fp32",
            "test_accuracy": model.accuracy(self.data.test).accuracy,
            "validation_accuracy": model.accuracy(self.data.validation).accuracy,
            "test_samples": len(self.data.test),
            "macs": cost.macs,
            "params": cost.params,
            "file_bytes": len(content),
            "deflated_bytes": len(zlib.compress(content, 9)),
            "further_files_bytes": {name: len(own) for name, own in files.items()},
        }


def timed(folder: Path, plain: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Latencies of a cell's file and of its parent's on onnxruntime, one thread, batch 1, in turns."""
    turns = [[_median_ms(folder, cell) for cell in (plain, own)] for _ in range(TURNS)]
    return {
        "parent_ms": median(parent for parent, _ in turns),
        "latency_ms": median(child for _, child in turns),
        "latency_ratio": median(child / parent for parent, child in turns),
    }


def _median_ms(folder: Path, cell: dict[str, Any]) -> float:
    target = TargetSpec(precision=cell["precision"])
    return measure(folder / cell["file"], target, TIMING).median_ms


def _data(name: str, cache_dir: Path) -> DataSet:
    path = Path(name).resolve()
    spec = DatasetSpec(name="digits" if name == "digits" else f"npz:{path}", image_size=IMAGE_SIZE)
    return load_dataset(spec, [path.parent], cache_dir)


def run(job: dict[str, Any]) -> dict[str, Any]:
    """The result of a cell, and the seconds that it took."""
    os.sched_setaffinity(0, {job["core"]})
    torch.set_num_threads(1)
    start = time.monotonic()
    if "plain" in job:
        return timed(Path(job["folder"]), job["plain"], job["own"])
    cell = Cell(job)
    result = cell.trained() if cell.name == PLAIN else cell.compressed()
    return {**result, "duration_s": time.monotonic() - start}


if __name__ == "__main__":
    print(json.dumps(run(json.loads(sys.argv[1]))))
