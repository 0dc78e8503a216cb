"""How well latencies of unseen networks are predicted, from how many minutes of profiling, and how fast.

Profiles a space on a target as `nas profile` does (the same choice of networks, the same harness, the same fit), but in
one loop: draw, export, time. Then it times networks that nobody has chosen, drawn uniformly, and compares. Their time
is not counted as profiling.
"""

import json
import tempfile
import time
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import Bar, Findings, add_options, publish
from rich.progress import track
from rich.table import Table

import search_spaces
from nas_service.cli.commands.predictors import read_target
from nas_service.domain.dataset_name import noise_name
from nas_service.domain.predictors import Birthplace, Subject, Timed
from nas_service.domain.spec import DatasetSpec, TargetSpec
from nas_service.latency.choose import most_informative
from nas_service.latency.errors import errors_of
from nas_service.latency.evidence import Evidence
from nas_service.latency.fit import fit_predictor
from nas_service.latency.networks import networks_of
from nas_service.latency.process import Process
from nas_service.use_cases.predictors import evidence_of
from search_spaces import Architecture, NetworkInput
from workers.data.load import load_dataset
from workers.export.files import subject_of, write_files
from workers.profiling.measure import Effort, Surroundings, measure

CASES = {"small-32": ("small", 32, {}), "large-96": ("large", 96, {"resolution": [64, 96]})}
"""Preset, side of the images, and restrictions: 96 pixels are seen as 64 or 96."""
CLASSES = 10
FIRST, BATCH, POOL = 24, 8, 384
EFFORT = Effort(budget_s=1.0)
SERVED = 65_536
SERVED_AT_ONCE = 4_096
BORN = Birthplace("here", {})


@dataclass
class Bench:
    """One space and target."""

    preset: str
    side: int
    space: search_spaces.SearchSpace
    target: TargetSpec
    folder: Path

    def __post_init__(self) -> None:
        spec = DatasetSpec(name=noise_name(self.side, self.side, 3, CLASSES))
        self.data = load_dataset(spec, ())

    @property
    def subject(self) -> Subject:
        return Subject("mobilenet", self.preset, 3, CLASSES, self.side, self.side)

    def time(self, architecture: Architecture) -> Timed:
        """Build, export, time."""
        torch.manual_seed(0)
        network = search_spaces.build(self.space, architecture, NetworkInput(3, CLASSES)).eval()
        subject = subject_of(network, self.data, self.space.name, architecture.key)
        (written,) = write_files(subject, [self.target.format], self.folder)
        found = measure(written.path, self.target, EFFORT, Surroundings(baseline_dir=self.folder))
        half = np.inf if found.ci95_low_ms is None else (found.ci95_high_ms - found.ci95_low_ms) / 2
        return Timed(dict(architecture.values), found.median_ms, half / found.median_ms, BORN)

    def draw(self, rng: np.random.Generator, known: list[Timed]) -> list[Architecture]:
        """The next batch, as the service's sampler for profiles chooses it."""
        seen = {json.dumps(one.architecture, sort_keys=True) for one in known}
        drawn = {a.key: a for a in self.space.sample(rng, POOL)}.values()
        pool = [a for a in drawn if json.dumps(dict(a.values), sort_keys=True) not in seen]
        if len(known) < FIRST:
            return pool[:BATCH]
        measured = [self.space.canonical(one.architecture) for one in known]
        rows = self.space.to_indices([*measured, *pool])
        networks = networks_of(self.space, rows, NetworkInput(3, CLASSES), (self.side, self.side))
        count, at_random = len(known), BATCH // 2
        times = np.array([one.median_ms for one in known])
        evidence = Evidence(networks.some(np.arange(count)), times, np.zeros(count))
        others = networks.some(np.arange(count + at_random, len(rows)))
        best = most_informative(evidence, others, BATCH - at_random)
        return [*pool[:at_random], *(pool[at_random + i] for i in best.tolist())]


def profile(bench: Bench, minutes: float, chosen_before: set[str]) -> tuple[list[Timed], float]:
    """Measure until the time is spent; the seconds it took, choosing and exporting included."""
    rng, known, start = np.random.default_rng(1), [], time.monotonic()
    while time.monotonic() - start < minutes * 60:
        left = (a for a in bench.draw(rng, known) if a.key not in chosen_before)
        known.extend(bench.time(a) for a in left if time.monotonic() - start < minutes * 60)
    return known, time.monotonic() - start


