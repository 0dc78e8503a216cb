"""Does a supernet rank networks as trainings do? Kendall's tau, beside what costs nothing and what noise allows.

Half of the architectures are drawn uniformly, as a sampler would; the other half so that they spread: as many from each
part of the range of log MACs. Each is trained from scratch with several seeds, whose mean validation accuracy is the
truth. Against it stand, with bootstrap intervals over the architectures:

- each supernet (`--variants`, a JSON object or file of settings by name): validation accuracies and losses with its
  weights, batch norm recalibrated, as a search takes them; with `tuned` also after a short training on;
- MACs, parameters and synflow: no training at all; MACs are the ranking to beat, and the gain over them has an
  interval of its own, over the same draws. Within a third of the range of MACs they say less: hence tau within each
  third, averaged, and Kendall's partial tau, MACs held fixed;
- a short training from scratch, which costs as much as training an inherited network on;
- one seed against another: what a single training from scratch would reach.

All accuracies are on the same validation images. Trainings run side by side in `--jobs` processes of one thread, on the
CPU or sharing one GPU. With `--keep FOLDER` what is trained is kept there, and a run that was stopped goes on where it
was; after `--minutes` what exists is reported.
"""

import argparse
import json
import os
import time
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from common import LOG_WIDTH, Bar, Findings, add_options, publish
from rank_figures import costs_of, draw, figures, table_of
from rank_jobs import FromScratch, Shared
from rank_pool import results
from rank_world import World, drawn, loaded
from rich.console import Console

from search_spaces.registry import SPACE_PATH_VARIABLE

TAU_BAR = 0.6
ONE_KIND = {f"stage{stage}_kind": ["inverted"] for stage in range(1, 6)}
"""Blocks of different kinds share nothing, and learn slowly beside each other."""


def arguments() -> argparse.Namespace:
    """With `--quick`, sizes that show the method and no more."""
    parser = add_options(argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter))
    parser.add_argument("--data", default="digits", help="`digits` or an .npz file of x and y")
    parser.add_argument("--space", default="mobilenet", help="a registered space, or the benchmarks' peer_mobilenet")
    parser.add_argument("--choices", type=json.loads, metavar="JSON", help="restrictions; default: one kind of block")
    parser.add_argument("--count", type=int, default=24, help="architectures (default 24)")
    parser.add_argument("--epochs", type=int, default=10, help="of each training from scratch (default 10)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each architecture (default 3)")
    parser.add_argument("--short", type=int, default=1, help="epochs of the short training from scratch; 0: none")
    parser.add_argument("--variants", default='{"default": {}}', metavar="JSON", help="supernets by name, or a file")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--jobs", type=int, default=1, help="trainings side by side (default 1)")
    parser.add_argument("--minutes", type=float, default=24 * 60.0, help="report what exists after so long")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep what is trained, and go on from it")
    chosen = parser.parse_args()
    text = chosen.variants if chosen.variants.lstrip().startswith("{") else Path(chosen.variants).read_text()
    chosen.variants = json.loads(text)
    if chosen.choices is None:
        chosen.choices = ONE_KIND if chosen.space == "mobilenet" else {}
    if chosen.quick:
        chosen.count, chosen.epochs, chosen.seeds = 8, min(chosen.epochs, 4), 2
        chosen.variants = {
            name: {**how, "epochs": min(how.get("epochs", 8), 8)} for name, how in chosen.variants.items()
        }
    return chosen


def world_of(chosen: argparse.Namespace) -> World:
    """With a folder for what is worth keeping beside results."""
    cache = chosen.keep / "cache" if chosen.keep else None
    if cache:
        cache.mkdir(parents=True, exist_ok=True)
    return World(
        data=chosen.data,
        space_name=chosen.space,
        choices=json.dumps(chosen.choices, sort_keys=True),
        count=chosen.count,
        device=chosen.device,
        cache=str(cache or ""),
        began=time.time(),
        limit_s=60 * chosen.minutes,
    )


def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """Every accuracy, by architecture. Supernets come first, for they take longest; then all trainings of one seed."""
    world = world_of(chosen)
    keys = tuple(a.key for part in drawn(world).values() for a in part)
    supernets = {title: Shared(title, json.dumps(how, sort_keys=True), keys) for title, how in chosen.variants.items()}
    trainings = {key: [FromScratch(key, chosen.epochs, seed) for seed in range(chosen.seeds)] for key in keys}
    short = {key: FromScratch(key, chosen.short, chosen.seeds) for key in keys if chosen.short}
    in_turn = [job for seed in zip(*trainings.values(), strict=True) for job in seed]
    found = results(world, [*supernets.values(), *in_turn, *short.values()], chosen.jobs, chosen.keep)
    rows = costs(world)
    for row in rows:
        key = row["key"]
        row["scratch"] = [found[job.name] for job in trainings[key] if job.name in found]
        if key in short:
            row["scores"][f"{chosen.short} epoch(s) from scratch"] = found.get(short[key].name)
        for title, supernet in supernets.items():
            judged = found.get(supernet.name, {}).get("judged", {}).get(key, {})
            row["scores"] |= {f"{title}: {name}": _rising(name, v) for name, v in judged.items() if name[-2:] != "_s"}
    rows = [{**row, "truth": fmean(row["scratch"])} for row in rows if row["scratch"]]
    if not rows:
        raise SystemExit("no training from scratch ended in time; give --minutes more")
    shared = {title: found[supernet.name] for title, supernet in supernets.items() if supernet.name in found}
    return {"epochs": chosen.epochs, "rows": rows, "supernets": shared, "figures": figures(rows)}


def costs(world: World) -> list[dict[str, Any]]:
    """What is known of each architecture without training it."""
    _, space, shape = loaded(world)
    drawn_how = [(a, how) for how, part in drawn(world).items() for a in part]
    architectures = [a for a, _ in drawn_how]
    cost, flows = space.cost(architectures, shape), space.log_synaptic_flow(space.to_indices(architectures), shape)
    columns = zip(drawn_how, cost.macs.tolist(), cost.params.tolist(), flows.tolist(), strict=True)
    return [
        {"key": a.key, "drawn": how, "macs": macs, "scores": {"MACs": macs, "params": params, "synflow": flow}}
        for (a, how), macs, params, flow in columns
    ]


def _rising(name: str, value: float) -> float:
    """Larger for the better."""
    return -value if name.startswith("loss") else value


def bars_of(raw: dict[str, Any]) -> list[Bar]:
    """What the project promises, of the first supernet."""
    first = next(iter(raw["supernets"]), None)
    lines = [line for line in raw["figures"] if line["ranking"] == f"{first}: accuracy"]
    return [
        bar
        for line in lines
        for bar in (
            Bar("tau of inherited accuracies", line["tau"], TAU_BAR),
            Bar("lower end of its gain over MACs", line["gain_interval"][0], 0.0, more_than=True),
        )
    ]


def main() -> None:
    """As the command line says."""
    os.environ.setdefault(SPACE_PATH_VARIABLE, str(Path(__file__).with_name("spaces")))
    torch.set_num_threads(1)
    chosen = arguments()
    raw = measure(chosen)
    publish(Findings("rank_agreement", raw, bars_of(raw), table_of(raw), ("torch", "numpy")), chosen, draw)
    Console(width=LOG_WIDTH).print(costs_of(raw))


if __name__ == "__main__":
    main()
