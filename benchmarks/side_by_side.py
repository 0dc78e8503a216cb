"""Work of a benchmark in several processes, each on a core of its own."""

import multiprocessing
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any

import torch
from rich.progress import track

Case = tuple[Any, ...]


def add_options(parser: ArgumentParser) -> ArgumentParser:
    """`jobs`, `cores` and `device`."""
    usable = sorted(os.sched_getaffinity(0))
    parser.add_argument("--jobs", type=int, default=1, help="how much is done side by side (default 1)")
    parser.add_argument("--cores", type=int, nargs="+", default=usable, help="to run on, one a job")
    devices = ("auto", "cpu", "cuda")
    parser.add_argument("--device", choices=devices, default="auto", help="that trains; auto: a GPU, if there is any")
    return parser


def _on_a_core(cores: Any, device: str) -> None:
    os.sched_setaffinity(0, {cores.get()})
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    elif device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("there is no GPU here; leave out --device")


@contextmanager
def processes(chosen: Namespace) -> Iterator[ProcessPoolExecutor]:
    """`--jobs` of them. Those that shall not train on a GPU see none."""
    if chosen.jobs > len(chosen.cores):
        raise SystemExit(f"--jobs {chosen.jobs} needs as many --cores, not {len(chosen.cores)}")
    spawn = multiprocessing.get_context("spawn")
    cores = spawn.Queue()
    for core in chosen.cores[: chosen.jobs]:
        cores.put(core)
    with ProcessPoolExecutor(chosen.jobs, spawn, initializer=_on_a_core, initargs=(cores, chosen.device)) as pool:
        yield pool


def as_they_end(
    pool: ProcessPoolExecutor, function: Callable[..., Any], cases: Sequence[Case], what: str
) -> Iterator[Any]:
    """What the function gives for each case, the first that ends first."""
    waiting = [pool.submit(function, *case) for case in cases]
    for done in track(as_completed(waiting), description=what, total=len(cases)):
        yield done.result()


def all_of(pool: ProcessPoolExecutor, function: Callable[..., Any], cases: Sequence[Case], what: str) -> list[Any]:
    """What the function gives for each case, in their order."""
    waiting = [pool.submit(function, *case) for case in cases]
    for done in track(as_completed(waiting), description=what, total=len(cases)):
        done.result()
    return [each.result() for each in waiting]
