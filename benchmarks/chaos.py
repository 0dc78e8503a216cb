"""What it costs a search that its processes are killed: the same search undisturbed, then struck at every few seconds.

Both run through API, control and two Celery workers of two processes each, on a Postgres and a Redis of their own, with
real trainings, exports, timings and bundles. Every strike's victim is drawn with a fixed seed. The search must end with
every candidate accounted for exactly once: numbers without gaps, one end each, one accepted result for each work item,
and a study that stock Optuna reads as our rows say; else this script fails.

Run it from the root of the source with `PYTHONPATH=. python benchmarks/chaos.py`.
"""

import random
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from common import Bar, Findings, options, publish
from databases import postgres
from rich.table import Table

from tests.support.disturbed import Found, Plan, four_workers, run
from tests.support.redis import own_redis
from tests.support.strikes import Strike
from tests.support.waiting import wait_for

SEED = 1
ONCE = [
    Strike.BROKER,
    Strike.BROKER,
    Strike.API,
    Strike.CONTROL,
    Strike.DATABASE,
    Strike.LATE,
    Strike.POOL,
    Strike.POOL,
]
AT_THE_END = [Strike.PROCESS, Strike.PROCESS]
CANDIDATES, QUICK_CANDIDATES = 60, 24
KILLS, QUICK_KILLS = 15, 5
"""Of worker processes, beside what happens once or twice."""
PAUSE_S = 2.0
EPOCHS = 8
LOST_PER_STRIKE_BAR_S = 10.0
"""A lease, a sweep and the start of a process, while three others go on."""
GONE_TIMEOUT_S = 30.0


def plans(quick: bool) -> dict[str, Plan]:
    """The search as it is, and with everything that happens to it in an order drawn once."""
    candidates, kills = (QUICK_CANDIDATES, QUICK_KILLS) if quick else (CANDIDATES, KILLS)
    strikes = ONCE + [Strike.PROCESS] * kills
    random.Random(SEED).shuffle(strikes)
    return {
        "undisturbed": Plan(candidates, epochs=EPOCHS, seed=SEED),
        "disturbed": Plan(candidates, strikes, AT_THE_END, PAUSE_S, EPOCHS, SEED),
    }


def measure(plan: Plan, cache: Path) -> Found:
    """One run, in a database, a broker and a home of its own: nothing is reused from another."""
    with (
        postgres() as new_database,
        own_redis() as broker,
        tempfile.TemporaryDirectory(prefix="nas-benchmark-chaos-", ignore_cleanup_errors=True) as folder,
    ):
        with four_workers(new_database(), broker, Path(folder, "home"), cache) as (service, url):
            found = run(service, url, broker, plan)
        wait_for(lambda: not service.left_over(), "the end of all processes", GONE_TIMEOUT_S)
        return found


def lost_per_strike_s(raw: dict[str, Any]) -> float:
    """The mean over all strikes, whatever they were."""
    return float((raw["disturbed"]["wall_s"] - raw["undisturbed"]["wall_s"]) / len(raw["disturbed"]["strikes"]))


def table(raw: dict[str, Any]) -> Table:
    """Both runs, side by side."""
    shown = Table(title="A search that is struck at, beside the same one undisturbed")
    for column in ("", *raw):
        shown.add_column(column, justify="right" if column else "left")
    names = {
        "wall_s": "seconds",
        "candidates": "candidates, each accounted for once",
        "failed_candidates": "of these failed, every attempt used up",
        "attempts": "work items by attempts",
        "expired_leases": "leases expired",
        "sent_again": "messages sent again",
        "refused": "results and leases refused to late workers",
        "bundles": "bundles downloaded and verified",
    }
    for key, name in names.items():
        shown.add_row(name, *(_cell(found[key]) for found in raw.values()))
    for strike in Strike:
        counts = [sum(what == strike.value for what, _ in found["strikes"]) for found in raw.values()]
        shown.add_row(strike.value, *map(str, counts))
    return shown


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{attempts}: {items}" for attempts, items in value.items())
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def draw(raw: dict[str, Any]) -> Any:
    """Candidates that are over, by time, with a mark at every strike."""
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(8, 4))
    for (name, found), colour in zip(raw.items(), ("#9aa5b1", "#5b7fa6"), strict=True):
        times = [0.0, *found["finished_at_s"]]
        axis.step(times, range(len(times)), where="post", color=colour, label=name)
    colours = {strike: f"C{number}" for number, strike in enumerate(Strike)}
    named: set[str] = set()
    for what, at_s in raw["disturbed"]["strikes"]:
        label = None if what in named else what
        axis.axvline(at_s, color=colours[Strike(what)], linewidth=1, alpha=0.7, label=label)
        named.add(what)
    axis.set(xlabel="seconds since the submission", ylabel="candidates that are over")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(fontsize=7, frameon=False)
    figure.tight_layout()
    return figure


def main() -> None:
    chosen = options(str(__doc__).splitlines()[0])
    with tempfile.TemporaryDirectory(prefix="nas-benchmark-cache-") as cache:
        # Kernels are compiled and data is decoded once, and by neither of the two.
        measure(Plan(candidates=1), Path(cache))
        raw = {
            name: asdict(measure(plan, Path(cache))) | {"candidates": plan.candidates}
            for name, plan in plans(chosen.quick).items()
        }
    bars = [Bar("seconds lost for each strike", lost_per_strike_s(raw), LOST_PER_STRIKE_BAR_S, at_most=True)]
    publish(Findings("chaos", raw, bars, table(raw), ("celery", "kombu", "optuna", "redis", "torch")), chosen, draw)


if __name__ == "__main__":
    main()
