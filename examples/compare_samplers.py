"""Several searches at once: which sampler does best with a small budget? Start `nas up` first.

python examples/compare_samplers.py [URL]
"""

import asyncio
import sys

from nas_service.client import AsyncClient, AsyncSearch

SAMPLERS = ("random", "nsga2")
SPEC = {"dataset": {"name": "digits"}, "budget": {"candidates": 4}, "training": {"epochs": 3}}


async def search(client: AsyncClient, sampler: str) -> AsyncSearch:
    """A finished search with this sampler."""
    spec = SPEC | {"name": f"digits by {sampler}", "strategy": {"sampler": sampler, "population_size": 4}}
    started = await client.submit(spec)
    return await started.wait(progress=False)


async def main(url: str) -> None:
    """Print how much of its box each front dominates."""
    async with AsyncClient(url) as client:
        for ended in await asyncio.gather(*(search(client, sampler) for sampler in SAMPLERS)):
            front = await ended.front()
            print(f"{ended.name}: {len(front)} networks, hypervolume {front.hypervolume_ratio:.3f}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8321"))
