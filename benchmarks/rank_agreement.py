"""Does a supernet rank networks as trainings do? Kendall's tau, beside what costs nothing and what noise allows.

Architectures are drawn at random. Each is trained from scratch with several seeds, whose mean accuracy is the truth.
Against it stand, with bootstrap intervals over the architectures:

- inherited: accuracies with the supernet's weights, batch norm recalibrated, as a search takes them;
- MACs: no training at all, the ranking to beat;
- one seed against another: what a single training from scratch would reach.

All accuracies are on the same validation images. With `--keep FOLDER` what is trained is kept there, and a run that was
stopped goes on where it was.
"""

import argparse
import json
import time
from itertools import combinations, islice
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from common import Bar, Findings, add_options, publish
from rich.progress import track
from rich.table import Table
from safetensors.torch import load_file, save_file

from nas_service.domain.agreement import Agreement, agreement, kendall_tau
from nas_service.domain.spec import DatasetSpec, SupernetSpec, TrainingSpec
from search_spaces import Architecture, NetworkInput, SearchSpace, build, get
from search_spaces.supernet import Supernet
from workers.data import DataSet, load_dataset
from workers.supernet import inherited_network, train_supernet
from workers.training import Checkpoint, RunSettings, TrainingHooks, evaluate, train

TAU_BAR = 0.6
DRAW_SEED = 11
RESAMPLES = 1000


def arguments() -> argparse.Namespace:
    """With `--quick`, sizes that show the method and no more."""
    parser = add_options(argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter))
    parser.add_argument("--data", default="digits", help="`digits` or an .npz file of x and y")
    parser.add_argument("--choices", type=json.loads, default={}, metavar="JSON", help="restrictions of the space")
    parser.add_argument("--count", type=int, default=20, help="architectures (default 20)")
    parser.add_argument("--epochs", type=int, default=10, help="of each training from scratch (default 10)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each architecture (default 3)")
    parser.add_argument("--supernet-epochs", type=int, default=SupernetSpec().epochs)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep what is trained, and go on from it")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.count, chosen.epochs, chosen.seeds, chosen.supernet_epochs = 6, 4, 2, 8
    return chosen


class Kept:
    """Results by name in a JSON file, or in memory alone."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._file = folder / "results.json" if folder else None
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        self.results: dict[str, Any] = json.loads(self._file.read_text()) if self._file and self._file.exists() else {}

    def add(self, name: str, result: Any) -> Any:
        """Keep and return it."""
        self.results[name] = result
        if self._file:
            self._file.write_text(json.dumps(self.results, indent=1))
        return result


def trained_supernet(space: SearchSpace, shape: NetworkInput, data: DataSet, epochs: int, kept: Kept) -> Supernet:
    """With weights trained now or kept."""
    torch.manual_seed(0)
    supernet, config = Supernet(space, shape), TrainingSpec(epochs=epochs, precision="fp32")
    weights = kept.folder / f"supernet-{epochs}.safetensors" if kept.folder else None
    if weights and weights.exists():
        supernet.load_state_dict(load_file(weights))
        return supernet
    unfinished = kept.folder / f"supernet-{epochs}.checkpoint" if kept.folder else None
    checkpoint = Checkpoint.load(unfinished) if unfinished and unfinished.exists() else None
    hooks = TrainingHooks(save=lambda made: made.save(unfinished) if unfinished else None, checkpoint_interval_s=20.0)
    result = train_supernet(supernet, data, config, SupernetSpec().sampled, checkpoint, hooks)
    if weights:
        save_file(result.weights, weights)
    kept.add("supernet", {"duration_s": result.duration_s, "curve": result.curve})
    supernet.load_state_dict(result.weights)
    return supernet


def scratch_accuracy(
    space: SearchSpace, architecture: Architecture, shape: NetworkInput, data: DataSet, plan: tuple[int, int]
) -> float:
    """Of one training; `plan`: epochs and seed."""
    epochs, seed = plan
    torch.manual_seed(seed)
    network = build(space, architecture, shape)
    return train(
        network, data, TrainingSpec(epochs=epochs, precision="fp32"), run=RunSettings(seed)
    ).validation_accuracy


def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """Every accuracy, by architecture."""
    name = chosen.data if chosen.data == "digits" else f"npz:{Path(chosen.data).resolve()}"
    roots = [] if chosen.data == "digits" else [Path(chosen.data).resolve().parent]
    data, kept = load_dataset(DatasetSpec(name=name), roots), Kept(chosen.keep)
    space = get("mobilenet", choices=chosen.choices, image_size=max(data.height, data.width))
    shape = NetworkInput(data.channels, len(data.classes))
    drawn = {a.key: a for a in space.sample(np.random.default_rng(DRAW_SEED), 4 * chosen.count)}
    rows = []
    supernet = trained_supernet(space, shape, data, chosen.supernet_epochs, kept)
    macs = space.cost(list(drawn.values()), shape).macs.tolist()
    for (key, architecture), cost in track(list(islice(zip(drawn.items(), macs, strict=True), chosen.count))):
        began = time.perf_counter()
        inherited = evaluate(inherited_network(supernet, architecture, data), data, data.validation).accuracy
        row = {"key": key, "macs": cost, "inherited": inherited, "evaluation_s": time.perf_counter() - began}
        scratch = []
        for seed in range(chosen.seeds):
            told = f"{key} {chosen.epochs} {seed}"
            known = kept.results.get(told)
            plan = chosen.epochs, seed
            scratch.append(
                known if known is not None else kept.add(told, scratch_accuracy(space, architecture, shape, data, plan))
            )
        rows.append({**row, "scratch": scratch})
    return {"rows": rows, "supernet": kept.results.get("supernet"), "epochs": chosen.epochs}


def rankings(rows: list[dict[str, Any]]) -> dict[str, Agreement | None]:
    """Of each contestant with the mean of the trainings."""
    truth = [fmean(row["scratch"]) for row in rows]
    found = {
        "inherited": agreement([(row["inherited"], t) for row, t in zip(rows, truth, strict=True)]),
        "MACs": agreement([(row["macs"], t) for row, t in zip(rows, truth, strict=True)]),
    }
    for one, other in combinations(range(len(rows[0]["scratch"])), 2):
        found[f"seed {one} against {other}"] = agreement([(r["scratch"][one], r["scratch"][other]) for r in rows])
    return found


def gain_interval(rows: list[dict[str, Any]]) -> tuple[float, float, float]:
    """How much more than the MACs' the tau of inherited accuracies is, and its 90 % interval, over the same draws."""
    truth = [fmean(row["scratch"]) for row in rows]
    rng = np.random.default_rng(0)

    def gain(places: list[int]) -> float:
        taus = [kendall_tau([(rows[i][name], truth[i]) for i in places]) for name in ("inherited", "macs")]
        return (taus[0] or 0.0) - (taus[1] or 0.0)

    gains = [gain(rng.integers(0, len(rows), len(rows)).tolist()) for _ in range(RESAMPLES)]
    low, high = np.quantile(gains, [0.05, 0.95]).tolist()
    return gain(list(range(len(rows)))), low, high


