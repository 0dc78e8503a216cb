"""Make a child of a finalized candidate: follow the recipe's compression steps, validate, export."""

import tempfile
import time
from copy import deepcopy
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

import search_spaces
from nas_service import tracing
from nas_service.domain.entities import WEIGHTS_FILE, Evaluation, JsonDict
from nas_service.domain.executed import as_executed, formats_of
from nas_service.domain.formats import ModelFormat
from nas_service.domain.metrics import deployed_target
from nas_service.domain.recipe import compressions
from nas_service.domain.spec import TRAINED_METRICS, TrainingSpec
from nas_service.use_cases.reuse import training_of
from nas_service.use_cases.space import network_input, space_of
from workers.bundle.card import check_data
from workers.compression.compress import Made
from workers.compression.compress import compress as follow
from workers.compression.contract import Workbench
from workers.compression.deployed_cost import cost_of
from workers.export.exported import require
from workers.export.files import Subject, subject_of
from workers.profiling.runtimes.torch_program import load_program
from workers.tasks.context import Task
from workers.tasks.evaluate import sharpness_asked_for
from workers.tasks.exporting import exported
from workers.tasks.latency import latency_here
from workers.tasks.packing import PACKED_SHA256, packed_asked_for, packed_facts, stored
from workers.tasks.training import train_resumably
from workers.training import evaluate as validate
from workers.training import train as fit
from workers.training.loop import Loop, TrainingLoop


def compress(task: Task) -> JsonDict:
    """The child's accuracy, cost and files. Raises TrainingDivergedError, ExportMismatchError, Paused."""
    search, child = task.search, task.candidate
    formats = formats_of(search.spec, child)
    require(formats)
    data = task.dataset()
    parent = _parents_evaluation(task)
    check_data(parent, data)
    start = time.monotonic()
    network = _parents_network(task, parent)
    torch.manual_seed(search.spec.seed)
    subject = subject_of(network, data, space_of(search).name, child.architecture_key)
    with tracing.span("compress"):
        made = follow(network, compressions(child.recipe), _bench(task, subject))
    validation = validate(made.network, data, data.validation)
    made_subject = subject_of(made.network, data, space_of(search).name, child.architecture_key)
    files = exported(task, made_subject, formats, made.files)
    artifacts, cost = _stored(task, made, files["artifacts"])
    kept = {name: value for name, value in parent.result.items() if name not in (*TRAINED_METRICS, PACKED_SHA256)}
    result = kept | {
        "weights_sha256": artifacts[WEIGHTS_FILE]["sha256"],
        "validation_loss": validation.loss,
        "cost": cost,
        **sharpness_asked_for(task, made.network, data),
        **packed_facts(task, artifacts),
        "steps": made.steps,
        "compression_s": round(time.monotonic() - start, 3),
        "further_files": sorted(artifacts.keys() - {WEIGHTS_FILE}),
    }
    return {
        "accuracy": validation.accuracy,
        "fidelity": parent.fidelity | {"recipe": list(child.recipe)},
        "artifacts": files["artifacts"] | artifacts,
        "exports": files["exports"],
        "result": result,
    }


def _parents_evaluation(task: Task) -> Evaluation:
    with task.service.store.read() as uow:
        parent = uow.candidates.get(str(task.candidate.parent_id))
        return uow.evidence.evaluation((parent.final or {})["evaluation_id"])


def _parents_network(task: Task, evaluation: Evaluation) -> nn.Module:
    space = space_of(task.search)
    network = search_spaces.build(space, space.canonical(task.candidate.architecture), network_input(task.search))
    with tempfile.TemporaryDirectory() as folder:
        weights = task.service.artifacts.fetch(evaluation.result["weights_sha256"], Path(folder, WEIGHTS_FILE))
        network.load_state_dict(load_file(weights))
    return network.eval()


def _bench(task: Task, subject: Subject) -> Workbench:
    """What the steps may use: trainings that resume, each from its own checkpoint, and this host as a target."""
    data, seed = subject.data, task.search.spec.seed
    trainings = 0

    def train(network: nn.Module, config: TrainingSpec, loop: Loop = TrainingLoop) -> nn.Module:
        nonlocal trainings
        trainings += 1

        result = train_resumably(task, config.epochs, partial(fit, network, data, config, loop=loop), part=trainings)
        trained = deepcopy(network)
        trained.load_state_dict(result.weights)
        return trained.eval()

    return Workbench(data, training_of(task.search, final=True), train, seed, latency_here(task, subject))


def _further(made: Made) -> dict[str, bytes]:
    """What a step gives beside exports."""
    exports = {form.file_name for form in ModelFormat}
    return {name: content for name, content in made.files.items() if name not in exports}


def _stored(task: Task, made: Made, exports: JsonDict) -> tuple[JsonDict, JsonDict]:
    """Weights and further files as artifacts, and the cost counted on the exports."""
    executed = as_executed(task.search.spec, task.candidate)
    quantized = executed.targets[deployed_target(executed)].format.is_quantized
    deployed = ModelFormat.ONNX_INT8 if quantized else ModelFormat.ONNX
    artifacts = task.service.artifacts
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for form in (ModelFormat.PT2, deployed):
            artifacts.fetch(exports[form.file_name]["sha256"], folder / form.file_name)
        cost = cost_of(folder / ModelFormat.PT2.file_name, folder / deployed.file_name)
        state = load_program(folder / ModelFormat.PT2.file_name).state_dict
        save_file({name: tensor.clone().contiguous() for name, tensor in state.items()}, folder / WEIGHTS_FILE)
        kept = {WEIGHTS_FILE: asdict(artifacts.put(folder / WEIGHTS_FILE, "application/vnd.safetensors"))}
    return kept | stored(task, packed_asked_for(task.search.spec, state) | _further(made)), asdict(cost)
