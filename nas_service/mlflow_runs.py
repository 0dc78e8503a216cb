"""A search as runs of MLflow: one for itself, below it one for each member of its front. Needs the extra `mlflow`."""

import os
import re
from datetime import datetime
from typing import Any

import yaml
from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from nas_service.plots.material import Material
from nas_service.wire.candidates import CandidateDetail

SEARCH_TAG, CANDIDATE_TAG = "nas.search_id", "nas.candidate_id"
FINISHED = "FINISHED"
MOST_RUNS = 50_000
"""The most that MLflow gives at once; no front has as many members."""
_FORBIDDEN = re.compile(r"[^\w./ :-]")
"""What MLflow does not take in names; `latency_ms@0` becomes `latency_ms.0`."""


def log_search(material: Material, tracking_uri: str, experiment: str) -> str:
    """Log a search that is over, once; returns the id of its run.

    A search that is logged already is left alone; one whose logging broke off is logged anew.
    """
    # Nothing is to be told to anybody else.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    client = MlflowClient(tracking_uri=tracking_uri)
    experiment_id = _experiment(client, experiment)
    known = client.search_runs([experiment_id], f"tags.`{SEARCH_TAG}` = '{material.search.id}'", max_results=MOST_RUNS)
    for run in known:
        if run.info.status == FINISHED and MLFLOW_PARENT_RUN_ID not in run.data.tags:
            return str(run.info.run_id)
    for run in known:
        client.delete_run(run.info.run_id)
    run_id = _log_parent(client, experiment_id, material)
    for member in material.members:
        _log_member(client, experiment_id, run_id, member)
    client.set_terminated(run_id, FINISHED)
    return run_id


def _experiment(client: MlflowClient, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name))


def _log_parent(client: MlflowClient, experiment_id: str, material: Material) -> str:
    search = material.search
    tags = {MLFLOW_RUN_NAME: search.name, SEARCH_TAG: search.id, "nas.status": search.status.value}
    run_id = str(client.create_run(experiment_id, tags=tags).info.run_id)
    spec = search.spec
    chosen = {
        "dataset": search.dataset,
        "space": search.space,
        **spec.strategy.model_dump(mode="json"),
        "candidates": search.candidate_budget,
        "minutes": search.minutes_budget,
        "epochs": spec.training.epochs,
        "seed": spec.seed,
    }
    steps = [
        Metric("hypervolume_ratio", step.hypervolume_ratio, _ms(step.at), step.completed)
        for step in material.growth.steps
    ]
    client.log_batch(run_id, metrics=steps, params=_params(chosen))
    client.log_text(run_id, yaml.safe_dump(spec.model_dump(mode="json"), sort_keys=False), "spec.yaml")
    return run_id


def _log_member(client: MlflowClient, experiment_id: str, parent_id: str, member: CandidateDetail) -> None:
    tags = {
        MLFLOW_RUN_NAME: f"candidate {member.number}",
        MLFLOW_PARENT_RUN_ID: parent_id,
        SEARCH_TAG: member.search_id,
        CANDIDATE_TAG: member.id,
        "nas.architecture_key": member.architecture_key,
    }
    run_id = client.create_run(experiment_id, tags=tags).info.run_id
    at_ms = _ms(member.finished_at or member.proposed_at)
    values = dict(member.metrics)
    if member.final and "test_accuracy" in member.final:
        values["test_accuracy"] = member.final["test_accuracy"]
    metrics = [Metric(_FORBIDDEN.sub(".", name), value, at_ms, 0) for name, value in values.items()]
    client.log_batch(run_id, metrics=metrics, params=_params(member.architecture))
    client.set_terminated(run_id, FINISHED)


def _params(values: dict[str, Any]) -> list[Param]:
    return [Param(_FORBIDDEN.sub(".", name), str(value)) for name, value in values.items() if value is not None]


def _ms(at: datetime) -> int:
    return round(1000 * at.timestamp())
