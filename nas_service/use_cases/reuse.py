"""When two evaluations are the same one, within a search and across searches."""

import hashlib
import json
from collections.abc import Sequence
from typing import Literal

from nas_service.domain.entities import Candidate, Evaluation, Search, SupernetFacts
from nas_service.domain.executed import as_executed
from nas_service.domain.metrics import judged_by_training
from nas_service.domain.recipe import apply_recipe
from nas_service.domain.rungs import rungs_of, schedule_of
from nas_service.domain.spec import BEST_TEACHER, SUPERNET_TEACHER, RecipeEntry, TrainingSpec
from nas_service.use_cases.ports import EvidenceRepository
from nas_service.use_cases.space import network_key


def training_of(search: Search, *, final: bool, epochs: int | None = None) -> TrainingSpec:
    """How candidates are trained: during the search, up to the rung at `epochs`, or (`final`) with the finalize recipe
    on top."""
    training = schedule_of(search.spec, apply_recipe(search.spec.training, search.spec.training.recipe))
    if epochs is not None:
        training = training.model_copy(update={"epochs": epochs})
    return apply_recipe(training, search.spec.finalize.recipe) if final else training


def inherits(search: Search, *, final: bool = False) -> SupernetFacts | None:
    """The supernet whose weights a training of this search begins with; None where it starts from scratch."""
    if search.supernet is None or not search.supernet.trusted:
        return None
    return None if final and search.spec.finalize.begin == "scratch" else search.supernet


def teachers_of(search: Search) -> tuple[str, ...]:
    """Whom trainings of this search learn from where they distil, as `DistillationSpec.teachers` names them."""
    named = search.spec.training.distill.teachers
    return named or ((BEST_TEACHER,) if search.supernet is None else (SUPERNET_TEACHER,))


def _lessons(search: Search, training: TrainingSpec) -> dict[str, object]:
    """What makes a distilled training another one: the supernet, or the search, whose best candidate or files teach."""
    if not training.distill.is_on:
        return {}
    teachers = teachers_of(search)
    if search.supernet is not None and set(teachers) == {SUPERNET_TEACHER}:
        return {"teachers": teachers, "of": search.supernet.sha256}
    return {"teachers": teachers, "of": search.id}


def supernet_training(search: Search) -> TrainingSpec:
    """How the supernet is trained: as candidates are, but for what `SupernetSpec` says."""
    return search.spec.strategy.supernet.training_like(training_of(search, final=False))


def tuning_of(search: Search) -> TrainingSpec | None:
    """How candidates are trained on from their inherited weights before they are judged; None where they are not."""
    epochs = search.spec.strategy.supernet.tune_epochs
    if not epochs:
        return None
    return training_of(search, final=False).model_copy(update={"epochs": epochs})


def supernet_reuse_key(search: Search) -> str:
    """sha256 over everything that shared weights, and what is believed of them, depend on."""
    strategy = search.spec.strategy.supernet
    return _digest(
        _surroundings(search)
        | {
            "choices": search.space.choices if search.space else {},
            "supernet": strategy.model_dump(mode="json"),
            "training": training_of(search, final=False).model_dump(mode="json"),
        }
    )


def evaluation_reuse_key(search: Search, network: str, *, final: bool, epochs: int | None = None) -> str:
    """sha256 over everything that an accuracy depends on; `network` is the key of what is trained, `epochs` as in
    `training_of`. The search must be prepared."""
    supernet = inherits(search, final=final)
    training = training_of(search, final=final, epochs=epochs)
    learning = {"training": training.model_dump(mode="json"), **_lessons(search, training)}
    return _digest(
        _surroundings(search)
        | {"architecture": network, "evaluator": evaluator_of(search, final=final)}
        | {metric.value: True for metric in judged_by_training(search.spec)}
        | ({"supernet": supernet.sha256} if supernet else {})
        | (learning if final or not supernet or tuning_of(search) else {})
        | ({"tuned": search.spec.strategy.supernet.tune_epochs} if supernet and not final else {})
    )


def compression_reuse_key(search: Search, parent: Candidate, weights_sha256: str, recipe: Sequence[RecipeEntry]) -> str:
    """sha256 over everything that a compressed network and its accuracy depend on, from its parent's weights on.

    A step may be guided by latencies, so that the targets are part of it.
    """
    training = training_of(search, final=True)
    return _digest(
        _surroundings(search)
        | {
            "weights": weights_sha256,
            "recipe": list(recipe),
            "training": training.model_dump(mode="json"),
            **_lessons(search, training),
            "targets": [target.model_dump(mode="json") for target in as_executed(search.spec, parent).targets],
        }
        | {metric.value: True for metric in judged_by_training(search.spec)}
    )


def evaluator_of(search: Search, *, final: bool) -> Literal["scratch", "supernet", "inherited"]:
    """What an accuracy is that of: a training from scratch, weights as a supernet has them, or those trained on."""
    if inherits(search, final=final) is None:
        return "scratch"
    return "inherited" if final else "supernet"


def _surroundings(search: Search) -> dict[str, object]:
    if search.dataset is None or search.space is None:
        raise ValueError(f"search {search.id} is not prepared")
    return {
        "dataset": search.dataset.fingerprint,
        "space": [search.space.name, search.space.preset],
        "seed": search.spec.seed,
    }


def _digest(identity: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def known_evaluation(evidence: EvidenceRepository, search: Search, candidate: Candidate) -> Evaluation | None:
    """The evaluation that a new candidate of this search need not repeat.

    A format that it was not exported to is written from its weights. One whose files were collected will do where
    nothing has to be timed: should the candidate come to the front, it is evaluated once more to be finalized.
    """
    epochs = rungs_of(search.spec)[0]
    reuse_key = evaluation_reuse_key(search, network_key(search, candidate), final=False, epochs=epochs)
    known = evidence.evaluation_by_key(reuse_key)
    if known is None or evidence.has_files(known.id):
        return known
    executed = as_executed(search.spec, candidate)
    timed = not known.lacking(executed.formats) and all(
        evidence.measurement_of(known.export(target.format).sha256, target, search.tenant) is not None
        for target in executed.targets
    )
    return known if timed else None
