"""How many costly evaluations a front takes: our predictor sampler beside Optuna's samplers and LINAS.

The problem is Once-for-All's MobileNetV3 space with the published ImageNet accuracy predictor (costly, so that it is
counted) and measured Note10 latencies (known): a folder given by --data. A second, synthetic problem on the same space,
which no choice was tuned on, must show the same order; it runs without --data too. Everybody gets the same number of
evaluations through Optuna's ask and tell (LINAS: through its own loop); ours is asked for ten at a time, Optuna's
samplers learn from every single result.

The sampler was tuned on seeds 101 to 103; the seeds reported are 0 to 4.
"""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from common import Bar, Findings, add_options, publish
from linas import linas
from ofa_problems import COUNTS, SPACE, Interactions, Note10, SearchProblem
from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from rich.progress import track
from rich.table import Table

from nas_service.search.predictor import PredictorSampler

MARKS = (40, 80, 120, 250, 500)
BATCH = 10
BARS = {40: 6.66, 80: 6.87, 250: 7.30}
OURS = "predictor"
SPACE_AS_OPTUNA = {choice.name: CategoricalDistribution(choice.options) for choice in SPACE.choices}
OPTIONS = [list(choice.options) for choice in SPACE.choices]


def through_optuna(sampler: BaseSampler, problem: SearchProblem, evaluations: int, at_once: int) -> dict[str, Any]:
    """Objectives in the order of evaluation, the seconds in ask and tell, and how often a network came back."""
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    found, thinking_s, longest_s, keys = [], 0.0, 0.0, set()
    while len(found) < evaluations:
        start = time.perf_counter()
        trials = [study.ask(SPACE_AS_OPTUNA) for _ in range(min(at_once, evaluations - len(found)))]
        asked_s = time.perf_counter() - start
        rows = np.array(
            [[o.index(t.params[c.name]) for o, c in zip(OPTIONS, SPACE.choices, strict=True)] for t in trials]
        )
        values = problem(rows)
        keys |= {row.tobytes() for row in SPACE.canonical_indices(rows)}
        start = time.perf_counter()
        for trial, value in zip(trials, values.tolist(), strict=True):
            study.tell(trial, value)
        thinking_s += asked_s + time.perf_counter() - start
        longest_s = max(longest_s, asked_s)
        found.extend(values.tolist())
    return {"points": found, "thinking_s": thinking_s, "longest_ask_s": longest_s, "repeats": evaluations - len(keys)}


def by_linas(problem: SearchProblem, evaluations: int, seed: int, latency_known: bool) -> dict[str, Any]:
    """LINAS, with or without the known cost."""
    start = time.perf_counter()
    points = linas(problem, problem.cost if latency_known else None, COUNTS, evaluations, seed)
    return {"points": points.tolist(), "thinking_s": time.perf_counter() - start}


def ours(problem: SearchProblem, evaluations: int, seed: int) -> dict[str, Any]:
    """The predictor sampler, in batches."""
    sampler = PredictorSampler(
        problem.for_sampler(), seed=seed, reference_point=problem.reference.tolist(), batch_size=BATCH
    )
    return through_optuna(sampler, problem, evaluations, BATCH)


CONTESTANTS: dict[str, Callable[[SearchProblem, int, int], dict[str, Any]]] = {
    "random": lambda problem, n, seed: through_optuna(RandomSampler(seed=seed), problem, n, 1),
    "NSGA-II": lambda problem, n, seed: through_optuna(NSGAIISampler(seed=seed), problem, n, 1),
    "TPE": lambda problem, n, seed: through_optuna(TPESampler(seed=seed), problem, n, 1),
    "LINAS": lambda problem, n, seed: by_linas(problem, n, seed, latency_known=False),
    "LINAS, cost known": lambda problem, n, seed: by_linas(problem, n, seed, latency_known=True),
    OURS: ours,
}


def run(
    problems: list[SearchProblem], seeds: range, evaluations: int, contestants: Sequence[str] = tuple(CONTESTANTS)
) -> list[dict[str, Any]]:
    """Every contestant on every problem with every seed: hypervolumes at the marks."""
    cases = [(p, c, s) for s in seeds for p in problems for c in contestants]
    found = []
    for problem, contestant, seed in track(cases, description="searching"):
        result = CONTESTANTS[contestant](problem, evaluations, seed)
        points = np.array(result.pop("points"))
        marks = {mark: problem.hypervolume(points[:mark]) for mark in MARKS if mark <= evaluations}
        found.append({"problem": problem.name, "contestant": contestant, "seed": seed, "hypervolume": marks, **result})
    return found


