"""What folding and fusing bring: one network unfolded, as exported, and as the runtime executes it.

- unfolded: every batch norm is an operator of its own, and ONNX Runtime optimises nothing.
- exported: our file, whose batch norms are folded into the convolutions before them; ONNX Runtime optimises nothing.
- executed: our file as it is deployed: activations are computed inside convolutions, channels packed by vectors,
  constants folded.

The networks are those of `runtimes.py`, untrained, for their arithmetic does not depend on weights. The three are timed
in turns, blocks of runs on one thread; a ratio is taken within a turn.
"""

import statistics
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from common import Bar, Findings, options, publish
from rich.progress import track
from rich.table import Table
from runtimes import NETWORKS, QUICK_NETWORKS
from torch import nn

from search_spaces.normalise import Normalised
from search_spaces.plan import NetworkInput
from workers.export.onnx_export import (
    INPUT_NAME,
    LEGACY_EXPORTER_NOTES,
    OPSET,
    OUTPUT_NAME,
    ExportFacts,
    export_onnx,
)

CHANNELS, CLASSES = 3, 10
FORMS = ("unfolded", "exported", "executed")
ACTIVATIONS = ("Relu", "HardSwish", "HardSigmoid", "Clip")
TURNS, QUICK_TURNS = 30, 6
BLOCK_S = 0.05
FASTER_BAR = 1.0
DISABLED = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
ALL = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL


def files(name: str, folder: Path) -> tuple[Path, Path]:
    """The network unfolded, and as the service exports it."""
    torch.manual_seed(0)
    size, made = NETWORKS[name]
    network = made(NetworkInput(CHANNELS, CLASSES)).eval()
    facts = ExportFacts(tuple("0123456789"), CHANNELS, size, size, (0.5,) * 3, (0.25,) * 3, "benchmark", name)
    images = torch.rand(2, CHANNELS, size, size)
    exported, unfolded = folder / "exported.onnx", folder / "unfolded.onnx"
    export_onnx(network, facts, images, exported)
    export_unfolded(network, facts, images[:1], unfolded)
    return unfolded, exported


def export_unfolded(network: nn.Module, facts: ExportFacts, image: torch.Tensor, path: Path) -> None:
    """A network in eval mode as it is, for raw pixels of any number of images."""
    with warnings.catch_warnings():
        for note in LEGACY_EXPORTER_NOTES:
            warnings.filterwarnings("ignore", note, DeprecationWarning)
        torch.onnx.export(
            Normalised(network, facts.mean, facts.std).eval(),
            (image,),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT_NAME],
            output_names=[OUTPUT_NAME],
            dynamic_axes={INPUT_NAME: {0: "batch"}, OUTPUT_NAME: {0: "batch"}},
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
        )