def table_of(raw: dict[str, Any]) -> Table:
    """A line a contestant."""
    rows = raw["rows"]
    scratch, inherited = fmean(fmean(r["scratch"]) for r in rows), fmean(r["inherited"] for r in rows)
    trained_s = raw["supernet"]["duration_s"] if raw["supernet"] else float("nan")
    title = (
        f"{len(rows)} networks: mean accuracy {scratch:.3f} from scratch, {inherited:.3f} inherited;"
        f" supernet {trained_s:.0f} s, {fmean(r['evaluation_s'] for r in rows):.2f} s an evaluation"
    )
    table = Table("ranking", "Kendall's tau", "90 % interval", title=title)
    for name, found in rankings(rows).items():
        interval = f"{found.low:.2f} to {found.high:.2f}" if found else ""
        table.add_row(name, f"{found.tau:.2f}" if found else "cannot be told", interval)
    gain, low, high = gain_interval(rows)
    table.add_row("inherited over MACs", f"{gain:+.2f}", f"{low:+.2f} to {high:+.2f}")
    return table


def bars_of(raw: dict[str, Any]) -> list[Bar]:
    """What the project promises."""
    found = rankings(raw["rows"])["inherited"]
    return [
        Bar("tau of inherited accuracies", found.tau if found else -1.0, TAU_BAR),
        Bar("lower end of its gain over MACs", gain_interval(raw["rows"])[1], 0.0),
    ]


def draw(raw: dict[str, Any]) -> Any:
    """Both accuracies of every architecture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5))
    axes = figure.add_subplot()
    rows = raw["rows"]
    axes.scatter([fmean(r["scratch"]) for r in rows], [r["inherited"] for r in rows])
    axes.set_xlabel(f"accuracy from scratch, {raw['epochs']} epochs, mean of seeds")
    axes.set_ylabel("accuracy inherited from the supernet")
    return figure


def main() -> None:
    """As the command line says."""
    torch.set_num_threads(1)
    chosen = arguments()
    raw = measure(chosen)
    packages = ("torch", "numpy")
    publish(Findings("rank_agreement", raw, bars_of(raw), table_of(raw), packages), chosen, draw)


if __name__ == "__main__":
    main()
