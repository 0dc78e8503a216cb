"""Every command that talks to a service, against a real one."""

import csv
import io
import os
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from benchmarks import no_op_workers
from nas_service.bootstrap import Service
from nas_service.cli.doctor.finding import Level
from nas_service.cli.doctor.service import check_workers
from nas_service.domain.entities import Worker, profile_queue
from nas_service.search.memories import SqlMemories
from nas_service.use_cases.advance import advance
from tests.integration.nas_service.cli.conftest import SPEC, Nas

AsJson = Callable[..., Any]


def test_a_submitted_search_is_listed_and_shown(nas: Nas, as_json: AsJson, search_id: str) -> None:
    assert [found["id"] for found in as_json("list")["items"]] == [search_id]
    assert as_json("status", search_id)["status"] == "QUEUED"
    assert search_id in nas("list").stdout
    assert "made-up" in nas("status", search_id).stdout


def test_submitting_says_how_to_follow(nas: Nas) -> None:
    shown = nas("submit", "spec.yaml", "--candidates", "3")
    assert shown.exit_code == 0
    assert "nas watch search-" in shown.stdout


def test_the_command_line_overrides_the_budget(as_json: AsJson) -> None:
    budget = as_json("submit", "spec.yaml", "--candidates", "3", "--minutes", "0.5")["spec"]["budget"]
    set_ = {name: value for name, value in budget.items() if value is not None}
    assert set_ == {"candidates": 3, "minutes": 0.5, "parallelism": 2}


@pytest.mark.parametrize("letters", [1, 4, 12])
def test_the_unique_start_of_an_id_is_enough(as_json: AsJson, search_id: str, letters: int) -> None:
    start = search_id.removeprefix("search-")[:letters]
    assert as_json("status", start)["id"] == search_id
    assert as_json("status", f"search-{start}")["id"] == search_id


def test_last_is_the_newest(as_json: AsJson, search_id: str) -> None:
    newer = as_json("submit", "spec.yaml")["id"]
    assert newer != search_id
    assert as_json("status", "last")["id"] == newer


def test_an_id_that_fits_none_or_several_is_refused(nas: Nas, as_json: AsJson, search_id: str) -> None:
    as_json("submit", "spec.yaml")
    for given, reason in [("zzz", "no search is called zzz"), ("search-", "fits 2 searches")]:
        shown = nas("status", given)
        assert (shown.exit_code, shown.stdout) == (2, "")
        assert reason in shown.stderr


def test_last_without_searches_is_refused(nas: Nas) -> None:
    assert "no searches yet" in nas("status", "last").stderr


def test_an_impossible_choice_is_brought_to_its_line(nas: Nas, tmp_path: Path) -> None:
    text = SPEC + "space:\n  name: mobilenet\n  choices:\n    stem_widht: [8]\n"
    (tmp_path / "bad.yaml").write_text(text)
    shown = nas("submit", "bad.yaml")
    assert shown.exit_code == 2
    assert shown.stderr.startswith("bad.yaml:9: space.choices.stem_widht: ")
    assert "stem_width" in shown.stderr