def rate(bench: Bench, predictor: Any) -> float:
    """Predictions a second from choices to milliseconds, of networks that were not asked for before."""
    counts = [len(choice.options) for choice in bench.space.choices]
    drawn = np.random.default_rng(2).integers(0, counts, (2 * SERVED, len(counts)))
    rows = bench.space.canonical_indices(drawn)
    taken = 0.0
    for start in range(0, len(rows), SERVED_AT_ONCE):
        before = time.perf_counter()
        some = rows[start : start + SERVED_AT_ONCE]
        networks = networks_of(bench.space, some, NetworkInput(3, CLASSES), (bench.side, bench.side))
        predictor.predict(networks)
        taken += time.perf_counter() - before if start >= SERVED else 0.0
    return SERVED / taken


def run(chosen: Namespace) -> dict[str, Any]:
    """Everything of one case."""
    preset, side, choices = CASES[chosen.space_preset]
    space = search_spaces.get("mobilenet", preset, choices)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(preset, side, space, read_target(chosen.target), Path(folder))
        held_out = {a.key: a for a in space.sample(np.random.default_rng(0), chosen.held_out)}
        known, profiled_s = profile(bench, chosen.minutes, set(held_out))
        truth = [bench.time(a) for a in track(held_out.values(), description="held-out networks")]
    fitted = fit_predictor(evidence_of(bench.subject, known), {})
    tested = evidence_of(bench.subject, truth)
    predicted_ms = fitted.predictor.predict(tested.networks)
    return {
        "case": chosen.space_preset,
        "target": bench.target.model_dump(),
        "profiled_s": profiled_s,
        "networks": len(known),
        "method": fitted.method,
        "cross_validated": fitted.report(),
        "held_out": errors_of(tested.measured_ms, predicted_ms).to_json(),
        "measured_ms": tested.measured_ms.tolist(),
        "predicted_ms": predicted_ms.tolist(),
        "predictions_per_s": rate(bench, fitted.predictor),
        "is_process": isinstance(fitted.predictor, Process),
    }


def findings(raw: dict[str, Any]) -> Findings:
    """The table and the bars."""
    table = Table(title=f"{raw['case']}: {raw['networks']} networks in {raw['profiled_s'] / 60:.1f} min")
    for name in ("error", "cross-validated", "held out", "95 %"):
        table.add_column(name, justify="right")
    own, held_out = raw["cross_validated"]["errors"], raw["held_out"]
    for name in ("mape", "within_5_percent", "within_10_percent", "spearman"):
        figure = held_out[name]
        interval = f"{figure['low']:.4f} to {figure['high']:.4f}"
        table.add_row(name, f"{own[name]['value']:.4f}", f"{figure['value']:.4f}", interval)
    bars = [
        Bar("MAPE on held-out networks", held_out["mape"]["value"], 0.05, at_most=True),
        Bar("share within 10 %", held_out["within_10_percent"]["value"], 0.95),
        Bar("Spearman", held_out["spearman"]["value"], 0.99),
        Bar("predictions a second", raw["predictions_per_s"], 50_000),
    ]
    return Findings("latency_predictor", raw, bars, table, ("onnxruntime", "numpy", "scipy", "torch"))


def draw(raw: dict[str, Any]) -> Any:
    """Predicted against measured."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 5))
    axes = figure.subplots()
    ends = np.array([min(raw["measured_ms"]), max(raw["measured_ms"])])
    axes.fill_between(ends, 0.9 * ends, 1.1 * ends, color="0.9", label="within 10 %")
    axes.plot(ends, ends, color="0.6", linewidth=1)
    axes.scatter(raw["measured_ms"], raw["predicted_ms"], s=10)
    axes.set(xscale="log", yscale="log", xlabel="measured, ms", ylabel="predicted, ms", title=raw["case"])
    axes.legend()
    return figure


def main() -> None:
    """One case on one target."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--space-preset", choices=CASES, default="small-32")
    parser.add_argument("--target", default="onnxruntime", help="as `nas profile --target`")
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--held-out", type=int, default=60)
    chosen = add_options(parser).parse_args()
    if chosen.quick:
        chosen.minutes, chosen.held_out = min(chosen.minutes, 1.0), min(chosen.held_out, 10)
    torch.set_num_threads(1)
    publish(findings(run(chosen)), chosen, draw)


if __name__ == "__main__":
    main()
