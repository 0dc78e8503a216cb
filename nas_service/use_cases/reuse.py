"""When two evaluations are the same one, within a search and across searches."""

import hashlib
import json

from nas_service.domain.entities import Evaluation, Search
from nas_service.domain.recipe import apply_recipe
from nas_service.domain.rungs import rungs_of, schedule_of
from nas_service.domain.spec import TrainingSpec
from nas_service.use_cases.ports import EvidenceRepository


def training_of(search: Search, *, final: bool, epochs: int | None = None) -> TrainingSpec:
    """How candidates are trained: during the search, up to the rung at `epochs`, or (`final`) with the finalize recipe
    on top."""
    training = schedule_of(search.spec, apply_recipe(search.spec.training, search.spec.training.recipe))
    if epochs is not None:
        training = training.model_copy(update={"epochs": epochs})
    return apply_recipe(training, search.spec.finalize.recipe) if final else training


def evaluation_reuse_key(search: Search, architecture_key: str, *, final: bool, epochs: int | None = None) -> str:
    """sha256 over everything that an accuracy depends on; `epochs` as in `training_of`. The search must be prepared."""
    if search.dataset is None or search.space is None:
        raise ValueError(f"search {search.id} is not prepared")
    identity = {
        "dataset": search.dataset.fingerprint,
        "space": [search.space.name, search.space.preset],
        "architecture": architecture_key,
        "evaluator": search.spec.strategy.evaluator,
        "training": training_of(search, final=final, epochs=epochs).model_dump(mode="json"),
        "seed": search.spec.seed,
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def known_evaluation(evidence: EvidenceRepository, search: Search, architecture_key: str) -> Evaluation | None:
    """The evaluation that a new candidate of this search need not repeat.

    A format that it was not exported to is written from its weights. One whose files were collected will do where
    nothing has to be timed: should the candidate come to the front, it is evaluated once more to be finalized.
    """
    epochs = rungs_of(search.spec)[0]
    known = evidence.evaluation_by_key(evaluation_reuse_key(search, architecture_key, final=False, epochs=epochs))
    if known is None or evidence.has_files(known.id):
        return known
    timed = not known.lacking(search.spec.formats) and all(
        evidence.measurement_of(known.export(target.format).sha256, target, search.tenant) is not None
        for target in search.spec.targets
    )
    return known if timed else None
