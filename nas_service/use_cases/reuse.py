"""When two evaluations are the same one, within a search and across searches."""

import hashlib
import json

from nas_service.domain.entities import Search
from nas_service.domain.recipe import apply_recipe
from nas_service.domain.spec import TrainingSpec


def training_of(search: Search, *, final: bool) -> TrainingSpec:
    """How candidates are trained: during the search, or (`final`) with the finalize recipe on top."""
    training = apply_recipe(search.spec.training, search.spec.training.recipe)
    return apply_recipe(training, search.spec.finalize.recipe) if final else training


def evaluation_reuse_key(search: Search, architecture_key: str, *, final: bool) -> str:
    """sha256 over everything that an accuracy depends on. The search must be prepared."""
    if search.dataset is None or search.space is None:
        raise ValueError(f"search {search.id} is not prepared")
    identity = {
        "dataset": search.dataset.fingerprint,
        "space": [search.space.name, search.space.preset],
        "architecture": architecture_key,
        "evaluator": search.spec.strategy.evaluator,
        "training": training_of(search, final=final).model_dump(mode="json"),
        "seed": search.spec.seed,
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
