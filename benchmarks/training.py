"""How fast one core trains small networks: our loop beside the loop of the PyTorch tutorials.

Each training runs in a fresh process on one core with one thread, in turns (A B C A B C), so that drift of the machine
meets all alike. All train the same network from the same weights on the same images with the same augmentation (random
crop), batch size (64, as in the quickstart tutorial), optimizer, schedule and number of steps, and all validate after
each epoch. Every process trains one epoch unmeasured first, since a worker trains many candidates. What is done once a
machine (compiling the kernels, choosing the precision) is done before.

- tutorial: `Dataset` with transforms for each sample, `DataLoader` without workers, contiguous (NCHW) tensors.
- tutorial, channels_last: the same with the faster memory layout, the peer to beat.
- ours: `workers.training.train`.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import Bar, Findings, options, publish
from rich.progress import track
from rich.table import Table
from training_peer import BATCH_SIZE, Trained, train_like_the_tutorials

from nas_service.domain.spec import DatasetSpec, TrainingSpec

VARIANTS = ("tutorial", "tutorial, channels_last", "ours")
SPEED_BAR, ACCURACY_BAR = 1.6, 0.02
IMAGE_SIZE = 32


def network_choices(depth: int, expansion: int, width: float, stem: int, kernels: tuple[int, ...]) -> dict[str, Any]:
    """A MobileNetV2-like architecture of the `mobilenet` space: four stages of inverted residuals."""
    choices: dict[str, Any] = {"resolution": IMAGE_SIZE, "stages": 4, "width_multiplier": width}
    choices |= {"depth_multiplier": 1.0, "stem_width": stem, "head_width": 128}
    for stage, kernel in enumerate(kernels, 1):
        own = {"kind": "inverted", "depth": depth, "kernel": kernel, "expansion": expansion, "activation": "relu"}
        own |= {"squeeze_excite": False} | ({} if stage == 3 else {"downsample": "stride"})
        choices |= {f"stage{stage}_{name}": value for name, value in own.items()}
    return choices


LARGE, SMALL = (2, 3, 1.0, 16), (1, 3, 0.5, 8)
NETWORKS = {
    "4.8 M MACs": network_choices(*LARGE, kernels=(3, 5, 3, 5)),
    "0.52 M MACs": network_choices(*SMALL, kernels=(3, 5, 3, 5)),
    "4.6 M MACs, 3x3": network_choices(*LARGE, kernels=(3, 3, 3, 3)),
    "0.48 M MACs, 3x3": network_choices(*SMALL, kernels=(3, 3, 3, 3)),
}
QUICK_NETWORKS = list(NETWORKS)[:2]


def train_once(variant: str, network: str, seed: int, epochs: int, cache_dir: Path) -> dict[str, Any]:
    """One training in this process; its cost in seconds of CPU and of wall time."""
    import torch

    from search_spaces import build, get
    from search_spaces.plan import NetworkInput
    from workers.data.load import load_dataset
    from workers.training import RunSettings, train

    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    data = load_dataset(DatasetSpec(name="digits", image_size=IMAGE_SIZE), [])
    space = get("mobilenet", preset="small")
    architecture = space.canonical(NETWORKS[network])
    shape = NetworkInput(data.channels, len(data.classes))
    config = TrainingSpec(epochs=epochs, batch_size=BATCH_SIZE, augment=("crop",))

    def training(config: TrainingSpec) -> Trained:
        torch.manual_seed(seed)
        model = build(space, architecture, shape)
        if variant != "ours":
            return train_like_the_tutorials(model, data, config, seed, channels_last="channels_last" in variant)
        result = train(model, data, config, run=RunSettings(seed, cache_dir=cache_dir))
        return Trained(result.steps, result.validation_accuracy, result.precision)

    training(config.model_copy(update={"epochs": 1}))
    wall, cpu = time.perf_counter(), time.process_time()
    trained = training(config)
    return {
        "variant": variant,
        "network": network,
        "macs": int(space.cost([architecture], shape).macs[0]),
        "seed": seed,
        "epochs": epochs,
        "steps": trained.steps,
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.perf_counter() - wall,
        "validation_accuracy": trained.validation_accuracy,
        "precision": trained.precision,
    }


def in_fresh_process(**arguments: Any) -> dict[str, Any]:
    from workers.environment import TRAINING_ENVIRONMENT

    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    if arguments["variant"] == "ours":
        environment |= TRAINING_ENVIRONMENT
    command = [sys.executable, __file__, json.dumps(arguments, default=str)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1800)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def run(quick: bool) -> list[dict[str, Any]]:
    """Every training, in turns."""
    networks = QUICK_NETWORKS if quick else list(NETWORKS)
    epochs, turns = (2, 2) if quick else (12, 3)
    with tempfile.TemporaryDirectory() as cache_dir:
        for network in networks:
            in_fresh_process(variant="ours", network=network, seed=0, epochs=1, cache_dir=cache_dir)
        cases = [(t, n, v) for t in range(turns) for n in networks for v in VARIANTS]
        return [
            in_fresh_process(variant=variant, network=network, seed=turn, epochs=epochs, cache_dir=cache_dir)
            for turn, network, variant in track(cases, description="training")
        ]


def summarise(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Medians over the turns, and how many times ours is faster."""
    rows = []
    for network in dict.fromkeys(r["network"] for r in runs):
        ours = _medians(runs, network, "ours")
        for variant in VARIANTS:
            own = _medians(runs, network, variant)
            gain = {"cpu_gain": own["cpu_s"] / ours["cpu_s"], "wall_gain": own["wall_s"] / ours["wall_s"]}
            rows.append({"network": network, "variant": variant, **own, **gain})
    return rows


