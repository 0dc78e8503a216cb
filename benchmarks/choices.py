"""What each choice of the `mobilenet` space costs and brings: one choice changed at a time, all else as in one network.

Each variant is trained from scratch with several seeds on a real data set, exported in fp32 and int8, and timed on ONNX
Runtime in turns with the network that it differs from. Accuracies are those of the exported files on the test split, as
differences of equal seeds with the 95 % interval over them (Student's t). Choices of a stage are changed in all stages.

With `--keep FILE` every result is written as soon as it is there, and a run that was stopped goes on from there.
"""

import argparse
import json
import statistics
import tempfile
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from common import Bar, Findings, add_options, publish
from rich.table import Table
from scipy.stats import sem, t
from side_by_side import add_options as add_job_options
from side_by_side import as_they_end, processes

from nas_service.domain.entities import PACKED_FILE
from nas_service.domain.formats import ModelFormat
from nas_service.domain.spec import DatasetSpec, TargetSpec, TrainingSpec
from search_spaces import Architecture, build, get
from search_spaces.packed import pack
from search_spaces.plan import NetworkInput
from workers.compression.sparse_training import train_sparsely
from workers.data import DataSet
from workers.data.load import load_dataset
from workers.export.exported import ExportedModel
from workers.export.files import subject_of, write_files
from workers.profiling.measure import Effort, measure
from workers.training import RunSettings, train

SIZE = 32
BASE = "the network"
WHOLE = {"resolution": 24, "stages": 4, "width_multiplier": 0.75, "depth_multiplier": 1.0}
WHOLE |= {"stem_width": 16, "head_width": 192, "sparsity": 0.0}
STAGE = {"kind": "inverted", "depth": 2, "kernel": 3, "fused_kernel": 3, "expansion": 3, "squeeze_excite": False}
STAGE |= {"activation": "relu", "pooling": "max", "downsample": "stride", "rank": 1.0}
FORMATS = {"fp32": ModelFormat.ONNX, "int8": ModelFormat.ONNX_INT8}
PACKED = "packed"
STORED = {label: form.name for label, form in FORMATS.items()} | {PACKED: PACKED}
TURNS = 3
TIMING = Effort(budget_s=0.5)
QUICK_VARIANTS = 4

Row = dict[str, Any]


def parsed() -> argparse.Namespace:
    parser = add_job_options(add_options(argparse.ArgumentParser(description=str(__doc__).splitlines()[0])))
    parser.add_argument("--data", type=Path, metavar="FILE.npz", help="images and labels instead of the digits")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each variant (default 3)")
    parser.add_argument("--epochs", type=int, default=12, help="of each training (default 12)")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="keep results, and go on from them")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.seeds, chosen.epochs = 2, 2
    return chosen


SPACE = get("mobilenet", preset="small", choices={"rank": [1.0, 0.5, 0.25], "sparsity": [0.0, 0.5, 0.75, 0.9]})


def network_of(whole: Row, stage: Row) -> Architecture:
    """All stages alike."""
    stages = {f"stage{number}_{name}": value for number in range(1, 6) for name, value in stage.items()}
    known = {choice.name for choice in SPACE.choices}
    return SPACE.canonical({name: value for name, value in (whole | stages).items() if name in known})


def variants() -> dict[str, Architecture]:
    """By what is different: every other option of every choice that makes another network."""
    found = {BASE: network_of(WHOLE, STAGE)}
    options = {choice.name: choice.options for choice in SPACE.choices}
    cases = [({name: value}, {}) for name in WHOLE for value in options[name]]
    cases += [({}, {name: value}) for name in STAGE for value in options[f"stage1_{name}"]]
    # What only matters to blocks of another kind is compared with that kind below it.
    cases += [({}, {"kind": "pool", "pooling": value}) for value in options["stage1_pooling"]]
    cases += [({}, {"kind": "fused", "fused_kernel": value}) for value in options["stage1_fused_kernel"]]
    for whole, stage in cases:
        architecture = network_of(WHOLE | whole, STAGE | stage)
        if architecture.key not in {other.key for other in found.values()}:
            found[", ".join(f"{name} {_word(value)}" for name, value in (whole | stage).items())] = architecture
    return found


