"""Every runtime and precision on five networks: latency, output error and accuracy of the exported file, side by side.

Four networks of the `mobilenet` space, of depthwise and of dense convolutions, for small and for large images, and one
plain stack of dense 3x3 convolutions. Each is trained for a few epochs on a real data set (by default the digits,
enlarged), exported in every format, and timed by the service's own measurement, round by round: in one round every
runtime and precision times the network once, so that drift of the machine meets all alike, and ratios are taken within
a round. A runtime that is not there is named with its reason.

- error: of the logits on the test images, against those of the trained network in torch.
- int8 pays where its latency is below that of fp32 in the same runtime in every round.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import Bar, Findings, add_options, publish
from rich.progress import track
from rich.table import Table
from torch import nn

from nas_service.domain.formats import RUNS, ModelFormat, PrecisionName, RuntimeName
from nas_service.domain.spec import DatasetSpec, TargetSpec, TrainingSpec
from search_spaces import build, get
from search_spaces.normalise import Normalised
from search_spaces.plan import NetworkInput
from workers.data import DataSet
from workers.data.load import load_dataset
from workers.export.exported import pixels_of
from workers.export.files import subject_of, write_files
from workers.profiling.measure import Effort, measure
from workers.profiling.prepare import prepared
from workers.profiling.runtimes import RUNTIMES
from workers.training import train

BASELINE: tuple[RuntimeName, PrecisionName] = ("torch", "fp32")
SMALL, LARGE = 32, 96
FP32_SNR_BAR_DB, ACCURACY_BAR = 80.0, 0.02
BATCH = 128

Case = tuple[RuntimeName, PrecisionName]


def mobilenet(kind: str, size: int, squeeze_excite: bool) -> Callable[[NetworkInput], nn.Module]:
    """Four stages of two blocks of one kind."""
    choices: dict[str, Any] = {"resolution": size, "stages": 4, "width_multiplier": 1.0}
    choices |= {"depth_multiplier": 1.0, "stem_width": 16, "head_width": 128}
    for stage in range(1, 5):
        own: dict[str, Any] = {"kind": kind, "depth": 2, "expansion": 3, "squeeze_excite": squeeze_excite}
        own |= {"activation": "hard_swish" if squeeze_excite else "relu"}
        own |= {"fused_kernel": 3} if kind == "fused" else {"kernel": 5 if stage == 2 else 3}
        own |= {} if stage == 3 else {"downsample": "stride"}
        choices |= {f"stage{stage}_{name}": value for name, value in own.items()}
    space = get("mobilenet", preset="small", choices={"resolution": [size]})
    return lambda shape: build(space, space.canonical(choices), shape)


def plain(width: int = 64, depth: int = 5) -> Callable[[NetworkInput], nn.Module]:
    """Dense 3x3 convolutions of one width, with batch norm and ReLU, at a quarter of the image's area."""

    def made(shape: NetworkInput) -> nn.Module:
        layers: list[nn.Module] = []
        for number in range(depth):
            inputs, stride = (shape.channels, 2) if number == 0 else (width, 1)
            layers += [nn.Conv2d(inputs, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, shape.class_count))

    return made


NETWORKS: dict[str, tuple[int, Callable[[NetworkInput], nn.Module]]] = {
    "depthwise, 32 px": (SMALL, mobilenet("inverted", SMALL, squeeze_excite=False)),
    "depthwise + attention, 96 px": (LARGE, mobilenet("inverted", LARGE, squeeze_excite=True)),
    "dense (fused), 32 px": (SMALL, mobilenet("fused", SMALL, squeeze_excite=False)),
    "dense (fused), 96 px": (LARGE, mobilenet("fused", LARGE, squeeze_excite=False)),
    "plain 3x3, 32 px": (SMALL, plain()),
}
QUICK_NETWORKS = ("depthwise, 32 px", "plain 3x3, 32 px")


@dataclass(frozen=True)
class Rounds:
    """How much is trained and timed."""

    epochs: int
    rounds: int
    budget_s: float


FULL, QUICK = Rounds(epochs=8, rounds=5, budget_s=4.0), Rounds(epochs=2, rounds=2, budget_s=1.0)


@dataclass(frozen=True)
class Trained:
    """A network after training, and its files."""

    name: str
    data: DataSet
    network: nn.Module
    shape: NetworkInput
    files: dict[ModelFormat, Path]


