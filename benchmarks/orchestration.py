"""What a candidate costs beside its training: ask, persist, hand out, take in and tell, beside Optuna's SQL storage.

Both keep their trials in the same database, with the same 48 parameters, the same samplers and two objectives, and
take turns (ten candidates each), so that drift of the machine meets both alike. The service does all that a search
needs: candidates, work items with leases, evaluations, measurements, events and Optuna's tables; its workers answer at
once with made-up results. Optuna asks, suggests and tells. What the sampler itself thinks is reported apart.

Two more figures at each size: `advance` when there is nothing new, and the reading of the whole study by a fresh
process. The bar for growth compares the large search, in turns, with a fresh one of 100 candidates.
"""

import itertools
import logging
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from common import Bar, Findings, options, publish
from databases import DATABASES, NewDatabase
from orchestration_peers import Peer, Service, StockOptuna, milliseconds
from rich.progress import track
from rich.table import Table

COST_BAR_MS, GROWTH_BAR = 60.0, 1.25
CHUNK, WINDOW = 10, 50
"""Candidates made before the other peer's turn, and candidates that a median is taken over."""
SMALL, LARGE = 100, 1000


@dataclass(frozen=True)
class Plan:
    """How far each peer goes with one sampler: the sizes at which figures are taken."""

    sampler: str
    service: tuple[int, ...]
    stock: tuple[int, ...]


QUICK = (Plan("random", service=(10, 100, 1000), stock=(10, 100)),)
FULL = (
    Plan("random", service=(10, 100, 1000, 5000), stock=(10, 100, 1000)),
    Plan("nsga2", service=(10, 100, 1000, 5000), stock=(10, 100, 1000)),
    Plan("tpe", service=(10, 100, 1000), stock=(10, 100)),
)


def measure(new_database: NewDatabase, plan: Plan) -> dict[str, Any]:
    """Everything about one sampler on one database."""
    url = new_database()
    service = Service(url, plan.sampler)
    stock = StockOptuna(url, plan.sampler)
    found: dict[str, Any] = {"service": {}, "stock": {}}
    for size in sorted({*plan.service, *plan.stock}):
        turns = [(service, plan.service), (stock, plan.stock)]
        grow([peer for peer, sizes in turns if size <= max(sizes)], size)
        for name, (peer, sizes) in zip(found, turns, strict=True):
            if size in sizes:
                found[name][size] = at_size(peer)
    if LARGE in plan.service:
        found["growth"] = growth(service, Service(new_database(), plan.sampler))
    return found


def grow(peers: Sequence[Peer], size: int) -> None:
    """Bring all to `size` candidates, in turns."""
    while any(len(peer.costs) < size for peer in peers):
        for peer in peers:
            for _ in range(min(CHUNK, size - len(peer.costs))):
                peer.step()


def at_size(peer: Peer) -> dict[str, Any]:
    """The costs of the last candidates, of looking when there is nothing new, and of a restart."""
    found: dict[str, Any] = {
        "candidates": [cost.to_dict() for cost in peer.costs[-WINDOW:]],
        "restart": milliseconds(peer.restart, 3),
    }
    if isinstance(peer, Service):
        peer.advance()
        found["nothing_new"] = milliseconds(peer.advance, 20)
        peer.make_candidate()  # not counted: it was proposed above
    return found