def _word(value: Any) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def trained(name: str, data: DataSet, seed: int, epochs: int, folder: Path) -> dict[str, Path]:
    """The files of the network after its training."""
    torch.manual_seed(seed)
    architecture = variants()[name]
    network = build(SPACE, architecture, NetworkInput(data.channels, len(data.classes)))
    training = TrainingSpec(epochs=epochs, precision="fp32")
    sparsity = float(architecture.values.get("sparsity", 0.0))
    fit = partial(train_sparsely, sparsity=sparsity) if sparsity else train
    weights = fit(network, data, training, run=RunSettings(seed, cache_dir=folder)).weights
    network.load_state_dict(weights)
    (folder / PACKED_FILE).write_bytes(pack({name: tensor.cpu().numpy() for name, tensor in weights.items()}, {}))
    subject = subject_of(network.eval(), data, SPACE.name, architecture.key)
    written = {file.format.name: file.path for file in write_files(subject, list(FORMATS.values()), folder)}
    return written | {PACKED: folder / PACKED_FILE}


@cache
def _data(path: Path | None) -> DataSet:
    torch.set_num_threads(1)
    name = f"npz:{path}" if path else "digits"
    return load_dataset(DatasetSpec(name=name, image_size=SIZE), [path.parent] if path else [])


def base_of(path: Path | None, epochs: int, folder: Path) -> dict[str, Path]:
    """The files of the network that all others are timed beside."""
    return trained(BASE, _data(path), 0, epochs, folder)


def row_of(seed: int, name: str, path: Path | None, epochs: int, base: Path) -> Row:
    """What the files of a variant reach; with the first seed also what they take, in turns with those in `base`."""
    data, architecture = _data(path), variants()[name]
    with tempfile.TemporaryDirectory() as folder:
        files = trained(name, data, seed, epochs, Path(folder))
        row = _figures(architecture, data, files) | {"variant": name, "seed": seed, "key": architecture.key}
        if seed == 0:
            others = {form.name: base / form.file_name for form in FORMATS.values()}
            row["latency"] = {label: in_turns(others, files, label) for label in FORMATS}
    return row


def results(chosen: argparse.Namespace) -> list[Row]:
    """A row of every variant and seed."""
    every = list(variants())[: QUICK_VARIANTS if chosen.quick else None]
    rows = [json.loads(line) for line in chosen.keep.read_text().splitlines()] if _has(chosen.keep) else []
    done = {(row["seed"], row["variant"]) for row in rows}
    path = chosen.data.resolve() if chosen.data else None
    cases = [(seed, name) for seed in range(chosen.seeds) for name in every if (seed, name) not in done]
    with tempfile.TemporaryDirectory() as base, processes(chosen) as pool:
        if any(seed == 0 for seed, _ in cases):
            pool.submit(base_of, path, chosen.epochs, Path(base)).result()
        given = [(*case, path, chosen.epochs, Path(base)) for case in cases]
        for row in as_they_end(pool, row_of, given, "trainings"):
            rows.append(row)
            if chosen.keep:
                with chosen.keep.open("a") as file:
                    file.write(json.dumps(row) + "\n")
    order = {name: place for place, name in enumerate(every)}
    return sorted(rows, key=lambda row: (row["seed"], order[row["variant"]]))


def _has(path: Path | None) -> bool:
    return path is not None and path.exists()


def _figures(architecture: Architecture, data: DataSet, files: dict[str, Path]) -> Row:
    """Cost and accuracies."""
    plan = SPACE.plan(architecture, NetworkInput(data.channels, len(data.classes)))
    return {
        "macs": sum(block.macs for block in plan.blocks),
        "bytes": {label: files[name].stat().st_size for label, name in STORED.items()},
        "accuracy": {
            label: ExportedModel(files[form.name], form).accuracy(data.test).accuracy for label, form in FORMATS.items()
        },
    }


