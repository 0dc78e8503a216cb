"""What the fronts of `time_to_front.py` are worth: every network on them trained, timed and scored in the same way.

Accuracies of searches are of different trainings, and their latencies of different hours. So all networks that were on
any front at any mark are built by the peer's code, trained by one recipe, timed in turns, and scored on images that no
side was given.
"""

import importlib.util
import json
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from front_cores import Cores, pinned

from nas_service.domain.front import non_dominated, spread

MAXIMIZE = (True, False)
MOST_MEMBERS = 8
"""Of a front at one mark, spread over it: the same for all sides."""
TIMINGS = 7
"""Of each network, with all others in between; the least counts."""
SEED = 1000
"""Of the trainings for the judgement: with a side's seed they would repeat the luck by which it chose."""
MARKS_A_DECADE = 10
FIRST_MARK_S = 10.0


@dataclass(frozen=True)
class Recipe:
    """How every network is trained for the last judgement."""

    data: Path
    """`x`, `y` to train on, `x_score`, `y_score` that no side has seen."""
    peer: Path
    epochs: int


def marks(minutes: float) -> list[float]:
    """Seconds at which fronts are looked at: evenly spaced on a logarithmic scale, the last one at the end."""
    last_s = 60 * minutes
    count = max(2, round(MARKS_A_DECADE * np.log10(last_s / FIRST_MARK_S)) + 1)
    return [float(at) for at in np.geomspace(FIRST_MARK_S, last_s, count)]


def fronts(candidates: Sequence[dict[str, Any]], at_s: Sequence[float], within_ms: float) -> list[list[str]]:
    """At each time the names of the networks on the front by the side's own figures, at most MOST_MEMBERS."""
    found = []
    for limit_s in at_s:
        known = [c for c in candidates if c["t_s"] <= limit_s and c["latency_ms"] < within_ms]
        points = [(c["accuracy"], c["latency_ms"]) for c in known]
        members = non_dominated(points, MAXIMIZE)
        chosen = spread([points[i] for i in members], MOST_MEMBERS)
        found.append([name_of(known[members[i]]["arch"]) for i in chosen])
    return found


def name_of(arch: dict[str, Any]) -> str:
    """The same for all descriptions of one network: without the choices of blocks that it does not have."""
    kept = {key: value for key, value in arch.items() if not _is_idle(key, arch)}
    return json.dumps(kept, sort_keys=True)


def _is_idle(key: str, arch: dict[str, Any]) -> bool:
    return key[0] in "ke" and len(key) == 3 and int(key[2]) >= arch[f"d{key[1]}"]


class Scores:
    """Accuracies of networks that were trained by the recipe, each in a process on a core of its own.

    What is in `notes` already is not trained again.
    """

    def __init__(self, recipe: Recipe, cores: Cores, notes: Path) -> None:
        self._recipe, self._cores, self._notes = recipe, cores, notes
        known = (note for note in _read(notes) if note["epochs"] == recipe.epochs)
        self._found = {note["name"]: note["accuracy"] for note in known}
        self._waiting: dict[str, Future[float]] = {}
        self._threads = ThreadPoolExecutor(cores.count)
        self._processes = ProcessPoolExecutor(cores.count, mp_context=get_context("spawn"))
        self._lock = threading.Lock()

    def want(self, names: Iterable[str]) -> None:
        """Have them trained as soon as there is a core; those that are known or wanted already are not."""
        with self._lock:
            for name in dict.fromkeys(names):
                if name not in self._found and name not in self._waiting:
                    self._waiting[name] = self._threads.submit(self._train, name)

    def of(self, names: Sequence[str]) -> dict[str, float]:
        """Once they are all trained."""
        self.want(names)
        for name in names:
            if name not in self._found:
                self._found[name] = self._waiting[name].result()
        return {name: self._found[name] for name in names}

    def close(self) -> None:
        """Let go of the processes."""
        self._threads.shutdown(cancel_futures=True)
        self._processes.shutdown()

    def _train(self, name: str) -> float:
        with self._cores.taken(1) as (core,):
            accuracy = self._processes.submit(_trained, name, self._recipe, core).result()
        note = {"name": name, "epochs": self._recipe.epochs, "accuracy": accuracy}
        with self._lock, self._notes.open("a") as out:
            out.write(json.dumps(note) + "\n")
        return accuracy


def _read(notes: Path) -> Iterator[dict[str, Any]]:
    if notes.exists():
        yield from map(json.loads, notes.read_text().splitlines())


def _trained(name: str, recipe: Recipe, core: int) -> float:
    """Trained and scored in this process on this core. The seed is the same for all networks, and no side's own."""
    import torch

    os.sched_setaffinity(0, {core})
    torch.set_num_threads(1)
    peer, data = load_peer(recipe.peer), _data(recipe)
    torch.manual_seed(SEED)
    network = peer.train(peer.Net(_complete(name, peer), True), data[0], recipe.epochs, SEED, True)
    return float(peer.accuracy(network, data[1]))


@lru_cache(maxsize=1)
def _data(recipe: Recipe) -> Any:
    import torch

    arrays = np.load(recipe.data)

    def part(suffix: str) -> Any:
        images = torch.from_numpy(arrays["x" + suffix]).float().div(255)[:, None]
        pad = (32 - images.shape[-1]) // 2
        images = torch.nn.functional.pad(images, (pad,) * 4)
        return (images - 0.13) / 0.31, torch.from_numpy(arrays["y" + suffix])

    return part(""), part("_score")


def latencies_ms(names: Sequence[str], peer_path: Path, core: int) -> dict[str, float]:
    """Of each network as the peer times them, on one core; nothing else should run."""
    with pinned({core}):
        peer = load_peer(peer_path)
        sessions = {name: peer.to_ort(peer.Net(_complete(name, peer))) for name in names}
        taken = [{name: peer.latency(session) for name, session in sessions.items()} for _ in range(TIMINGS)]
    return {name: min(timing[name] for timing in taken) for name in names}


@lru_cache(maxsize=1)
def load_peer(path: Path) -> ModuleType:
    """The peer's script as a module. Raises FileNotFoundError."""
    spec = importlib.util.spec_from_file_location("peer", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _complete(name: str, peer: ModuleType) -> dict[str, Any]:
    """With some option for the blocks that do not exist, which the peer's code looks up and ignores."""
    return {key: options[0] for key, options in peer.SPACE.items()} | json.loads(name)


def volume(points: Sequence[tuple[float, float]], reference: tuple[float, float]) -> float:
    """Hypervolume of (accuracy, latency in ms) as the peer counts it: the share of the box from the reference on."""
    latency_ms, accuracy = reference
    gains = sorted(
        ((1 - at_ms / latency_ms, (found - accuracy) / (1 - accuracy)) for found, at_ms in points), reverse=True
    )
    covered = best = 0.0
    for by_latency, by_accuracy in gains:
        if by_latency > 0 and by_accuracy > best:
            covered += by_latency * (by_accuracy - best)
            best = by_accuracy
    return covered
