"""The two ways to remember a search that are compared: the service, and Optuna's own SQL storage."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import optuna
from no_op_workers import claim, finish
from optuna.distributions import CategoricalDistribution
from sqlalchemy import event
from thinking import Stopwatch

import search_spaces
from nas_service.domain.entities import WorkKind
from nas_service.domain.spec import SearchSpec
from nas_service.search import study
from nas_service.search.memories import SqlMemories
from nas_service.search.predictor import PlainProblem
from nas_service.search.samplers import make_sampler
from nas_service.search.schema import create_tables
from nas_service.store.engine import make_engine
from nas_service.store.migrate import upgrade
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases.advance import advance
from nas_service.use_cases.submit import submit

PRESET = "tiny"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one candidate cost in this process: everything, less what the sampler itself thought."""

    wall_ms: float
    cpu_ms: float
    sampler_wall_ms: float
    sampler_cpu_ms: float

    def to_dict(self) -> dict[str, float]:
        return {name: round(value, 3) for name, value in asdict(self).items()}


def spec_for(sampler: str) -> SearchSpec:
    """One candidate in flight: nothing is shared between candidates, so this is the dearest way."""
    return SearchSpec.model_validate(
        {
            "dataset": {"name": "digits"},
            "space": {"name": "mobilenet", "preset": PRESET},
            "objectives": [
                {"metric": "accuracy", "goal": "maximize"},
                {"metric": "latency_ms", "target": 0, "goal": "minimize"},
            ],
            "strategy": {"sampler": sampler},
            "budget": {"candidates": 100_000, "parallelism": 1},
        }
    )


class Peer(ABC):
    """Makes candidates one after another, each with what it cost."""

    def __init__(self) -> None:
        self.costs: list[Cost] = []
        self._thinking = Stopwatch()

    def step(self) -> None:
        """One more candidate."""
        thought_wall_ms, thought_cpu_ms = self._thinking.wall_ms, self._thinking.cpu_ms
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        self.make_candidate()
        wall_ms, cpu_ms = 1e3 * (time.perf_counter() - wall_s), 1e3 * (time.process_time() - cpu_s)
        thought_wall_ms = self._thinking.wall_ms - thought_wall_ms
        thought_cpu_ms = self._thinking.cpu_ms - thought_cpu_ms
        self.costs.append(Cost(wall_ms - thought_wall_ms, cpu_ms - thought_cpu_ms, thought_wall_ms, thought_cpu_ms))

    @abstractmethod
    def make_candidate(self) -> None:
        """From proposal to result."""

    @abstractmethod
    def restart(self) -> None:
        """Read from the database what a fresh process needs to go on."""


class Service(Peer):
    """The service with workers that do nothing: propose, store, hand out, take in an accuracy and a latency, tell."""

    def __init__(self, url: str, sampler: str) -> None:
        super().__init__()
        engine = make_engine(url)
        upgrade(engine)
        create_tables(engine)
        self._store, self._memories = SqlStore(engine), SqlMemories()
        self._search_id = submit(self._store, [], spec_for(sampler))[0].id
        advance(self._store, self._memories, self._search_id)
        self._work(WorkKind.PREPARE)

    def make_candidate(self) -> None:
        with self._sampler_timed():
            self.advance()
            self._work(WorkKind.EVALUATE)
            self.advance()
            self._work(WorkKind.PROFILE)

    def advance(self) -> None:
        """Decide what comes next."""
        advance(self._store, self._memories, self._search_id)

    def restart(self) -> None:
        with self._store.read() as uow:
            SqlMemories().of(uow, uow.searches.get(self._search_id))

    def _work(self, kind: WorkKind) -> None:
        item = claim(self._store)
        if item is None or item.kind is not kind or not finish(self._store, item):
            raise RuntimeError(f"expected a work item to {kind} and got {item}")

    @contextmanager
    def _sampler_timed(self) -> Iterator[None]:
        study.make_sampler = lambda *of: self._thinking.put_on(make_sampler(*of))
        try:
            yield
        finally:
            study.make_sampler = make_sampler


class StockOptuna(Peer):
    """`RDBStorage`: ask, suggest every choice, tell."""

    def __init__(self, url: str, sampler: str) -> None:
        super().__init__()
        self._url, self._spec = url, spec_for(sampler)
        self._choices = search_spaces.get("mobilenet", preset=PRESET).choices
        self._problem = PlainProblem({c.name: CategoricalDistribution(c.options) for c in self._choices})
        self._name = f"stock-{sampler}"
        self._study = optuna.create_study(
            storage=self._storage(),
            study_name=self._name,
            directions=["maximize" if o.maximize else "minimize" for o in self._spec.objectives],
            sampler=self._thinking.put_on(make_sampler(self._spec, 0, self._problem)),
        )

    def _storage(self) -> optuna.storages.RDBStorage:
        storage = optuna.storages.RDBStorage(self._url)
        if storage.engine.dialect.name == "sqlite":
            # As the service has it; the journal mode is the file's own.
            event.listen(storage.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=NORMAL"))
            storage.engine.dispose()
        return storage

    def make_candidate(self) -> None:
        trial = self._study.ask()
        for choice in self._choices:
            trial.suggest_categorical(choice.name, choice.options)
        self._study.tell(trial, [1 / (1 + trial.number), float(trial.number)])

    def restart(self) -> None:
        sampler = make_sampler(self._spec, 0, self._problem)
        found = optuna.load_study(study_name=self._name, storage=self._storage(), sampler=sampler)
        found.get_trials(deepcopy=False)


def milliseconds(action: Callable[[], Any], repeats: int) -> list[dict[str, float]]:
    """Wall and CPU time of each of `repeats` calls."""
    found = []
    for _ in range(repeats):
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        action()
        wall_ms, cpu_ms = 1e3 * (time.perf_counter() - wall_s), 1e3 * (time.process_time() - cpu_s)
        found.append({"wall_ms": round(wall_ms, 3), "cpu_ms": round(cpu_ms, 3)})
    return found
