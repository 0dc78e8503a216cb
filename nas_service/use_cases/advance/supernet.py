"""The supernet of a search: found or trained, its ranking held against trainings from scratch, relied on or not."""

from dataclasses import asdict, replace

import numpy as np

from nas_service.domain.agreement import agreement, kendall_tau
from nas_service.domain.entities import SUPERNET_FILE, TRAIN_QUEUE, JsonDict, SupernetFacts, WorkKind
from nas_service.domain.metrics import broken, computable
from nas_service.domain.spec import Metric
from nas_service.domain.states import SearchPhase
from nas_service.use_cases.advance.context import Context
from nas_service.use_cases.reuse import supernet_reuse_key
from nas_service.use_cases.space import computable_metrics, space_of

DRAWN = 512
"""Architectures among which those to compare are looked for, so that they keep the computable constraints."""

MAX_TRAININGS = 2
"""Times that a supernet is trained for its epochs before it is given up."""


def prepare_supernet(context: Context) -> None:
    """The next thing to do about it, unless something is being done; the search phase begins with the verdict."""
    if context.uow.work.open(context.search.id):
        return
    supernet = context.search.supernet or _known(context)
    if supernet is None and not _sample(context):
        context.enter(SearchPhase.SEARCH)  # which tells that the constraints leave nothing
    elif supernet is None:
        context.enqueue(WorkKind.SUPERNET, TRAIN_QUEUE)
    elif supernet.trusted is None:
        _judge(context, supernet)
    else:
        context.enter(SearchPhase.SEARCH)


def trained(context: Context, result: JsonDict) -> None:
    """A training of the supernet is done: compare its ranking with that of trainings from scratch."""
    before = context.search.supernet
    supernet = SupernetFacts(
        sha256=result["artifacts"][SUPERNET_FILE]["sha256"],
        epochs=result["epochs"] + (before.epochs if before else 0),
        duration_s=result["duration_s"] + (before.duration_s if before else 0.0),
        curve=[*(before.curve if before else []), *result["curve"]],
    )
    context.change(supernet=supernet)
    last = supernet.curve[-1]
    told = {name: last[name] for name in ("largest_accuracy", "smallest_accuracy", "validation_accuracy")}
    _tell(context, "supernet.trained", {"epochs": supernet.epochs, "duration_s": supernet.duration_s, **told})
    for comparison in before.comparisons if before else _sample(context):
        context.enqueue(WorkKind.COMPARE, TRAIN_QUEUE, payload=comparison)


def compared(context: Context, result: JsonDict) -> None:
    """One more architecture has both of its accuracies."""
    supernet = context.search.supernet
    assert supernet is not None
    context.change(supernet=replace(supernet, comparisons=[*supernet.comparisons, result]))


def _known(context: Context) -> SupernetFacts | None:
    found = context.uow.supernets.take(supernet_reuse_key(context.search))
    if found is None:
        return None
    supernet = replace(found, reused=True)
    context.change(supernet=supernet)
    _tell(context, "supernet.reused", {"epochs": supernet.epochs})
    if not supernet.trusted:
        _tell_rejected(context, supernet)
    return supernet


def _sample(context: Context) -> list[JsonDict]:
    """Different architectures drawn at random, as a sampler would propose them."""
    search, space = context.search, space_of(context.search)
    drawn = {a.key: a for a in space.sample(np.random.default_rng([search.spec.seed, 1]), DRAWN)}
    constraints = computable(search.spec.constraints)
    metrics = computable_metrics(search, list(drawn.values()))
    kept = [(a, found) for a, found in zip(drawn.values(), metrics, strict=True) if not broken(constraints, found)]
    wanted = search.spec.strategy.supernet.agreement_sample
    return [{"architecture": dict(a.values), "macs": found[Metric.MACS]} for a, found in kept[:wanted]]


def _judge(context: Context, supernet: SupernetFacts) -> None:
    """Rely on it where it ranks as trainings do; else train it longer, or give it up."""
    wanted = context.search.spec.strategy.supernet
    supernet = replace(supernet, agreement=_agreement(supernet.comparisons))
    found = supernet.agreement or {"tau": None, "macs_tau": None}
    needed = _needed(context, supernet)
    enough = found["tau"] is not None and found["tau"] >= needed
    _tell(context, "supernet.agreement", found | {"needed": needed})
    if not enough and supernet.epochs < MAX_TRAININGS * wanted.epochs:
        context.change(supernet=supernet)
        _tell(context, "supernet.lengthened", {"epochs": supernet.epochs + wanted.epochs})
        context.enqueue(WorkKind.SUPERNET, TRAIN_QUEUE, payload={"begin": supernet.sha256})
        return
    context.change(supernet=replace(supernet, trusted=enough))
    assert context.search.supernet is not None
    context.uow.supernets.keep(supernet_reuse_key(context.search), context.search.supernet)
    if not enough:
        _tell_rejected(context, supernet)
    context.enter(SearchPhase.SEARCH)


def _needed(context: Context, supernet: SupernetFacts) -> float:
    """The tau to reach: what was asked for, and no less than counting MACs gives for nothing."""
    wanted = context.search.spec.strategy.supernet
    by_macs: float | None = (supernet.agreement or {}).get("macs_tau")
    if by_macs is None or not wanted.beat_macs:
        return wanted.min_agreement
    return max(wanted.min_agreement, by_macs)


def _agreement(comparisons: list[JsonDict]) -> JsonDict | None:
    found = agreement([(c["inherited"], c["scratch"]) for c in comparisons])
    if found is None:
        return None
    by_macs = kendall_tau([(c["macs"], c["scratch"]) for c in comparisons])
    return asdict(found) | {"macs_tau": by_macs, "sample": len(comparisons)}


def _tell_rejected(context: Context, supernet: SupernetFacts) -> None:
    tau = (supernet.agreement or {}).get("tau")
    _tell(context, "supernet.rejected", {"tau": tau, "needed": _needed(context, supernet), "evaluator": "scratch"})


def _tell(context: Context, kind: str, payload: JsonDict) -> None:
    context.uow.events.append(context.search.id, kind, payload)
