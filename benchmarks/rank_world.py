"""What all trainings of `rank_agreement.py` share: data, space, the architectures that were drawn, and the time."""

import json
import time
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from nas_service.domain.spec import DatasetSpec
from search_spaces import Architecture, NetworkInput, SearchSpace, get
from workers.data import DataSet, load_dataset
from workers.training import RunSettings

DRAW_SEED = 11
DRAWN = 4000
"""Architectures among which the spread ones are looked for."""


@dataclass(frozen=True)
class World:
    """What all jobs share."""

    data: str
    """`digits`, or an .npz file."""
    space_name: str
    choices: str
    """JSON."""
    count: int
    """Architectures."""
    device: str
    cache: str
    """Folder of compiled kernels and unfinished supernets; empty: nothing is kept."""
    began: float
    """When this run began, in seconds since 1970."""
    limit_s: float

    def left_s(self, share: float = 1.0) -> float:
        """Seconds until this share of the time limit is over."""
        return self.began + share * self.limit_s - time.time()

    @property
    def run(self) -> RunSettings:
        return RunSettings(device=self.device, cache_dir=Path(self.cache) if self.cache else None)

    def identity(self) -> list[str]:
        """Of what is trained; not of where."""
        return [Path(self.data).name, self.space_name, self.choices]


@lru_cache(maxsize=1)
def loaded(world: World) -> tuple[DataSet, SearchSpace, NetworkInput]:
    """Once a process."""
    path = Path(world.data).resolve()
    name, roots = ("digits", []) if world.data == "digits" else (f"npz:{path}", [path.parent])
    data = load_dataset(DatasetSpec(name=name), roots)
    space = get(world.space_name, choices=json.loads(world.choices), image_size=max(data.height, data.width))
    return data, space, NetworkInput(data.channels, len(data.classes))


@lru_cache(maxsize=1)
def drawn(world: World) -> dict[str, list[Architecture]]:
    """Different architectures by how they were drawn."""
    _, space, shape = loaded(world)
    rng, few = np.random.default_rng(DRAW_SEED), world.count // 2
    uniform = list({a.key: a for a in space.sample(rng, 4 * world.count)}.values())[: world.count - few]
    taken = {a.key: a for a in uniform}
    rows = space.canonical_indices(
        rng.integers(0, [len(c.options) for c in space.choices], (DRAWN, len(space.choices)))
    )
    macs = np.log(space.cost(rows, shape).macs)
    marks = np.linspace(*np.quantile(macs, [0.005, 0.995]), few + 1)
    for low, high in pairwise(marks):
        nearest = np.abs(macs - rng.uniform(low, high)).argsort()
        found = (space.from_indices(rows[[place]])[0] for place in nearest)
        new = next(a for a in found if a.key not in taken)
        taken[new.key] = new
    return {"uniform": uniform, "spread": list(taken.values())[len(uniform) :]}


def architecture(world: World, key: str) -> Architecture:
    """One of those drawn."""
    return next(a for part in drawn(world).values() for a in part if a.key == key)
