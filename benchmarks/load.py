"""How fast one API process answers those who watch searches: status by polling, fronts and lists, beside event streams.

A real API process over a Postgres of its own, which holds 1,000 searches of 100 candidates and one of 1,000; the
callers are another process. Figures at a fixed rate come from an open loop: latencies count from the time at which a
request was due. `poll` asks for one search after the other, first in full and then with its ETag; the streams listen to
200 of them.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from common import Bar, Findings, options, publish
from databases import NewDatabase, postgres
from load_data import fill
from rich.progress import track
from rich.table import Table

from nas_service.store.engine import make_engine
from nas_service.store.migrate import upgrade

POLL_P99_BAR_MS, RATE, STREAMS = 50.0, 100, 200
LARGE, SMALL = 1000, 100
START_TIMEOUT_S = 60.0
CASES = ("poll", "status", "front", "front as CSV", "list")


@dataclass(frozen=True)
class Plan:
    """How much is stored, and how long each case is measured."""

    searches: int
    seconds: float


QUICK, FULL = Plan(100, 5.0), Plan(1000, 20.0)


@contextmanager
def api(database_url: str) -> Iterator[str]:
    """A process as in production, on a free port; yields its URL."""
    with tempfile.TemporaryDirectory(prefix="nas-benchmark-") as home:
        log = Path(home) / "api.log"
        environment = os.environ | {"NAS_DATABASE_URL": database_url, "NAS_HOME": home, "NAS_PORT": "0"}
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "nas_service.api"], env=environment, stdout=out, stderr=out
            )
        try:
            yield _url_of(process, log)
        finally:
            process.terminate()
            process.wait()


def _url_of(process: "subprocess.Popen[bytes]", log: Path) -> str:
    end_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end_s and process.poll() is None:
        said = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
        for url in (str(line["url"]) for line in said if line.get("event") == "serving"):
            if _answers(url):
                return url
        time.sleep(0.1)
    raise RuntimeError(f"the API did not start:\n{log.read_text()}")


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").is_success
    except httpx.ConnectError:
        return False


def measure(url: str, plan: Plan, case: str, rate: int, streams: int) -> dict[str, Any]:
    """One case, by a process of its own."""
    client = [sys.executable, Path(__file__).with_name("load_client.py"), url, case, plan.seconds, rate, streams]
    command = [str(part) for part in (*client, plan.searches)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{case} failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return {"case": case, "rate": rate, "streams": streams, **found}


def run(new_database: NewDatabase, plan: Plan) -> list[dict[str, Any]]:
    """Every case at the fixed rate without and with streams, then as fast as it goes."""
    database_url = new_database()
    engine = make_engine(database_url)
    upgrade(engine)
    fill(engine, [LARGE, *[SMALL] * plan.searches])
    engine.dispose()
    rounds = [(case, rate, streams) for rate, streams in ((RATE, 0), (RATE, STREAMS), (0, 0)) for case in CASES]
    with api(database_url) as url:
        return [measure(url, plan, *one) for one in track(rounds, description="measuring")]


def percentile(latencies_ms: list[float], share: int) -> float:
    return statistics.quantiles(latencies_ms, n=100, method="inclusive")[share - 1]


def bars(raw: list[dict[str, Any]]) -> list[Bar]:
    return [
        Bar(
            f"ms of 99 % of polls at {RATE}/s beside {found['streams']} streams",
            percentile(found["latencies_ms"], 99),
            POLL_P99_BAR_MS,
            at_most=True,
        )
        for found in raw
        if found["case"] == "poll" and found["rate"]
    ]


def table(raw: list[dict[str, Any]]) -> Table:
    shown = Table(title="One API process: latencies in ms from the time a request was due")
    for column in ("", "asked for", "streams"):
        shown.add_column(column)
    for column in ("requests/s", "p50", "p99", "largest", "kB", "answers"):
        shown.add_column(column, justify="right")
    for found in raw:
        latencies = found["latencies_ms"]
        shown.add_row(
            f"{found['rate']}/s" if found["rate"] else "as fast as it goes",
            found["case"],
            str(found["streams"] or ""),
            f"{found['requests_per_s']:.0f}",
            *(f"{ms:.1f}" for ms in (statistics.median(latencies), percentile(latencies, 99), max(latencies))),
            f"{found['mean_bytes'] / 1e3:.1f}",
            ", ".join(f"{count} x {status}" for status, count in sorted(found["statuses"].items())),
        )
    return shown


def draw(raw: list[dict[str, Any]]) -> Any:
    """Median and 99th percentile of each case at the fixed rate."""
    from matplotlib import pyplot

    shown = [found for found in raw if found["rate"]]
    figure, axis = pyplot.subplots(figsize=(6, 0.35 * len(shown) + 1))
    labels = [f"{found['case']}{', with streams' if found['streams'] else ''}" for found in shown]
    for share, colour in ((99, "#d9822b"), (50, "#5b7fa6")):
        axis.barh(labels, [percentile(f["latencies_ms"], share) for f in shown], color=colour, label=f"p{share}")
    axis.axvline(POLL_P99_BAR_MS, color="#9aa5b1", linewidth=1, linestyle=":")
    axis.set(xscale="log", xlabel=f"ms at {RATE} requests/s")
    axis.xaxis.set_major_formatter("{x:g}")
    axis.invert_yaxis()
    axis.legend(frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    return figure


def main() -> None:
    chosen = options(str(__doc__).splitlines()[0])
    with postgres() as new_database:
        raw = run(new_database, QUICK if chosen.quick else FULL)
    packages = ("fastapi", "uvicorn", "uvloop", "httptools", "sqlalchemy", "psycopg", "aiohttp", "nas-service")
    publish(Findings("load", raw, bars(raw), table(raw), packages), chosen, draw)


if __name__ == "__main__":
    main()
