"""What the dashboard and the guide name as metrics exists."""

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from nas_service.api.instruments import Instruments
from nas_service.use_cases.tallies import Tally
from tests.support.api import new_service
from tests.support.source import ROOT

DASHBOARD = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text())
NAME = re.compile(r"\bnas_[a-z_]+")


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of all series, of one service in which everything has happened once."""
    with new_service(tmp_path_factory.mktemp("metrics") / "home") as service:
        with service.store.write() as uow:
            uow.tallies.observe(Tally.WORK_DURATION, 1.0, "evaluate", "done")
            for tally in (Tally.LEASE_EXPIRED, Tally.RESULT_REFUSED, Tally.CANDIDATE_ENDED):
                uow.tallies.count(tally, "evaluate")
        instruments = Instruments(service)
        instruments.answered("GET", "/", 200, 0.1)
        families = list(text_string_to_metric_families(instruments.text().decode()))
    return {sample.name for family in families for sample in family.samples} | {family.name for family in families}


def test_the_dashboard_draws_metrics_that_there_are(metrics: set[str]) -> None:
    queries = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    assert {name for query in queries for name in NAME.findall(query)} <= metrics


def test_the_guide_explains_metrics_that_there_are(metrics: set[str]) -> None:
    guide = (ROOT / "docs" / "guides" / "production.md").read_text()
    explained = set(re.findall(r"`(nas_[a-z_]+)", guide))
    assert len(explained) > 10
    assert explained <= metrics


def test_prometheus_is_told_where_the_api_serves_and_to_bring_a_key() -> None:
    config = yaml.safe_load(Path(ROOT / "deploy" / "prometheus.yml").read_text())
    (job,) = config["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["127.0.0.1:8321"]}]
    assert job["authorization"]["credentials_file"]
