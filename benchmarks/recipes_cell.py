"""One cell of `recipes.py`: a row's network on one data set with one seed, trained or compressed, judged and timed."""

import tempfile
import time
import zlib
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import fusion
import torch
from recipes_judge import accuracy_and_loss, stock_accuracy, timed, timed_unfused
from recipes_rows import NETWORKS, PLAIN, PLAINS, ROWS, TEACHER_SEEDS
from safetensors.torch import load_file, save_file
from torch import nn

from nas_service.domain.formats import ModelFormat
from nas_service.domain.recipe import compressions
from nas_service.domain.spec import DatasetSpec, TargetSpec, TrainingSpec
from search_spaces import build, get
from search_spaces.plan import NetworkInput
from workers.compression import Loop, Workbench
from workers.compression.compress import Made, compress
from workers.compression.exit_network import EarlyExit
from workers.compression.exit_timing import saved_time
from workers.compression.network_cost import cost_of
from workers.data import DataSet, spread_batch
from workers.data.load import load_dataset
from workers.export.exported import ExportedModel
from workers.export.files import subject_of, write_files
from workers.profiling.measure import Effort, measure
from workers.sharpness import SHARPNESS_IMAGES, sharpness_of
from workers.training import RunSettings, TrainingHooks
from workers.training.loop import TrainingLoop
from workers.training.teachers import Teacher

IMAGE_SIZE = 32
GLANCE = Effort(precision=0.02, budget_s=0.5)
"""For steps that ask for latencies while they work."""
FP32_ALONE = (ModelFormat.ONNX,)


@dataclass(frozen=True)
class Cell:
    """What is asked for. A value, so that it travels to another process."""

    data: str
    """`digits` or the path of an npz file."""
    row: str
    seed: int
    device: str
    quick: bool
    folder: Path
    """Keeps the plain networks and their files."""

    @property
    def key(self) -> str:
        """Of its result; a file's name, too."""
        return self.file(self.row, "").name

    def file(self, row: str, suffix: str, seed: int | None = None) -> Path:
        """Of a row with the same data, by default with the same seed."""
        words = ["quick"] * self.quick + [Path(self.data).stem, row, str(self.seed if seed is None else seed)]
        return self.folder / (" ".join(words).replace(" ", "-").replace(":", "").replace(",", "") + suffix)

    @property
    def work(self) -> float:
        """How long it takes beside others, roughly: digits are few."""
        return ROWS[self.row].work * (0.3 if self.data == "digits" else 1.0)

    @property
    def needs(self) -> list[tuple[str, int]]:
        """Rows and seeds whose networks must be there before."""
        row = ROWS[self.row]
        beside = [] if self.row in PLAINS else [(row.beside, self.seed)]
        return [*beside, *((PLAIN, seed) for seed in TEACHER_SEEDS[: row.teachers])]