def summarise(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean and standard deviation over the seeds."""
    rows = []
    for problem, contestant in dict.fromkeys((r["problem"], r["contestant"]) for r in runs):
        own = [r for r in runs if (r["problem"], r["contestant"]) == (problem, contestant)]
        marks = {m: [r["hypervolume"][m] for r in own] for m in own[0]["hypervolume"]}
        row = {"problem": problem, "contestant": contestant}
        row |= {"mean": {m: float(np.mean(v)) for m, v in marks.items()}}
        row |= {"sd": {m: float(np.std(v, ddof=1)) if len(v) > 1 else 0.0 for m, v in marks.items()}}
        row |= {"thinking_s": float(np.mean([r["thinking_s"] for r in own]))}
        rows.append(row)
    return rows


def table_of(rows: list[dict[str, Any]]) -> Table:
    """One line a contestant."""
    marks = list(rows[0]["mean"])
    table = Table(
        "problem", "contestant", *(f"{mark}" for mark in marks), "thinking, s", title="hypervolume (mean ± sd)"
    )
    for row in rows:
        cells = [f"{row['mean'][m]:.2f} ± {row['sd'][m]:.2f}" for m in marks]
        table.add_row(row["problem"], row["contestant"], *cells, f"{row['thinking_s']:.0f}")
    return table


def bars_of(rows: list[dict[str, Any]], runs: list[dict[str, Any]]) -> list[Bar]:
    """The published problem's values, the order on both problems, and what must never happen."""
    bars = []
    for problem in dict.fromkeys(row["problem"] for row in rows):
        own = {row["contestant"]: row["mean"] for row in rows if row["problem"] == problem}
        last = max(own[OURS])
        rivals = [mean[last] for name, mean in own.items() if name != OURS]
        if rivals:
            named = f"{problem}: hypervolume at {last} over the best rival's"
            bars.append(Bar(named, own[OURS][last] / max(rivals), 1.0))
        if problem == Note10.name:
            bars += [
                Bar(f"hypervolume at {mark}", own[OURS][mark], bar) for mark, bar in BARS.items() if mark in own[OURS]
            ]
    repeats = max(r["repeats"] for r in runs if r["contestant"] == OURS)
    return [*bars, Bar("networks proposed twice", repeats, 0, at_most=True)]


def draw(raw: dict[str, Any]) -> Any:
    """Hypervolume over evaluations, one panel a problem."""
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(row["problem"] for row in raw["summary"]))
    figure = Figure(figsize=(6 * len(names), 4))
    for place, name in enumerate(names, 1):
        axes = figure.add_subplot(1, len(names), place, title=name, xlabel="evaluations", ylabel="hypervolume")
        for row in raw["summary"]:
            if row["problem"] == name:
                marks = sorted(row["mean"])
                heights = [[row[kind][m] for m in marks] for kind in ("mean", "sd")]
                axes.errorbar(marks, heights[0], yerr=heights[1], marker="o", capsize=3, label=row["contestant"])
        axes.legend()
    return figure


def chosen_options() -> Namespace:
    """`data`, and those of every benchmark."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="the published problem; without it only the other runs"
    )
    parser.add_argument("--evaluations", type=int, default=None, metavar="N", help="500, or 80 with --quick")
    parser.add_argument("--contestants", nargs="+", choices=list(CONTESTANTS), help="by default all; TPE takes longest")
    return add_options(parser).parse_args()


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    chosen = chosen_options()
    evaluations = chosen.evaluations or (80 if chosen.quick else 500)
    problems = [Note10(chosen.data)] if chosen.data else []
    contestants = chosen.contestants or list(CONTESTANTS)
    runs = run([*problems, Interactions()], range(2 if chosen.quick else 5), evaluations, contestants)
    summary = summarise(runs)
    packages = ("optuna", "numpy", "scipy", "scikit-learn")
    findings = Findings(
        "ofa_note10", {"runs": runs, "summary": summary}, bars_of(summary, runs), table_of(summary), packages
    )
    publish(findings, chosen, draw)