def _medians(runs: list[dict[str, Any]], network: str, variant: str) -> dict[str, float]:
    same = [r for r in runs if r["network"] == network and r["variant"] == variant]
    names = ("cpu_s", "wall_s", "steps", "validation_accuracy")
    medians = {name: statistics.median(r[name] for r in same) for name in names}
    return {**medians, "images_per_cpu_s": medians["steps"] * BATCH_SIZE / medians["cpu_s"]}


def bars(rows: list[dict[str, Any]], quick: bool) -> list[Bar]:
    """Speed against the tutorials' loop; the accuracy of so short a training as the quick one's says nothing."""
    found = []
    by_case = {(row["network"], row["variant"]): row for row in rows}
    for network in dict.fromkeys(row["network"] for row in rows):
        peer, ours = by_case[network, "tutorial"], by_case[network, "ours"]
        found.append(Bar(f"{network}: times faster than the tutorial, CPU time", peer["cpu_gain"], SPEED_BAR))
        if not quick:
            lost = peer["validation_accuracy"] - ours["validation_accuracy"]
            found.append(Bar(f"{network}: accuracy lost", lost, ACCURACY_BAR, at_most=True))
    return found


def table(rows: list[dict[str, Any]]) -> Table:
    shown = Table(title="Training on one core (medians)")
    for column in ("network", "loop"):
        shown.add_column(column)
    for column in ("images / CPU s", "CPU s", "wall s", "ours faster, CPU", "wall", "accuracy"):
        shown.add_column(column, justify="right")
    for row in rows:
        figures = [f"{row['images_per_cpu_s']:.0f}", f"{row['cpu_s']:.1f}", f"{row['wall_s']:.1f}"]
        gains = [f"{row['cpu_gain']:.2f}x", f"{row['wall_gain']:.2f}x", f"{row['validation_accuracy']:.3f}"]
        shown.add_row(row["network"], row["variant"], *figures, *gains)
    return shown


def draw(raw: dict[str, Any]) -> Any:
    """Images a CPU second of each variant, a group of bars for each network."""
    from matplotlib import pyplot

    rows = raw["summary"]
    networks = list(dict.fromkeys(row["network"] for row in rows))
    figure, axes = pyplot.subplots(1, len(networks), figsize=(3.2 * len(networks), 3.6), squeeze=False)
    for axis, network in zip(axes[0], networks, strict=True):
        own = [row for row in rows if row["network"] == network]
        drawn = axis.bar(range(len(own)), [r["images_per_cpu_s"] for r in own], color=["#9aa5b1", "#5b7fa6", "#d9822b"])
        axis.bar_label(drawn, [f"{own[0]['cpu_s'] / r['cpu_s']:.2f}x" for r in own])
        axis.set_xticks(range(len(own)), [r["variant"].replace(", ", ",\n") for r in own], fontsize=8)
        axis.set_title(network, fontsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0][0].set_ylabel("training images a CPU second, one core")
    figure.tight_layout()
    return figure


def main() -> None:
    chosen = options(str(__doc__).splitlines()[0])
    runs = run(chosen.quick)
    rows = summarise(runs)
    raw = {"summary": rows, "trainings": runs}
    packages = ("torch", "numpy", "nas-service")
    publish(Findings("training", raw, bars(rows, chosen.quick), table(rows), packages), chosen, draw)


if __name__ == "__main__":
    if len(sys.argv) == 2 and sys.argv[1].startswith("{"):
        arguments = json.loads(sys.argv[1])
        print(json.dumps(train_once(**{**arguments, "cache_dir": Path(arguments["cache_dir"])})))
    else:
        main()
