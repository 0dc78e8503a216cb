"""Optuna's tables on SQLite and on Postgres, and small searches that run on them."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from sqlalchemy import Connection, Engine, NullPool

from nas_service.domain.outcome import Draft, Outcome, OutcomeState
from nas_service.domain.spec import DatasetSpec, SearchSpec
from nas_service.search.create import create_study
from nas_service.search.predictor import PlainProblem
from nas_service.search.study import StudyMemory
from nas_service.store.engine import for_writing, make_engine
from search_spaces import Choice
from tests.support.migrated import give_tables

CHOICES = (
    Choice("kernel", (3, 5, 7)),
    Choice("block", ("separable", "inverted", "fused")),
    Choice("squeeze", (False, True)),
    Choice("width", (0.25, 0.5, 1.0)),
    Choice("depth", (1, 2, 3, 4)),
    Choice("resolution", (32,)),
)


def plain(choices: Sequence[Choice]) -> PlainProblem:
    """The choices as a problem without conditions."""
    return PlainProblem({choice.name: CategoricalDistribution(choice.options) for choice in choices})


def score(draft: Draft) -> tuple[float, float]:
    """Two objectives in conflict, from the values alone: more of everything is more accurate and slower."""
    options = [list(c.options).index(draft.values[c.name]) / len(c.options) for c in CHOICES if c.name in draft.values]
    return sum(options), sum(option**2 for option in options)


@dataclass
class StudyUnderTest:
    """One study in a real database, whose memory can be lost and loaded again."""

    engine: Engine
    spec: SearchSpec
    name: str = "search-under-test"
    choices: tuple[Choice, ...] = CHOICES

    def __post_init__(self) -> None:
        with self.transaction() as connection:
            create_study(connection, self.name, self.spec.objectives)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Committed when the block ends, rolled back when it raises."""
        with for_writing(self.engine.connect()) as connection, connection.begin():
            yield connection

    def load(self) -> StudyMemory:
        """What a new process would remember."""
        with self.transaction() as connection:
            return StudyMemory.load(connection, self.name, plain(self.choices), self.spec)

    def catch_up(self, memory: StudyMemory) -> None:
        """As at the beginning of each transaction."""
        with self.transaction() as connection:
            memory.catch_up(connection)

    def record(self, memory: StudyMemory, draft: Draft, number: int) -> int:
        """In a transaction of its own."""
        with self.transaction() as connection:
            return memory.record(connection, draft, number, {"architecture_key": f"key-{number}"})

    def tell(self, memory: StudyMemory, trial_id: int, outcome: Outcome) -> None:
        """In a transaction of its own."""
        with self.transaction() as connection:
            memory.tell(connection, trial_id, outcome)

    def run(self, memory: StudyMemory, numbers: Sequence[int], in_flight: int = 3) -> list[dict[str, Any]]:
        """Record a candidate for each number and tell them out of order; returns what was proposed."""
        rng, waiting, proposed = random.Random(numbers[0]), [], []
        for number in numbers:
            draft = memory.propose()
            proposed.append(dict(draft.values))
            waiting.append((self.record(memory, draft, number), draft))
            if len(waiting) == in_flight:
                self.tell_complete(memory, *waiting.pop(rng.randrange(in_flight)))
        for trial_id, draft in waiting:
            self.tell_complete(memory, trial_id, draft)
        return proposed

    def tell_complete(self, memory: StudyMemory, trial_id: int, draft: Draft) -> None:
        """Tell the score of the draft, which breaks the constraints (if the spec has any) by half of nothing."""
        violations = tuple(-0.5 for _ in self.spec.constraints)
        self.tell(memory, trial_id, Outcome(OutcomeState.COMPLETE, score(draft), violations))

    def stock(self) -> optuna.Study:
        """The study as anyone with Optuna and the database's URL reads it."""
        url = self.engine.url.render_as_string(hide_password=False)
        storage = optuna.storages.RDBStorage(url, engine_kwargs={"poolclass": NullPool})
        return optuna.load_study(study_name=self.name, storage=storage)


def make_spec(sampler: str = "random", **fields: Any) -> SearchSpec:
    """A spec with the sampler; accuracy and latency as objectives unless `fields` say otherwise."""
    strategy = {"sampler": sampler, "population_size": 6}
    return SearchSpec.model_validate({"dataset": DatasetSpec(name="digits"), "strategy": strategy, **fields})


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without any table."""
    url = f"sqlite:///{tmp_path}/nas.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    engine = make_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(empty_engine: Engine) -> Engine:
    """A database with all tables, Optuna's among them."""
    give_tables(empty_engine)
    return empty_engine