def session(model: Path, level: Any, written: Path | None = None) -> onnxruntime.InferenceSession:
    """On one thread; `written` is where the graph goes that is executed."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.graph_optimization_level = level
    settings.log_severity_level = 3
    if written is not None:
        settings.optimized_model_filepath = str(written)
    return onnxruntime.InferenceSession(str(model), settings, providers=["CPUExecutionProvider"])


def operators(model: Path) -> Counter[str]:
    """How often each operator stands in a file."""
    return Counter(node.op_type for node in onnx.load(model).graph.node)


def block_ms(run: Callable[[], object]) -> float:
    """The median of what is run in a moment; the first quarter only warms up."""
    times = []
    end_s = time.perf_counter() + BLOCK_S
    while (before_s := time.perf_counter()) < end_s:
        run()
        times.append(1e3 * (time.perf_counter() - before_s))
    return statistics.median(times[len(times) // 4 :])


def in_turns(runs: list[Callable[[], object]], turns: int) -> list[list[float]]:
    """Milliseconds of each, turn by turn."""
    return [[block_ms(run) for run in runs] for _ in range(turns)]


def row_of(name: str, turns: int) -> dict[str, Any]:
    """Latencies, ratios within a turn, operators, and by how much logits differ."""
    with tempfile.TemporaryDirectory() as folder:
        unfolded, exported = files(name, Path(folder))
        executed = Path(folder, "executed.onnx")
        sessions = [session(unfolded, DISABLED), session(exported, DISABLED), session(exported, ALL, executed)]
        found = [operators(path) for path in (unfolded, exported, executed)]
    pixels = np.random.default_rng(0).random((1, *sessions[0].get_inputs()[0].shape[1:]), dtype=np.float32)
    runs = [lambda one=one: one.run(None, {INPUT_NAME: pixels})[0] for one in sessions]
    taken = in_turns(runs, turns)
    logits = [run() for run in runs]
    return {
        "network": name,
        "latency_ms": dict(zip(FORMS, np.median(taken, axis=0).tolist(), strict=True)),
        "folding": statistics.median(turn[0] / turn[1] for turn in taken),
        "fusing": statistics.median(turn[1] / turn[2] for turn in taken),
        "together": statistics.median(turn[0] / turn[2] for turn in taken),
        "operators": dict(zip(FORMS, map(dict, found), strict=True)),
        "max_abs_error": float(max(np.abs(one - logits[0]).max() for one in logits)),
        "turns": taken,
    }


def standing(row: dict[str, Any], form: str, names: tuple[str, ...]) -> int:
    """How many of these operators a form of the network has."""
    return sum(row["operators"][form].get(name, 0) for name in names)


def table(rows: list[dict[str, Any]]) -> Table:
    caption = "times faster, medians of ratios within a turn; operators that stand alone: unfolded, exported, executed"
    shown = Table(title="Folding batch norms and fusing activations", caption=caption)
    for column in ("network", "batch norms", "activations", "folded", "fused", "together", "executed"):
        shown.add_column(column, justify="left" if column == "network" else "right")
    for row in rows:
        alone = [
            " ".join(str(standing(row, form, names)) for form in FORMS)
            for names in (("BatchNormalization",), ACTIVATIONS)
        ]
        gains = [f"{row[gain]:.2f}" for gain in ("folding", "fusing", "together")]
        shown.add_row(row["network"], *alone, *gains, f"{row['latency_ms']['executed']:.3f} ms")
    return shown


def bars(rows: list[dict[str, Any]]) -> list[Bar]:
    left = max(standing(row, "exported", ("BatchNormalization",)) for row in rows)
    return [
        Bar("batch norms left in an exported file", left, 0, at_most=True),
        Bar("times faster than unfolded, least of all networks", min(row["together"] for row in rows), FASTER_BAR),
    ]


def draw(rows: list[dict[str, Any]]) -> Any:
    """Latency of each form, relative to the unfolded network."""
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(8, 3.5))
    for place, (form, color) in enumerate(zip(FORMS, ("#9aa5b1", "#5b7fa6", "#d9822b"), strict=True)):
        shares = [row["latency_ms"][form] / row["latency_ms"]["unfolded"] for row in rows]
        axis.bar(np.arange(len(rows)) + 0.27 * (place - 1), shares, 0.25, label=form, color=color)
    axis.set_xticks(range(len(rows)), [row["network"].replace(", ", "\n") for row in rows], fontsize=8)
    axis.set_ylabel("latency, of the unfolded")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)
    return figure


def main() -> None:
    chosen = options(str(__doc__).splitlines()[0])
    names = QUICK_NETWORKS if chosen.quick else tuple(NETWORKS)
    rows = [row_of(name, QUICK_TURNS if chosen.quick else TURNS) for name in track(names, description="networks")]
    packages = ("numpy", "onnx", "onnxruntime", "torch", "nas-service")
    publish(Findings("fusion", rows, bars(rows), table(rows), packages), chosen, draw)


if __name__ == "__main__":
    main()
