"""`nas log-to-mlflow`, against MLflow's own store in a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.nas_service.cli.conftest import Nas
from tests.support.missing import without

# MLflow's queries use a loader strategy that SQLAlchemy is going to remove.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")

AsJson = Callable[..., Any]


def test_a_search_is_a_run_with_one_below_it_for_each_member_and_logged_once(
    as_json: AsJson, finished_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    logged = as_json("log-to-mlflow", finished_id, "--tracking-uri", uri)
    assert as_json("log-to-mlflow", "last", "--tracking-uri", uri) == logged
    store = MlflowClient(tracking_uri=uri)
    runs = {run.info.run_id: run for run in store.search_runs([store.get_experiment_by_name("nas").experiment_id])}
    parent = runs.pop(logged["run_id"])
    front = as_json("front", finished_id)
    assert parent.data.metrics["hypervolume_ratio"] == pytest.approx(front["hypervolume_ratio"])
    assert parent.data.params["sampler"] == "random"
    assert {run.info.status for run in [parent, *runs.values()]} == {"FINISHED"}
    told = {run.data.tags["nas.candidate_id"]: run for run in runs.values()}
    assert {run.data.tags["mlflow.parentRunId"] for run in runs.values()} == {parent.info.run_id}
    for member in front["members"]:
        candidate = member["candidate"]
        run = told.pop(candidate["id"])
        assert run.data.metrics["accuracy"] == candidate["metrics"]["accuracy"]
        assert run.data.metrics["latency_ms.0"] == candidate["metrics"]["latency_ms@0"]
        assert run.data.params == {name: str(value) for name, value in candidate["architecture"].items()}
    assert told == {}


def test_a_search_that_goes_on_is_not_logged(nas: Nas, search_id: str) -> None:
    done = nas("log-to-mlflow", search_id)
    assert done.exit_code == 2
    assert "is not over" in done.stderr


def test_without_mlflow_its_command_is_named(nas: Nas, search_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without("mlflow", monkeypatch, "nas_service.mlflow_runs")
    assert "pip install 'nas-service[mlflow]'" in nas("log-to-mlflow", search_id).stderr