def available() -> tuple[list[Case], dict[str, str]]:
    """What can be timed here, and why the rest cannot."""
    reasons = {name: reason for name, runtime in RUNTIMES.items() if (reason := runtime.missing())}
    return [case for case in RUNS if case[0] not in reasons], reasons


def trained(name: str, spec: DatasetSpec, epochs: int, cases: Sequence[Case], folder: Path) -> Trained:
    """Train a network and write the files that `cases` execute."""
    size, made = NETWORKS[name]
    data = load_dataset(spec.model_copy(update={"image_size": size}), [Path()])
    shape = NetworkInput(data.channels, len(data.classes))
    torch.manual_seed(0)
    network = made(shape)
    network.load_state_dict(train(network, data, TrainingSpec(epochs=epochs, precision="fp32")).weights)
    formats = sorted({RUNS[case] for case in cases})
    files = {f.format: f.path for f in write_files(subject_of(network, data, "benchmark", name), formats, folder)}
    return Trained(name, data, network.eval(), shape, files)


def latencies(
    subject: Trained, cases: Sequence[Case], rounds: int, budget_s: float
) -> dict[Case, list[dict[str, Any]]]:
    """Each case's measurements, one a round; within a round each case is timed once, in an order that turns."""
    found: dict[Case, list[dict[str, Any]]] = {case: [] for case in cases}
    for number in range(rounds):
        turn = number % len(cases)
        for runtime, precision in [*cases[turn:], *cases[:turn]]:
            target = TargetSpec(runtime=runtime, precision=precision)
            result = measure(subject.files[target.format], target, Effort(budget_s=budget_s)).to_dict()
            del result["samples_ms"]
            found[runtime, precision].append(result)
    return found


def quality(subject: Trained, case: Case) -> dict[str, float]:
    """Error of the logits on the test images against torch's, and the accuracy of the file itself."""
    runtime = RUNTIMES[case[0]]
    model = runtime.load(prepared(runtime, subject.files[RUNS[case]], 1, lambda: None).model, 1)
    test = subject.data.test
    pixels = pixels_of(test, slice(None))
    expected = logits_of(subject, pixels)
    found = np.concatenate([model.run(pixels[start : start + BATCH]) for start in range(0, len(pixels), BATCH)])
    noise = float(np.square(found - expected).sum()) or np.finfo(np.float64).tiny
    return {
        "snr_db": 10 * float(np.log10(np.square(expected - expected.mean(0)).sum() / noise)),
        "max_abs_error": float(np.abs(found - expected).max()),
        "accuracy": float((found.argmax(1) == test.labels.numpy()).mean()),
        "torch_accuracy": float((expected.argmax(1) == test.labels.numpy()).mean()),
    }


def logits_of(subject: Trained, pixels: np.ndarray) -> np.ndarray:
    """What the trained network itself computes."""
    deployed = Normalised(subject.network, subject.data.mean, subject.data.std).eval()
    with torch.inference_mode():
        batches = torch.from_numpy(pixels).split(BATCH)
        return torch.cat([deployed(images) for images in batches]).numpy()


def run(names: Sequence[str], spec: DatasetSpec, effort: Rounds) -> dict[str, Any]:
    """Every figure: a row for each network, runtime and precision."""
    cases, reasons = available()
    rows: list[dict[str, Any]] = []
    for name in track(names, description="networks"):
        with tempfile.TemporaryDirectory() as folder:
            subject = trained(name, spec, effort.epochs, cases, Path(folder))
            timed = latencies(subject, cases, effort.rounds, effort.budget_s)
            rows += [row_of(subject, case, timed) | quality(subject, case) for case in cases]
    return {"rows": rows, "missing": reasons, "verdicts": verdicts(rows)}


def row_of(subject: Trained, case: Case, timed: dict[Case, list[dict[str, Any]]]) -> dict[str, Any]:
    """Latency of a case and its ratios, each the median of the rounds', beside the measurements themselves."""
    runtime, precision = case
    own, baseline = timed[case], timed[BASELINE]
    return {
        "network": subject.name,
        "runtime": runtime,
        "precision": precision,
        "latency_ms": statistics.median(m["median_ms"] for m in own),
        "to_torch": statistics.median(ratios(own, baseline)),
        "to_fp32": ratios(own, timed[runtime, "fp32"]),
        "file_bytes": own[0]["file_bytes"],
        "peak_memory_mib": own[0]["peak_memory_mib"],
        "load_ms": own[0]["load_ms"],
        "compile_s": own[0]["birthplace"]["compile_s"],
        "measurements": own,
    }


