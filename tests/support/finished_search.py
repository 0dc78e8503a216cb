"""A search with candidates as if it had run: real networks with their real costs, and made-up but plausible results."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

import search_spaces
from nas_service.domain.entities import (
    Artifact,
    Candidate,
    DatasetFacts,
    Evaluation,
    Export,
    Failure,
    Search,
    SpaceFacts,
    WorkKind,
    new_id,
)
from nas_service.domain.estimates import wilson
from nas_service.domain.formats import ModelFormat
from nas_service.domain.spec import ConstraintSpec, DatasetSpec, Metric, SearchSpec, TargetSpec
from nas_service.domain.states import CandidateStatus, SearchStatus, WorkStatus
from nas_service.store.tables import work_items
from nas_service.store.unit_of_work import SqlStore, SqlUnitOfWork
from nas_service.use_cases.space import computable_metrics, space_of
from tests.support.values import NOW, a_candidate, a_search, an_item

FACTS = DatasetFacts("f" * 64, tuple("0123456789"), 1, 8, 8, {})
EPOCHS, VALIDATION = 4, 269
LIMIT_MS = 0.5
"""The constraint on the latency."""
FAILED_EVERY = 9
"""Of the evaluations every ninth fails at its second attempt."""


def seed(store: SqlStore, count: int, *, traced: int = 40, **changes: Any) -> Search:
    """Store a search with `count` candidates that have all metrics; those that are slow break its constraint.

    The first `traced` have evaluations and work besides.
    """
    prepared = _search()
    search = replace(prepared, **changes)
    architectures = _distinct(prepared, count)
    costs = computable_metrics(prepared, architectures)
    rng = np.random.default_rng(0)
    with store.write() as uow:
        uow.searches.add(search, "digest")
        uow.events.append(search.id, "search.submitted", {"name": search.name})
        uow.events.append(search.id, "search.phase", {"phase": "search"})
        for number, (architecture, cost) in enumerate(zip(architectures, costs, strict=True)):
            metrics = _metrics(cost, rng)
            excess = {key: metrics[key] - LIMIT_MS for key in ("latency_ms@0",) if metrics[key] > LIMIT_MS}
            candidate = a_candidate(
                search,
                number,
                status=CandidateStatus.INFEASIBLE if excess else CandidateStatus.COMPLETED,
                violations=excess,
                architecture=dict(architecture.values),
                architecture_key=architecture.key,
                metrics=metrics,
                proposed_at=NOW + timedelta(seconds=number),
                finished_at=NOW + timedelta(seconds=number + 2),
            )
            if number < traced:
                candidate = _evaluated(uow, candidate)
            uow.candidates.add(candidate)
            if number < traced:
                _work(uow, search, candidate)
    return search


def _search() -> Search:
    space = search_spaces.get("mobilenet", preset="tiny")
    spec = SearchSpec(
        dataset=DatasetSpec(name="digits"),
        targets=(TargetSpec(), TargetSpec(threads=2)),
        constraints=(ConstraintSpec(metric=Metric.LATENCY_MS, max=LIMIT_MS),),
    )
    facts = SpaceFacts("mobilenet", "tiny", {}, str(space.size()))
    return a_search(name="digits, seeded", spec=spec, space=facts, dataset=FACTS, status=SearchStatus.RUNNING)


def _distinct(search: Search, count: int) -> list[search_spaces.Architecture]:
    drawn = space_of(search).sample(np.random.default_rng(0), 2 * count + 20)
    return list({architecture.key: architecture for architecture in drawn}.values())[:count]


def _metrics(cost: dict[str, float], rng: np.random.Generator) -> dict[str, float]:
    latency = 0.02 + cost["macs"] / 8e6 * rng.uniform(0.7, 1.4)
    accuracy = 1 - 0.6 * np.exp(-((cost["params"] / 4000) ** 0.6)) * rng.uniform(0.6, 1.4)
    return {
        **cost,
        "accuracy": float(np.clip(accuracy, 0.1, 0.995)),
        "latency_ms@0": float(latency),
        "latency_ms@1": float(0.8 * latency),
    }


def _evaluated(uow: SqlUnitOfWork, candidate: Candidate) -> Candidate:
    final = candidate.metrics["accuracy"]
    curve = [
        {"epoch": e, "train_loss": 1 / (e + 1), "validation_loss": 1.2 / (e + 1), "validation_accuracy": a}
        for e, a in enumerate(np.linspace(0.1, final, EPOCHS).tolist())
    ]
    model = Artifact(f"{candidate.number:064x}", 1234, "application/octet-stream")
    uow.evidence.add_artifact(model)
    evaluation = Evaluation(
        id=new_id("evaluation"),
        reuse_key=candidate.id,
        accuracy=final,
        fidelity={"epochs": EPOCHS, "seed": 0, "validation_samples": VALIDATION},
        result={"curve": curve},
        created_at=NOW,
        exports=(Export(ModelFormat.ONNX, model.sha256, model.size_bytes, 1e-7, final),),
    )
    uow.evidence.add_evaluation(evaluation, {"model.onnx": model})
    latency = candidate.metrics["latency_ms@0"]
    intervals = {"accuracy": wilson(final, VALIDATION), "latency_ms@0": (0.98 * latency, 1.03 * latency)}
    return replace(candidate, evaluation_id=evaluation.id, intervals=intervals)


def _work(uow: SqlUnitOfWork, search: Search, candidate: Candidate) -> None:
    """An evaluation and a timing, one after the other, on one of two workers."""
    begun = candidate.proposed_at
    failed = candidate.number % FAILED_EVERY == FAILED_EVERY - 1
    _item(uow, search, candidate, WorkKind.EVALUATE, (begun, begun + timedelta(seconds=1.4)), failed=failed)
    _item(uow, search, candidate, WorkKind.PROFILE, (begun + timedelta(seconds=1.5), candidate.finished_at))


def _item(
    uow: SqlUnitOfWork,
    search: Search,
    candidate: Candidate,
    kind: WorkKind,
    times: tuple[datetime, datetime | None],
    *,
    failed: bool = False,
) -> None:
    item = an_item(
        search,
        candidate_id=candidate.id,
        kind=kind,
        payload={"target": 0, "final": False},
        status=WorkStatus.FAILED if failed else WorkStatus.DONE,
        attempt=2 if failed else 1,
        worker_id=f"worker-{candidate.number % 2}",
        started_at=times[0],
        failure=Failure("worker-lost", "the worker was killed") if failed else None,
    )
    uow.work.add(item)
    ended = work_items.update().where(work_items.c.id == item.id).values(finished_at=times[1], absorbed=True)
    uow.connection.execute(ended)