class Work:
    """A cell being done."""

    def __init__(self, cell: Cell) -> None:
        self.cell, self.row, self.data = cell, ROWS[cell.row], data_of(cell.data, cell.folder)
        self.training = self.row.config(cell.quick)
        self.device = self.row.device or cell.device
        self.fitted: list[dict[str, Any]] = []

    def result(self) -> dict[str, Any]:
        """All figures of the cell."""
        start = time.monotonic()
        made = self.made()
        with tempfile.TemporaryDirectory() as scratch:
            files = list(write_files(self.subject(made.network), self.row.formats, Path(scratch), made.files))
            by_format = {written.format: written.path for written in files}
            if self.cell.row in PLAINS:
                self._keep(made.network, by_format[ModelFormat.ONNX])
            cost = cost_of(made.network.eval(), self.data)
            found = {
                **{name: getattr(self.cell, name) for name in ("data", "row", "seed", "quick")},
                "test_samples": len(self.data.test),
                "files": {form.file_name: self.judged(form, path) for form, path in by_format.items()},
                "further_files_bytes": {name: len(content) for name, content in made.files.items()},
                "macs": cost.macs,
                "params": cost.params,
                "steps": made.steps,
                "trainings": self.fitted,
                **self.over_images(made.network, by_format),
                **self.sharpness(made.network),
            }
        return {**found, "duration_s": time.monotonic() - start}

    def made(self) -> Made:
        """A network trained by the row's steps, or the plain one of this seed, compressed."""
        if not self.row.begins_trained:
            return Made(self.fit(self.network(), self.training), [], {})
        network = self.network()
        network.load_state_dict(load_file(self.cell.file(self.row.beside, ".safetensors")))
        if self.row.is_unfused:
            return Made(network.eval(), [], {ModelFormat.ONNX.file_name: self.unfolded(network.eval())})
        bench = Workbench(self.data, self.training, self.fit, self.cell.seed, self.latency_ms)
        recipe = self.row.quick if self.cell.quick and self.row.quick is not None else self.row.compression
        return compress(network, compressions(recipe), bench)

    def unfolded(self, network: nn.Module) -> bytes:
        """Its file with batch norms of their own."""
        subject = self.subject(network)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, ModelFormat.ONNX.file_name)
            fusion.export_unfolded(network, subject.facts, subject.images()[:1], path)
            return path.read_bytes()

    def network(self, row: str | None = None, seed: int | None = None) -> nn.Module:
        """Untrained, by default that of this row and seed."""
        size = NETWORKS[ROWS[row or self.cell.row].network]
        space = get("mobilenet", preset="small", choices={"share": [False, True]} if "share" in size.stage else None)
        torch.manual_seed(self.cell.seed if seed is None else seed)
        return build(space, space.canonical(size.choices), NetworkInput(self.data.channels, len(self.data.classes)))

    def fit(self, network: nn.Module, config: TrainingSpec, loop: Loop = TrainingLoop) -> nn.Module:
        """The `train` of a workbench; notes what it took."""
        self.warm_up(network)
        run = RunSettings(self.cell.seed, self.device, self.cell.folder, self.teachers)
        with torch.random.fork_rng():
            torch.manual_seed(self.cell.seed)
            cpu_s = time.process_time()
            result = loop(network, self.data, config, TrainingHooks(), run).run(None)
        kept = ("curve", "epochs", "steps", "duration_s", "samples_per_s", "precision", "device")
        self.fitted.append({name: getattr(result, name) for name in kept} | {"cpu_s": time.process_time() - cpu_s})
        trained = deepcopy(network)
        trained.load_state_dict(result.weights)
        return trained.eval()

    def warm_up(self, network: nn.Module) -> None:
        """What the first training of a process loads, modules and an accelerator's kernels, is not to be counted."""
        device = torch.device("cuda" if self.device != "cpu" and torch.cuda.is_available() else "cpu")
        images, _ = spread_batch(self.data, self.data.train, self.training.batch_size)
        with torch.random.fork_rng():
            spare = deepcopy(network).to(device).train()
            optimizer = torch.optim.SGD(spare.parameters(), lr=0.0)
            spare(images.to(device)).sum().backward()
            optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()

    def teachers(self) -> Sequence[Teacher]:
        """Plain networks of the larger kind."""
        found = []
        for seed in TEACHER_SEEDS[: self.row.teachers]:
            path, network = self.cell.file(PLAIN, ".safetensors", seed), self.network(PLAIN, seed)
            network.load_state_dict(load_file(path))
            found.append(Teacher(sha256(path.read_bytes()).hexdigest(), network))
        return found

    def latency_ms(self, network: nn.Module) -> float:
        """The `latency_ms` of a workbench: on onnxruntime fp32, beside other cells at work."""
        with tempfile.TemporaryDirectory() as folder:
            (written,) = write_files(self.subject(network), FP32_ALONE, Path(folder))
            return measure(written.path, TargetSpec(), GLANCE).median_ms

    def subject(self, network: nn.Module) -> Any:
        return subject_of(network, self.data, "mobilenet", self.cell.row)

    def judged(self, form: ModelFormat, path: Path) -> dict[str, Any]:
        """Accuracy, size and time of one file; accuracy once more by a process that has nothing but the runtime."""
        accuracy, loss = accuracy_and_loss(ExportedModel(path, form), self.data)
        content, plain = path.read_bytes(), self.cell.file(self.row.beside, f"-{ModelFormat.ONNX.file_name}")
        return {
            "test_accuracy": accuracy,
            "test_loss": loss,
            "stock_accuracy": stock_accuracy(path, self.data, self.cell.folder),
            "bytes": len(content),
            "deflated_bytes": len(zlib.compress(content, 9)),
            **(timed_unfused if self.row.is_unfused else timed)(path, plain if plain.exists() else path),
        }

    def over_images(self, network: nn.Module, files: dict[ModelFormat, Path]) -> dict[str, Any]:
        """What an early exit saves on all test images: the harness times one image, which does not leave early."""
        if not isinstance(network, EarlyExit):
            return {}
        plain, test = self.cell.file(self.row.beside, f"-{ModelFormat.ONNX.file_name}"), self.data.test
        saved = saved_time(plain, files[ModelFormat.ONNX], network, (self.data, test), len(test))
        return {"over_images": asdict(saved)}

    def sharpness(self, network: nn.Module) -> dict[str, Any]:
        """Of the small networks, which are trained in many ways."""
        if self.row.network != "small":
            return {}
        return {"sharpness": asdict(sharpness_of(network, *spread_batch(self.data, self.data.train, SHARPNESS_IMAGES)))}

    def _keep(self, network: nn.Module, file: Path) -> None:
        """For the rows beside it."""
        self.cell.file(self.cell.row, f"-{ModelFormat.ONNX.file_name}").write_bytes(file.read_bytes())
        save_file(network.state_dict(), self.cell.file(self.cell.row, ".safetensors"))


@lru_cache(1)
def data_of(name: str, cache_dir: Path) -> DataSet:
    path = Path(name).resolve()
    spec = DatasetSpec(name="digits" if name == "digits" else f"npz:{path}", image_size=IMAGE_SIZE)
    return load_dataset(spec, [path.parent], cache_dir)