def in_turns(base: dict[str, Path], own: dict[str, Path], label: Any) -> dict[str, float]:
    """Latency in ms, and its ratio to the base's at the same precision."""
    target, name = TargetSpec(precision=label), FORMATS[label].name
    turns = [[measure(files[name], target, TIMING).median_ms for files in (base, own)] for _ in range(TURNS)]
    latency_ms = statistics.median(ms for _, ms in turns)
    return {"latency_ms": latency_ms, "ratio": statistics.median(ms / base_ms for base_ms, ms in turns)}


def compared(rows: list[Row]) -> list[Row]:
    """One row a variant, beside the network that it differs from."""
    base = {row["seed"]: row for row in rows if row["variant"] == BASE}
    found = []
    for name in dict.fromkeys(row["variant"] for row in rows):
        own = [row for row in rows if row["variant"] == name]
        gains = {
            label: [100 * (row["accuracy"][label] - base[row["seed"]]["accuracy"][label]) for row in own]
            for label in FORMATS
        }
        found.append(
            {
                "variant": name,
                "macs_ratio": own[0]["macs"] / base[0]["macs"],
                "bytes_ratio": {label: own[0]["bytes"][label] / base[0]["bytes"][label] for label in STORED},
                "latency": own[0]["latency"],
                "accuracy": {label: statistics.mean(row["accuracy"][label] for row in own) for label in FORMATS},
                "gain_points": {label: interval(values) for label, values in gains.items()},
            }
        )
    return found


def interval(values: list[float]) -> dict[str, float]:
    """Mean and half-width of its 95 % interval."""
    half = t.ppf(0.975, len(values) - 1) * sem(values) if len(values) > 1 else float("nan")
    return {"mean": statistics.mean(values), "half_width": float(half)}


def table(found: list[Row]) -> Table:
    shown = Table(
        title="One choice at a time", caption="ratios to the first row; points of test accuracy, 95 % interval"
    )
    for column in ("choice", "MACs", "bytes", "packed", "latency fp32", "int8", "points fp32", "int8"):
        shown.add_column(column, justify="left" if column == "choice" else "right")
    for row in found:
        shown.add_row(
            row["variant"],
            f"{row['macs_ratio']:.2f}",
            *(f"{row['bytes_ratio'][label]:.2f}" for label in ("fp32", PACKED)),
            *(f"{row['latency'][label]['ratio']:.2f}" for label in FORMATS),
            *(_points(row, label) for label in FORMATS),
        )
    return shown


def _points(row: Row, label: str) -> str:
    if row["variant"] == BASE:
        return f"{100 * row['accuracy'][label]:.1f} %"
    gain = row["gain_points"][label]
    return f"{gain['mean']:+.1f} ± {gain['half_width']:.1f}"


def draw(found: list[Row]) -> Any:
    """Gain in accuracy against latency, each relative to the base."""
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(9, 6))
    for row in found[1:]:
        x, y = row["latency"]["fp32"]["ratio"], row["gain_points"]["fp32"]["mean"]
        axis.scatter([x], [y], color="#d9822b", s=18)
        axis.annotate(row["variant"], (x, y), xytext=(4, 2), textcoords="offset points", fontsize=7)
    axis.axhline(0, color="#9aa5b1", linewidth=1)
    axis.axvline(1, color="#9aa5b1", linewidth=1)
    axis.set_xlabel("latency in fp32, of the network's")
    axis.set_ylabel("points of accuracy")
    axis.spines[["top", "right"]].set_visible(False)
    return figure


def main() -> None:
    chosen = parsed()
    found = compared(results(chosen))
    covered = Bar("choices compared", len(found) - 1, QUICK_VARIANTS - 1)
    packages = ("numpy", "onnxruntime", "torch", "nas-service")
    publish(Findings("choices", found, [covered], table(found), packages), chosen, draw)


if __name__ == "__main__":
    main()
