"""What devices that wait for work cost: 50 agents on one API process over a Postgres of its own, with nothing to time.

An agent is the requests that it makes; only what the API process spends is counted, and transactions by Postgres.
"""

import asyncio
import time
from importlib.metadata import version
from typing import Any

import aiohttp
import psutil
from common import Bar, Findings, options, publish
from databases import NewDatabase, postgres
from load import api
from rich.table import Table
from sqlalchemy import Engine, text

from nas_service.store.engine import make_engine
from nas_service.store.migrate import upgrade
from nas_service.wire.agents import VERSION_HEADER, AgentHello, DeviceReport
from workers.agent.agent import WAIT_S
from workers.profiling.device import describe

AGENTS = 50
CPU_BAR = 0.25
"""Of one core."""
WARM_UP_S = 3.0
TRANSACTIONS = text("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()")


async def wait_as_agents(url: str) -> None:
    """Until cancelled: every agent says who it is and asks for work, again and again."""
    description = describe("local")
    headers = {VERSION_HEADER: version("nas-service")}

    async def agent(session: aiohttp.ClientSession, number: int) -> None:
        device = DeviceReport.model_validate(description | {"name": f"device-{number}"})
        hello = AgentHello(device=device, host="host", pid=number, versions={})
        async with session.post("/v1/agent/workers", json=hello.model_dump(mode="json")) as answer:
            worker_id = (await answer.json())["worker_id"]
        while True:
            wanted = {"worker_id": worker_id, "wait_s": WAIT_S}
            async with session.post("/v1/agent/leases", json=wanted) as answer:
                assert answer.status == 204, await answer.text()

    connections = aiohttp.TCPConnector(limit=AGENTS)
    async with aiohttp.ClientSession(url, headers=headers, connector=connections) as session:
        await asyncio.gather(*(agent(session, number) for number in range(AGENTS)))


def measure(url: str, engine: Engine, seconds: float) -> dict[str, float]:
    """Cost of the agents that wait at `url` now, a second."""
    [process] = [child for child in psutil.Process().children() if "nas_service.api" in child.cmdline()]

    def taken() -> tuple[float, float, int]:
        spent = process.cpu_times()
        with engine.connect() as connection:
            return time.perf_counter(), spent.user + spent.system, int(connection.scalar(TRANSACTIONS) or 0)

    time.sleep(WARM_UP_S)
    before = taken()
    time.sleep(seconds)
    after = taken()
    elapsed_s, cpu_s, transactions = (now - then for now, then in zip(after, before, strict=True))
    return {"cpu_ratio": cpu_s / elapsed_s, "transactions_per_s": transactions / elapsed_s, "elapsed_s": elapsed_s}


async def measure_both(url: str, engine: Engine, seconds: float) -> dict[str, dict[str, float]]:
    """Without agents, and with them."""
    found = {"0": await asyncio.to_thread(measure, url, engine, seconds)}
    agents = asyncio.create_task(wait_as_agents(url))
    found[str(AGENTS)] = await asyncio.to_thread(measure, url, engine, seconds)
    if agents.done():
        await agents  # tells why they ended
    agents.cancel()
    return found


def run(new_database: NewDatabase, seconds: float) -> dict[str, dict[str, float]]:
    """The same process without and with agents."""
    database_url = new_database()
    engine = make_engine(database_url)
    upgrade(engine)
    with api(database_url) as url:
        found = asyncio.run(measure_both(url, engine, seconds))
    engine.dispose()
    return found


def table(raw: dict[str, dict[str, float]]) -> Table:
    shown = Table("agents waiting", "share of a core", "transactions a second")
    for agents, cost in raw.items():
        shown.add_row(agents, f"{cost['cpu_ratio']:.3f}", f"{cost['transactions_per_s']:.1f}")
    return shown


def draw(raw: dict[str, dict[str, float]]) -> Any:
    """One bar for each number of agents."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 2.5))
    axes.barh(list(raw), [100 * cost["cpu_ratio"] for cost in raw.values()])
    axes.set(xlabel="% of one core (API process)", ylabel="agents waiting")
    return figure


def main() -> None:
    chosen = options(str(__doc__).splitlines()[0])
    with postgres() as new_database:
        raw = run(new_database, 10.0 if chosen.quick else 30.0)
    bars = [Bar("share of a core for 50 waiting agents", raw[str(AGENTS)]["cpu_ratio"], CPU_BAR, at_most=True)]
    packages = ("fastapi", "uvicorn", "sqlalchemy", "psycopg", "nas-service")
    publish(Findings("idle_agents", raw, bars, table(raw), packages), chosen, draw)


if __name__ == "__main__":
    main()
