"""How well latencies of unseen networks are predicted, from how many minutes of profiling, and how fast.

Profiles a space on a target as `nas profile` does (the same choice of networks, the same harness, the same fit), but
without a service: processes on other cores export, one core times. Then it times networks that nobody has chosen,
drawn uniformly and for longer, in three rounds, and compares with the median of each; how far the rounds are apart
tells what of the error is the timing's. Their time is not counted as profiling. `--measurements` keeps every timing:
the same command goes on from there.
"""

import os
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from common import Bar, Findings, add_options, publish
from latency_predictor_networks import Case, Exporters, Measured, Notebook, exporters, take
from rich.progress import Progress, track
from rich.table import Table

from nas_service.cli.commands.predictors import read_target
from nas_service.domain.spec import TargetSpec
from nas_service.latency.choose import most_informative
from nas_service.latency.errors import errors_of
from nas_service.latency.evidence import Evidence
from nas_service.latency.fit import fit_predictor
from nas_service.latency.networks import networks_of
from nas_service.latency.process import Process
from nas_service.use_cases.predictors import evidence_of
from search_spaces import Architecture
from workers.profiling.measure import ROUGH, Effort

FIRST, BATCH, POOL = 24, 32, 384
TRUTH = Effort(budget_s=2.0)
"""What predictions are judged by is timed well."""
ROUNDS = ("held out", "again", "once more")
"""Of the held-out networks, minutes apart: a slow minute must not pass for an error of the prediction."""
SERVED = 65_536
SERVED_AT_ONCE = 4_096


def cases(preset: str, target: TargetSpec) -> Case:
    """Networks for 32 pixels; or for 96, that see them as 64 or 96."""
    return {"small-32": Case("small", 32, (), target), "large-96": Case("large", 96, (64, 96), target)}[preset]


def drawn(case: Case, rng: np.random.Generator, seen: set[str], known: list[Measured]) -> list[Architecture]:
    """The next batch, as the service's sampler for profiles chooses it."""
    pool = [a for a in {a.key: a for a in case.space.sample(rng, POOL)}.values() if a.key not in seen]
    if len(known) < FIRST:
        return pool[:BATCH]
    measured = [case.space.canonical(one.architecture) for one in known]
    rows = case.space.to_indices([*measured, *pool])
    networks = networks_of(case.space, rows, case.network_input, (case.side, case.side))
    count, at_random = len(known), BATCH // 2
    evidence = Evidence(networks.some(np.arange(count)), np.array([one.ratio for one in known]), np.zeros(count))
    others = networks.some(np.arange(count + at_random, len(rows)))
    best = most_informative(evidence, others, BATCH - at_random)
    return [*pool[:at_random], *(pool[at_random + i] for i in best.tolist())]


def proposed(case: Case, notebook: Notebook, never: set[str]) -> Iterator[Architecture]:
    """Networks to profile, without end, by what is known when each batch is drawn."""
    known = notebook.of("profile")
    rng, seen = np.random.default_rng([1, len(known)]), never | {one.key for one in known}
    while True:
        batch = drawn(case, rng, seen, notebook.of("profile"))
        seen |= {architecture.key for architecture in batch}
        yield from batch


def measured(made: Exporters, chosen: Namespace, notebook: Notebook) -> None:
    """Profile until the time is spent, then time the held-out networks in rounds."""
    case, limit_s = made.case, chosen.minutes * 60
    held_out = {a.key: a for a in case.space.sample(np.random.default_rng(0), chosen.held_out)}
    if notebook.spent_s("profile") < limit_s:
        with Progress() as progress:
            bar = progress.add_task("profiling", total=limit_s)
            for one in take(made, "profile", proposed(case, notebook, set(held_out)), ROUGH, notebook):
                progress.update(bar, completed=one.spent_s)
                if one.spent_s >= limit_s and len(notebook.of("profile")) >= FIRST:
                    break
    for role in ROUNDS:
        done = {one.key for one in notebook.of(role)}
        left = [architecture for key, architecture in held_out.items() if key not in done]
        for _ in track(take(made, role, left, TRUTH, notebook), role, total=len(left)):
            pass


def noise_of(notebook: Notebook) -> float:
    """Standard deviation, relative, of one timing of a held-out network."""
    rounds = [{one.key: np.log(one.ratio) for one in notebook.of(role)} for role in ROUNDS]
    logs = np.array([[timed[key] for key in rounds[0]] for timed in rounds])
    return float(np.sqrt(logs.var(axis=0, ddof=1).mean()))


def rate(case: Case, predictor: Any) -> float:
    """Predictions a second from choices to milliseconds, of networks that were not asked for before."""
    counts = [len(choice.options) for choice in case.space.choices]
    sampled = np.random.default_rng(2).integers(0, counts, (2 * SERVED, len(counts)))
    rows = case.space.canonical_indices(sampled)
    taken = 0.0
    for start in range(0, len(rows), SERVED_AT_ONCE):
        before = time.perf_counter()
        some = rows[start : start + SERVED_AT_ONCE]
        predictor.predict(networks_of(case.space, some, case.network_input, (case.side, case.side)))
        taken += time.perf_counter() - before if start >= SERVED else 0.0
    return SERVED / taken


def run(chosen: Namespace) -> dict[str, Any]:
    """Everything of one case."""
    case = cases(chosen.space_preset, read_target(chosen.target))
    notebook = Notebook.open(chosen.measurements)
    with tempfile.TemporaryDirectory() as folder, exporters(case, Path(folder), chosen.exporters, chosen.core) as made:
        os.sched_setaffinity(0, {chosen.core})
        measured(made, chosen, notebook)
    fitted = fit_predictor(evidence_of(case.subject, notebook.timed("profile")), {})
    tested = evidence_of(case.subject, notebook.timed(*ROUNDS))
    predicted_ms = fitted.predictor.predict(tested.networks)
    profiled = notebook.of("profile")
    return {
        "case": chosen.space_preset,
        "target": case.target.model_dump(),
        "profiled_s": notebook.spent_s("profile"),
        "networks": len(profiled),
        "timed_for_s": float(np.median([one.wall_s for one in profiled])),
        "noise": noise_of(notebook),
        "method": fitted.method,
        "cross_validated": fitted.report(),
        "held_out": errors_of(tested.measured_ms, predicted_ms).to_json(),
        "measured_ms": tested.measured_ms.tolist(),
        "predicted_ms": predicted_ms.tolist(),
        "predictions_per_s": rate(case, fitted.predictor),
        "is_process": isinstance(fitted.predictor, Process),
    }


def findings(raw: dict[str, Any]) -> Findings:
    """The table and the bars."""
    noise = f"; one timing of a held-out network is repeatable to {raw['noise']:.1%}"
    title = f"{raw['case']}: {raw['networks']} networks in {raw['profiled_s'] / 60:.1f} min"
    table = Table(title=title, caption=f"{raw['method']}{noise}")
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
    parser.add_argument("--space-preset", choices=("small-32", "large-96"), default="small-32")
    parser.add_argument("--target", default="onnxruntime", help="as `nas profile --target`")
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--held-out", type=int, default=60)
    parser.add_argument("--measurements", type=Path, metavar="FILE", help="to write them to, and to go on from")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="that everything is timed on")
    parser.add_argument("--exporters", type=int, default=2, help="processes that export, on the other cores")
    chosen = add_options(parser).parse_args()
    if chosen.quick:
        chosen.minutes, chosen.held_out = min(chosen.minutes, 1.0), min(chosen.held_out, 10)
    publish(findings(run(chosen)), chosen, draw)


if __name__ == "__main__":
    main()