def test_an_unknown_space_is_brought_to_its_line(nas: Nas, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(SPEC + "space:\n  name: mobilnet\n")
    shown = nas("submit", "bad.yaml")
    assert shown.stderr.startswith("bad.yaml:7: space.name: ")
    assert "mobilenet" in shown.stderr


def test_a_search_is_paused_resumed_and_cancelled(nas: Nas, as_json: AsJson, search_id: str) -> None:
    assert as_json("pause", search_id)["status"] == "PAUSED"
    assert as_json("resume", search_id)["status"] in {"QUEUED", "RUNNING"}
    assert as_json("cancel", search_id)["status"] in {"CANCELLING", "CANCELLED"}
    shown = nas("pause", search_id)
    assert shown.exit_code == 2


def test_a_finished_search_cannot_be_paused(nas: Nas, finished_id: str) -> None:
    shown = nas("pause", finished_id)
    assert shown.exit_code == 2
    assert "succeeded" in shown.stderr


def test_the_front_is_shown_as_a_table_as_csv_and_as_json(nas: Nas, as_json: AsJson, finished_id: str) -> None:
    members = as_json("front", finished_id)["members"]
    assert len(members) >= 1
    rows = list(csv.DictReader(io.StringIO(nas("front", finished_id, "--csv").stdout)))
    keys = [member["candidate"]["architecture_key"] for member in members]
    assert [row["architecture_key"] for row in rows] == keys
    shown = nas("front", finished_id).stdout
    assert all(key[:8] in shown for key in keys)
    assert nas("front", finished_id, "--csv", "--json").exit_code == 2


def test_an_empty_front_says_so(nas: Nas, search_id: str) -> None:
    shown = nas("front", search_id)
    assert shown.exit_code == 0
    assert "the front is empty" in shown.stdout


def test_watching_a_finished_search_ends_at_once(nas: Nas, as_json: AsJson, finished_id: str) -> None:
    shown = nas("watch", finished_id)
    assert shown.exit_code == 0
    assert "6/6 candidates" in shown.stdout
    assert "succeeded" in shown.stdout
    assert as_json("watch", finished_id)["status"] == "SUCCEEDED"


def test_watching_a_cancelled_search_is_a_failure(nas: Nas, service: Service, search_id: str) -> None:
    nas("cancel", search_id)
    advance(service.store, SqlMemories(), search_id)
    assert nas("watch", search_id).exit_code == 1


def test_a_failed_search_says_why(nas: Nas, service: Service, tmp_path: Path) -> None:
    (tmp_path / "impossible.yaml").write_text(SPEC + "constraints: [{metric: macs, max: 1}]\n")
    search_id = nas("submit", "impossible.yaml").stdout.split()[1]
    no_op_workers.run_to_end(service.store, SqlMemories(), search_id)
    shown = nas("watch", search_id)
    assert shown.exit_code == 1
    assert "relax the constraints" in shown.stdout


def test_a_search_without_bundles_has_nothing_to_download(nas: Nas, search_id: str, tmp_path: Path) -> None:
    shown = nas("download", search_id, "--out", "out")
    assert shown.exit_code == 1
    assert "no finished networks" in shown.stderr


def test_spaces_are_listed_and_each_is_explained(nas: Nas, as_json: AsJson) -> None:
    names = [space["name"] for space in as_json("spaces")["items"]]
    assert "mobilenet" in names
    assert all(name in nas("spaces").stdout for name in names)
    space = as_json("spaces", "mobilenet", "--preset", "tiny")
    shown = nas("spaces", "mobilenet", "--preset", "tiny").stdout
    assert f"preset tiny: {int(space['size']):,} networks" in shown
    assert space["choices"][0]["name"] in shown


def test_an_unknown_space_is_a_usage_error(nas: Nas) -> None:
    assert nas("spaces", "nowhere").exit_code == 2


def test_doctor_flags_workers_of_another_version(nas: Nas, service: Service) -> None:
    worker = Worker("w", "host", 1, ("train",), {"id": "f00d"}, 0.0)
    for versions, level in [({"nas-service": version("nas-service")}, Level.OK), ({"nas-service": "0.0"}, Level.WARN)]:
        with service.store.write() as uow:
            uow.workers.beat(replace(worker, versions=versions))
        assert check_workers(os.environ["NAS_URL"]).level is level


def test_devices_are_those_of_workers(nas: Nas, as_json: AsJson, service: Service) -> None:
    assert "no device yet" in nas("devices").stdout
    device = {"id": "f00d", "name": "bench", "cpu_model": "made up", "physical_cores": 4}
    with service.store.write() as uow:
        uow.workers.beat(Worker("worker-1", "host", 1, ("train", profile_queue("local")), device, 0.0))
    assert [found["id"] for found in as_json("devices")["items"]] == ["f00d"]
    shown = nas("devices").stdout
    assert "live" in shown
    assert "made up" in shown
