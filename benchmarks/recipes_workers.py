"""Processes that do the cells of `recipes.py`, each on a core of its own, until all is done or time is up."""

import multiprocessing
import os
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any

from recipes_cell import Cell

from workers.environment import TRAINING_ENVIRONMENT

Result = dict[str, Any]


def serve(connection: Connection, core: int) -> None:
    """What a process does: cells as they come, an error as a result that says so, until nobody is there to ask."""
    import torch
    from recipes_cell import Work

    os.sched_setaffinity(0, {core})
    torch.set_num_threads(1)
    while (cell := _received(connection)) is not None:
        try:
            result = Work(cell).result()
        except Exception:  # whatever it is, the other cells go on
            result = {"error": traceback.format_exc(limit=-3)}
        connection.send(result)


def _received(connection: Connection) -> Cell | None:
    try:
        cell: Cell = connection.recv()
    except EOFError:
        return None
    return cell


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Of processes that are started meanwhile."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Worker:
    """One process."""

    def __init__(self, core: int) -> None:
        self.core = core
        self.cell: Cell | None = None
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=serve, args=(other, self.core), daemon=True)
        with _environment(**TRAINING_ENVIRONMENT, OMP_NUM_THREADS="1"):
            self.process.start()
        other.close()

    def give(self, cell: Cell) -> None:
        self.cell = cell
        self.connection.send(cell)

    def take(self) -> tuple[Cell, Result]:
        """What came of its cell; a process that died is started anew."""
        assert self.cell is not None
        cell, self.cell = self.cell, None
        try:
            return cell, dict(self.connection.recv())
        except EOFError:
            self.process.join()
            exitcode = self.process.exitcode
            self._start()
            return cell, {"error": f"its process died ({exitcode})"}

    def end(self) -> None:
        """At once, whatever it does."""
        self.connection.close()
        if self.cell is not None:
            self.process.kill()
        self.process.join()


def run(cells: list[Cell], cores: list[int], until_s: float, keep: Callable[[Cell, Result], None]) -> None:
    """Cells in order, but none before what it needs is kept, which must be among them or be there already.

    `keep` gets each result at once. What is not done at `until_s` (of the monotonic clock) is given up.
    """
    waiting, missing = list(cells), {(cell.data, cell.row, cell.seed) for cell in cells}
    workers = [Worker(core) for core in cores[: len(cells)]]
    try:
        while missing:
            for worker in workers:
                ready = (c for c in waiting if not any((c.data, *need) in missing for need in c.needs))
                if worker.cell is None and (cell := next(ready, None)) is not None:
                    waiting.remove(cell)
                    worker.give(cell)
            busy = {worker.connection: worker for worker in workers if worker.cell is not None}
            done = wait(list(busy), timeout=max(0.0, until_s - time.monotonic()))
            if not done:
                return
            for connection in done:
                cell, result = busy[connection].take()  # type: ignore[index]
                missing.remove((cell.data, cell.row, cell.seed))
                keep(cell, result)
    finally:
        for worker in workers:
            worker.end()
