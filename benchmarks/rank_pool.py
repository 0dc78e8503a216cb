"""Does the jobs of `rank_agreement.py` in processes side by side: what is known is told, the rest is done."""

import faulthandler
import json
import multiprocessing
import signal
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from rank_jobs import Job
from rank_world import World


def results(world: World, jobs: Sequence[Job], processes: int, kept: Path | None) -> dict[str, Any]:
    """By name, as far as the time allows; each is written to `kept` as it comes. A failure is printed and left out."""
    files = {job.name: kept / f"{_digest(world)}-{job.name}.json" for job in jobs} if kept else {}
    known = {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()}
    missing = [job for job in jobs if job.name not in known or not _is_whole(known[job.name])]
    for count, (name, result, failure) in enumerate(_done(world, missing, processes), 1):
        print(f"{world.limit_s - world.left_s():6.0f} s  {count} of {len(missing)}: {name} {failure}", flush=True)
        if not failure:
            known[name] = result
            if name in files:
                files[name].write_text(json.dumps(result))
    return known


def _is_whole(result: Any) -> bool:
    """Whether it is not that of a supernet which time cut short."""
    return not isinstance(result, dict) or result["epochs"] == result["of_epochs"]


def _done(world: World, jobs: Sequence[Job], processes: int) -> Iterator[tuple[str, Any, str]]:
    """Name, result and failure of each job as it ends, until the time is over: what still runs then is ended."""
    with multiprocessing.get_context("spawn").Pool(processes, initializer=_begin) as pool:
        ended = pool.imap_unordered(_do, [(world, job) for job in jobs])
        with suppress(multiprocessing.TimeoutError):
            for _ in jobs:
                yield ended.next(timeout=max(0.1, world.left_s()))


def _begin() -> None:
    """In each process; what is cut off when the time is over says where it was."""
    torch.set_num_threads(1)
    faulthandler.register(signal.SIGTERM, chain=True)


def _do(task: tuple[World, Job]) -> tuple[str, Any, str]:
    world, job = task
    print(f"{world.limit_s - world.left_s():6.0f} s  {job.name} begins", flush=True)
    try:
        return job.name, job.do(world), ""
    except Exception:  # one job's failure must not end the others'
        return job.name, None, traceback.format_exc()


def _digest(world: World) -> str:
    return sha256(json.dumps(world.identity()).encode()).hexdigest()[:8]