def ratios(own: Sequence[dict[str, Any]], other: Sequence[dict[str, Any]]) -> list[float]:
    """Of the latencies of one round each."""
    return [a["median_ms"] / b["median_ms"] for a, b in zip(own, other, strict=True)]


def verdicts(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Whether int8 pays, in words."""
    found = []
    for row in rows:
        if row["precision"] != "int8":
            continue
        ratio = statistics.median(row["to_fp32"])
        if max(row["to_fp32"]) < 1:
            word = "pays"
        elif min(row["to_fp32"]) >= 1:
            word = "does not pay"
        else:
            word = "makes no sure difference"
        found.append(f"{row['network']}: int8 in {row['runtime']} {word} ({ratio:.2f} of the latency of fp32)")
    return found


def bars(rows: Sequence[dict[str, Any]], quick: bool) -> list[Bar]:
    """What every file owes its network; what so short a training as the quick one's has learned, anything unlearns."""
    fp32 = min(row["snr_db"] for row in rows if row["precision"] == "fp32")
    found = [Bar("signal to noise of the fp32 logits, worst, dB", fp32, FP32_SNR_BAR_DB)]
    if not quick:
        lost = max(row["torch_accuracy"] - row["accuracy"] for row in rows)
        found.append(Bar("accuracy that a file loses against its network, most", lost, ACCURACY_BAR, at_most=True))
    return found


def table(rows: Sequence[dict[str, Any]]) -> Table:
    shown = Table(title="Runtimes and precisions, one thread, batch size 1 (medians)")
    for column in ("network", "runtime"):
        shown.add_column(column)
    for column in ("latency ms", "to torch", "to fp32", "SNR dB", "largest error", "accuracy", "file kB"):
        shown.add_column(column, justify="right")
    previous = ""
    for row in rows:
        precision = "" if row["precision"] == "fp32" else f" {row['precision']}"
        shown.add_row(
            row["network"] if row["network"] != previous else "",
            row["runtime"] + precision,
            f"{row['latency_ms']:.3f}",
            f"{row['to_torch']:.2f}",
            f"{statistics.median(row['to_fp32']):.2f}",
            f"{row['snr_db']:.0f}",
            f"{row['max_abs_error']:.1e}",
            f"{row['accuracy']:.3f}",
            f"{row['file_bytes'] / 1e3:.0f}",
        )
        previous = row["network"]
    return shown


def draw(raw: dict[str, Any]) -> Any:
    """Times faster than torch, a group of bars for each network."""
    from matplotlib import pyplot

    rows = raw["rows"]
    networks = list(dict.fromkeys(row["network"] for row in rows))
    cases = list(dict.fromkeys((row["runtime"], row["precision"]) for row in rows))
    figure, axis = pyplot.subplots(figsize=(2.2 + 1.8 * len(networks), 4))
    width = 0.85 / len(cases)
    for number, (runtime, precision) in enumerate(cases):
        own = [row for row in rows if (row["runtime"], row["precision"]) == (runtime, precision)]
        places = [networks.index(row["network"]) + (number - (len(cases) - 1) / 2) * width for row in own]
        label = runtime if precision == "fp32" else f"{runtime} {precision}"
        hatch = "//" if precision == "int8" else None
        axis.bar(places, [1 / row["to_torch"] for row in own], width, label=label, hatch=hatch)
    axis.axhline(1, color="black", linewidth=0.8)
    axis.set_yscale("log")
    axis.set_xticks(range(len(networks)), [name.replace(", ", ",\n") for name in networks], fontsize=8)
    axis.set_ylabel("times faster than torch eager")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(fontsize=8, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False)
    figure.tight_layout()
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--data", type=Path, metavar="FILE.npz", help="images and labels instead of the digits")
    chosen = add_options(parser).parse_args()
    torch.set_num_threads(1)
    spec = DatasetSpec(name=f"npz:{chosen.data}" if chosen.data else "digits")
    raw = run(QUICK_NETWORKS if chosen.quick else list(NETWORKS), spec, QUICK if chosen.quick else FULL)
    packages = ["torch", "numpy", "onnxruntime", "nas-service"]
    publish(Findings("runtimes", raw, bars(raw["rows"], chosen.quick), table(raw["rows"]), packages), chosen, draw)
    print(*raw["verdicts"], sep="\n")
    for runtime, reason in raw["missing"].items():
        print(f"not timed: {runtime}: {reason}")


if __name__ == "__main__":
    main()
