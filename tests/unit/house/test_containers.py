"""The container files are valid and agree with each other; no engine is needed to know it."""

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.support.source import ROOT
from workers.environment import TRAINING_ENVIRONMENT

FILES = ("docker-compose.yml", "docker-compose.cuda.yml")
COMPOSE = (ROOT / FILES[0]).read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
STAGES = set(re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE))
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
CUDA: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / FILES[1]).read_text())["services"]
DATABASES = {"postgres", "redis"}
OURS = sorted(set(SERVICES) - DATABASES)
RUNNING = sorted(set(OURS) - {"migrate"})
DASHBOARDS = {"optuna-dashboard", "flower"}


@pytest.mark.parametrize("file", FILES)
def test_the_compose_files_follow_the_compose_specification(file: str) -> None:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*checker, file], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_variable_of_the_compose_files_is_explained() -> None:
    used = {name for file in FILES for name in re.findall(r"[^$]\$\{(\w+)", (ROOT / file).read_text())}
    passed_on = {name for s in SERVICES.values() for name, value in s.get("environment", {}).items() if value is None}
    explained = set(re.findall(r"^#?(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert used | passed_on == explained


def test_no_port_is_published_beyond_this_machine() -> None:
    """Keys would cross the network in the clear, and the dashboards and databases ask for less than a key."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 1 + len(DASHBOARDS)
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_api_asks_for_keys() -> None:
    assert [name for name, service in SERVICES.items() if "NAS_INSECURE" in service.get("environment", {})] == []


def test_no_secret_has_a_default() -> None:
    """A password that everybody knows protects nothing; an empty one must stop the start."""
    secrets = re.findall(r"\$\{(\w*(?:PASSWORD|KEY|SECRET|TOKEN)\w*)([^}]*)\}", COMPOSE)
    assert secrets
    assert [name for name, rest in secrets if not rest.startswith(":?")] == []


def test_no_secret_stands_in_a_command_line() -> None:
    """Everybody on the machine can read the command lines of its processes. Redis itself knows no other way."""
    shown = {name: str(service.get("command")) for name, service in SERVICES.items() if name != "redis"}
    assert [name for name, command in shown.items() if "PASSWORD" in command] == []


def test_the_dashboards_start_only_when_asked_for() -> None:
    assert {name for name, service in SERVICES.items() if service.get("profiles") == ["dashboards"]} == DASHBOARDS


def test_the_dashboard_of_optuna_can_change_nothing() -> None:
    assert "default_transaction_read_only=on" in SERVICES["optuna-dashboard"]["environment"]["PGOPTIONS"]


@pytest.mark.parametrize("name", sorted(DATABASES | set(RUNNING)))
def test_each_running_service_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", OURS)
def test_each_service_of_ours_may_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")


@pytest.mark.parametrize("name", OURS)
def test_each_service_builds_a_stage_that_exists(name: str) -> None:
    assert SERVICES[name]["build"]["target"] == SERVICES[name]["image"].partition(":")[2]
    assert SERVICES[name]["build"]["target"] in STAGES


@pytest.mark.parametrize("name", sorted(set(OURS) - DASHBOARDS))
def test_each_service_runs_a_command_that_exists(name: str, nas_commands: set[str]) -> None:
    program, command = SERVICES[name]["command"][:2]
    assert program == "nas"
    assert command in nas_commands


def test_what_trains_is_started_as_in_the_embedded_mode() -> None:
    """Timings must not have it: users run their networks without."""
    environments = {name: service.get("environment", {}) for name, service in SERVICES.items()}
    assert environments["worker-train"].items() >= TRAINING_ENVIRONMENT.items()
    assert not TRAINING_ENVIRONMENT.keys() & environments["worker-profile"].keys()


def test_the_file_for_gpus_changes_services_that_there_are() -> None:
    assert CUDA.keys() == {"worker-train"}
    assert CUDA["worker-train"]["build"]["target"] in STAGES
    (device,) = CUDA["worker-train"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]


def test_the_images_run_as_an_ordinary_user() -> None:
    """All final stages build on `base`, whose last word on the user is not root."""
    base = DOCKERFILE.split("AS base\n")[1].split("\nFROM ")[0]
    assert re.findall(r"^USER (\S+)$", base, re.MULTILINE) == re.findall(r"--uid (\d+)", base) != ["0"]
    final = set(re.findall(r"^FROM base AS (\S+)$", DOCKERFILE, re.MULTILINE))
    assert final == {"api", "dashboards", "worker", "worker-cuda"}
    assert len(re.findall("^USER ", DOCKERFILE, re.MULTILINE)) == 1


def test_the_images_copy_what_the_ignore_file_lets_through() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert sorted(" ".join(copied).split()) == sorted(allowed)


def test_every_stage_that_is_copied_from_exists_and_installs_with_the_constraints() -> None:
    installs = re.findall(r"pip install (.+)$", DOCKERFILE, re.MULTILINE)
    assert installs
    assert all(line.startswith("--constraint constraints.txt ") for line in installs)
    assert set(re.findall(r"^COPY --from=(\S+)", DOCKERFILE, re.MULTILINE)) <= STAGES
