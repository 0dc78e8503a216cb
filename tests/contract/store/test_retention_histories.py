"""Random histories of storing, referring, letting go, waiting and collecting: no referenced file is ever lost."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from nas_service.bootstrap import Service
from nas_service.domain.entities import Artifact, Candidate, Evaluation, new_id
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus
from nas_service.store import tables
from nas_service.use_cases.collect import collect, collect_all
from nas_service.use_cases.submit import submit
from tests.support.api import new_service

NOW = datetime.now(UTC)
GRACE_S = 1000.0
CONTENTS = (b"one", b"two", b"three")
HOLDERS = 3


@dataclass
class History:
    """The service, and who should be holding what."""

    service: Service
    folder: Path
    stored: dict[int, Artifact] = field(default_factory=dict)
    """Contents stored lately enough to be referred to."""
    linked: dict[int, set[str]] = field(default_factory=lambda: {holder: set() for holder in range(HOLDERS)})
    evaluated: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        search, _ = submit(self.service.store, [], SearchSpec.model_validate({"dataset": {"name": "digits"}}))
        with self.service.store.write() as uow:
            for holder in range(HOLDERS):
                status = CandidateStatus.EVALUATED
                identity = (f"candidate-{holder}", search.id, holder, status, str(holder))
                uow.candidates.add(Candidate(*identity, {}, holder, {}, NOW))

    @property
    def referenced(self) -> set[str]:
        """What must be there."""
        return set().union(*self.linked.values(), self.evaluated.values())

    def put(self, content: int, _holder: int) -> None:
        path = self.folder / "source"
        path.write_bytes(CONTENTS[content])
        self.stored[content] = self.service.artifacts.put(path, "text/plain")

    def link(self, content: int, holder: int) -> None:
        if content in self.stored:
            artifact = self.stored[content]
            with self.service.store.write() as uow:
                uow.evidence.link_artifact(f"candidate-{holder}", str(content), artifact.sha256)
            self.linked[holder].add(artifact.sha256)

    def evaluate(self, content: int, holder: int) -> None:
        """By a key of its content: a later candidate may find it again, with files or without."""
        if content not in self.stored:
            return
        artifact, candidate_id = self.stored[content], f"candidate-{holder}"
        evaluation = Evaluation(new_id("evaluation"), str(content), 0.5, {}, {}, NOW)
        with self.service.store.write() as uow:
            found = uow.evidence.add_evaluation(evaluation, {"model.onnx": artifact})
            uow.candidates.update(candidate_id, evaluation_id=found.id, collected_at=None)
        self.evaluated[holder] = artifact.sha256

    def give_up(self, _content: int, holder: int) -> None:
        with self.service.store.write() as uow:
            uow.candidates.update(f"candidate-{holder}", collected_at=NOW)
        self.evaluated.pop(holder, None)

    def delete(self, _content: int, holder: int) -> None:
        own = tables.candidate_artifacts
        with self.service.store.write() as uow:
            uow.connection.execute(own.delete().where(own.c.candidate_id == f"candidate-{holder}"))
        self.linked[holder].clear()

    def wait(self, _content: int, _holder: int) -> None:
        """Longer than the grace period: who stored something without referring to it has lost it."""
        aged = tables.artifacts.c.touched_at_s - 2 * GRACE_S
        with self.service.store.write() as uow:
            uow.connection.execute(tables.artifacts.update().values(touched_at_s=aged))
        self.stored.clear()

    def collect(self, _content: int, _holder: int) -> None:
        collect(self.service.store, self.service.files, GRACE_S)

    def check(self) -> None:
        """Every referenced file can be read, and everybody finds theirs."""
        for sha256 in self.referenced:
            self.service.artifacts.open_path(sha256)
        with self.service.store.read() as uow:
            for holder in range(HOLDERS):
                found = {artifact.sha256 for artifact in uow.evidence.artifacts_of(f"candidate-{holder}").values()}
                assert found >= self.linked[holder]
                assert self.evaluated.get(holder) in {None, *found}


Step = tuple[Callable[[History, int, int], None], int, int]

STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.sampled_from(
            [
                History.put,
                History.link,
                History.evaluate,
                History.give_up,
                History.delete,
                History.wait,
                History.collect,
            ]
        ),
        st.integers(0, len(CONTENTS) - 1),
        st.integers(0, HOLDERS - 1),
    ),
    max_size=25,
)


@given(steps=STEPS)
@settings(max_examples=60)
def test_no_history_loses_a_referenced_file_or_keeps_another(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder, new_service(Path(folder, "home")) as service:
        history = History(service, Path(folder))
        for step, content, holder in steps:
            step(history, content, holder)
            history.check()
        history.wait(0, 0)
        collect_all(service.store, service.files, GRACE_S)
        history.check()
        assert {file.name[3:] for file in service.files.list()} == history.referenced
