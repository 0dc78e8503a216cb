"""Compresses a network of somebody's own: `python -m workers.compression.command REQUEST`, for `nas compress`.

REQUEST is a JSON document (`Request`). What goes on is told on stderr; the comparison of what was given with what came
out is one JSON document on stdout.
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, replace
from pathlib import Path

import structlog
import torch
from pydantic import BaseModel, ConfigDict
from safetensors.torch import save_file
from torch import nn

from nas_service.artifacts.digest import file_sha256
from nas_service.domain.entities import WEIGHTS_FILE, JsonDict
from nas_service.domain.errors import NasError
from nas_service.domain.executed import at_precision, precision_of
from nas_service.domain.formats import ModelFormat
from nas_service.domain.lineage import judge
from nas_service.domain.recipe import apply_recipe, compressions
from nas_service.domain.spec import DatasetSpec, FinalizeSpec, RecipeEntry, SearchSpec, TargetSpec, TrainingSpec
from nas_service.settings import Settings
from search_spaces.bundle import COMPRESSED_FORMAT
from search_spaces.program import load_program
from workers.compression.compress import Made, compress
from workers.compression.contract import Workbench
from workers.compression.given import Given, given_network
from workers.compression.weighed import Time, Weighed, weigh
from workers.data import load_dataset
from workers.export.files import subject_of
from workers.profiling.measure import Effort
from workers.profiling.timing import Host, time_alone
from workers.training import EpochMetrics, RunSettings, TrainingHooks
from workers.training.loop import Loop, TrainingLoop

CHECKSUMS = "SHA256SUMS"


class Request(BaseModel):
    """What to compress, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Path
    dataset: DatasetSpec
    target: TargetSpec
    recipe: tuple[RecipeEntry, ...]
    training: TrainingSpec
    """How the network is trained on where a step fine-tunes."""
    seed: int
    out: Path

    @property
    def spec(self) -> SearchSpec:
        """The same as a search says it."""
        return SearchSpec(
            dataset=self.dataset, targets=(self.target,), finalize=FinalizeSpec(recipe=self.recipe), seed=self.seed
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    (text,) = sys.argv[1:] if arguments is None else arguments
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        document = done(Request.model_validate_json(text), Settings())
    except NasError as error:
        document = {"error": {"problem": error.problem, "detail": error.detail}}
    sys.stdout.write(json.dumps(document) + "\n")
    return 1 if "error" in document else 0


def done(request: Request, settings: Settings) -> JsonDict:
    """Compress, write the folder, and say how the result compares. Raises NasError."""
    data = load_dataset(request.dataset, settings.data_roots, settings.cache_dir)
    given = given_network(request.model, data)
    subject = subject_of(given.network, given.data, "given", request.model.name)
    time = _timing(settings)
    _say(f"weighing {request.model} on {request.target.runtime}")
    with tempfile.TemporaryDirectory() as folder:
        before = weigh(subject, request.target, Path(folder), time)
    made = compress(given.network, compressions(request.recipe), _bench(request, given, settings, time))
    (executed,) = at_precision(request.spec, precision_of({}, request.recipe)).targets
    _say(f"weighing what came of it on {executed.runtime} {executed.precision}")
    request.out.mkdir(parents=True, exist_ok=True)
    after = weigh(replace(subject, network=made.network), executed, request.out, time, made.files)
    document = _document(request, made, before, after) | {"file": executed.format.file_name}
    _complete(request, made, document)
    return document


def _document(request: Request, made: Made, before: Weighed, after: Weighed) -> JsonDict:
    was, now = before.numbers, after.numbers
    return {
        "model": str(request.model),
        "folder": str(request.out),
        "dataset": request.dataset.name,
        "target": request.target.model_dump(mode="json"),
        "recipe": [c.entry for c in compressions(request.recipe)],
        "steps": made.steps,
        **asdict(judge(request.spec, before.known, after.known)),
        "comparison": {key: {"parent": was[key], "child": now[key]} for key in was},
    }


def _bench(request: Request, given: Given, settings: Settings, time: Time) -> Workbench:
    run = RunSettings(seed=request.seed, cache_dir=settings.cache_dir)

    def on_epoch(metrics: EpochMetrics) -> None:
        _say(f"  epoch {metrics.epoch}: validation accuracy {metrics.validation_accuracy:.4f}")

    def train(network: nn.Module, config: TrainingSpec, loop: Loop = TrainingLoop) -> nn.Module:
        trained = deepcopy(network)
        with torch.random.fork_rng():
            torch.manual_seed(run.seed)
            result = loop(network, given.data, config, TrainingHooks(on_epoch=on_epoch), run).run(None)
        trained.load_state_dict(result.weights)
        return trained.eval()

    def latency_ms(network: nn.Module) -> float:
        subject = subject_of(network, given.data, "given", request.model.name)
        with tempfile.TemporaryDirectory() as folder:
            return weigh(subject, request.target, Path(folder), time).known.metrics["latency_ms@0"]

    return Workbench(given.data, apply_recipe(request.training, request.recipe), train, request.seed, latency_ms)


def _timing(settings: Settings) -> Time:
    def time(model: Path, target: TargetSpec) -> JsonDict:
        effort = Effort(budget_s=settings.measure_budget_s(final=True))
        return time_alone(model, target, effort, Host(settings.host_lock_dir, lambda: None))

    return time


def _complete(request: Request, made: Made, document: JsonDict) -> None:
    """The rest of the folder, so that `search_spaces.load` reads it: weights, further files, report, checksums."""
    out, program = request.out, ModelFormat.PT2.file_name
    state = load_program(out / program).state_dict
    save_file({name: tensor.clone().contiguous() for name, tensor in state.items()}, out / WEIGHTS_FILE)
    for name, content in made.files.items():
        (out / name).write_bytes(content)
    architecture = {
        "format": COMPRESSED_FORMAT,
        "compressed": {"program": program, "recipe": document["recipe"]},
    }
    (out / "architecture.json").write_text(json.dumps(architecture, indent=2) + "\n", encoding="utf-8")
    (out / "report.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    names = sorted(path.name for path in out.iterdir() if path.is_file() and path.name != CHECKSUMS)
    sums = "".join(f"{file_sha256(out / name)}  {name}\n" for name in names)
    (out / CHECKSUMS).write_text(sums, encoding="utf-8")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