def growth(large: Peer, small: Peer) -> dict[str, Any]:
    """A search of many candidates and one of 100, both going on in turns."""
    grow([small], SMALL - WINDOW // 2)
    already = len(large.costs), len(small.costs)
    for peer in itertools.chain.from_iterable(itertools.repeat((large, small), WINDOW)):
        peer.step()
    return {
        "small": [cost.to_dict() for cost in small.costs[already[1] :]],
        "large": [cost.to_dict() for cost in large.costs[already[0] :]],
    }


def median(costs: Sequence[dict[str, float]], name: str) -> float:
    return statistics.median(cost[name] for cost in costs)


def bars(raw: dict[str, Any]) -> list[Bar]:
    """Wall time, at the size that is promised, of the sampler that itself costs nothing."""
    found = []
    for database, by_sampler in raw.items():
        measured = by_sampler["random"]
        cost_ms = median(measured["service"][LARGE]["candidates"], "wall_ms")
        found.append(Bar(f"{database}: ms a candidate at {LARGE:,}", cost_ms, COST_BAR_MS, at_most=True))
        costs = measured["growth"]
        ratio = median(costs["large"], "wall_ms") / median(costs["small"], "wall_ms")
        found.append(
            Bar(f"{database}: cost of a candidate beyond {LARGE:,} / at {SMALL}", ratio, GROWTH_BAR, at_most=True)
        )
    return found


def table(raw: dict[str, Any]) -> Table:
    shown = Table(title="Orchestration: medians in ms of wall time (in brackets: CPU of this process)")
    for column in ("", "sampler", "candidates"):
        shown.add_column(column, justify="right" if column == "candidates" else "left")
    for column in ("a candidate", "Optuna's", "ratio", "sampler", "nothing new", "restart", "Optuna's"):
        shown.add_column(column, justify="right")
    for database, by_sampler in raw.items():
        for sampler, measured in by_sampler.items():
            for size, service in measured["service"].items():
                shown.add_row(database, sampler, f"{size:,}", *cells(service, measured["stock"].get(size)))
    return shown


def cells(service: dict[str, Any], stock: dict[str, Any] | None) -> list[str]:
    """The figures of one row; empty where Optuna's storage was not taken so far."""
    candidates = service["candidates"]
    own = [wall(candidates, "sampler_"), wall(service["nothing_new"]), wall(service["restart"])]
    peer = ["", "", ""]
    if stock:
        ratio = median(stock["candidates"], "wall_ms") / median(candidates, "wall_ms")
        peer = [wall_and_cpu(stock["candidates"]), f"{ratio:.1f}x", wall(stock["restart"])]
    return [wall_and_cpu(candidates), *peer[:2], *own, peer[2]]


def wall(costs: Sequence[dict[str, float]], prefix: str = "") -> str:
    return f"{median(costs, f'{prefix}wall_ms'):.3g}"


def wall_and_cpu(costs: Sequence[dict[str, float]]) -> str:
    return f"{wall(costs)} ({median(costs, 'cpu_ms'):.3g})"


def draw(raw: dict[str, Any]) -> Any:
    """Cost of a candidate over the size of the search, a panel for each database."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(raw), figsize=(4.2 * len(raw), 3.6), sharey=True, squeeze=False)
    for axis, (database, by_sampler) in zip(axes[0], raw.items(), strict=True):
        for (sampler, measured), colour in zip(by_sampler.items(), ("#5b7fa6", "#d9822b", "#6a994e"), strict=False):
            for peer, name, style in (("service", "the service", "o-"), ("stock", "Optuna's storage", "s--")):
                sizes = measured[peer]
                costs = [median(found["candidates"], "wall_ms") for found in sizes.values()]
                axis.plot(list(sizes), costs, style, color=colour, label=f"{sampler}, {name}")
        axis.axhline(COST_BAR_MS, color="#9aa5b1", linewidth=1, linestyle=":")
        axis.set(title=database, xscale="log", yscale="log", xlabel="candidates in the search")
        axis.yaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0][0].set_ylabel("ms a candidate, sampler apart (wall)")
    axes[0][-1].legend(fontsize=7, frameon=False)
    figure.tight_layout()
    return figure


def main() -> None:
    chosen = options(str(__doc__).splitlines()[0])
    logging.getLogger("optuna").setLevel(logging.WARNING)
    plans = QUICK if chosen.quick else FULL
    raw: dict[str, Any] = {}
    for database, plan in track(list(itertools.product(DATABASES, plans)), description="measuring"):
        with DATABASES[database]() as new_database:
            raw.setdefault(database, {})[plan.sampler] = measure(new_database, plan)
    packages = ("optuna", "sqlalchemy", "psycopg", "numpy", "nas-service")
    publish(Findings("orchestration", raw, bars(raw), table(raw), packages), chosen, draw)


if __name__ == "__main__":
    main()
