"""The container files are valid and agree with each other; no engine is needed to know it."""

import re
import subprocess
import sys

import pytest
import yaml

from tests.support.source import ROOT
from workers.environment import TRAINING_ENVIRONMENT

COMPOSE = (ROOT / "docker-compose.yml").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES = yaml.safe_load(COMPOSE)["services"]
OURS = sorted(set(SERVICES) - {"postgres", "redis"})


def test_the_compose_file_follows_the_compose_specification() -> None:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*checker, "docker-compose.yml"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_variable_of_the_compose_file_is_explained() -> None:
    used = set(re.findall(r"\$\{(\w+)", COMPOSE))
    explained = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert used == explained


def test_no_port_is_published_beyond_this_machine() -> None:
    """The service does not authenticate yet; a port on every address would open it to the network."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_secret_has_a_default() -> None:
    """A password that everybody knows protects nothing; an empty one must stop the start."""
    secrets = re.findall(r"\$\{(\w*(?:PASSWORD|KEY|SECRET|TOKEN)\w*)([^}]*)\}", COMPOSE)
    assert secrets
    assert [name for name, rest in secrets if not rest.startswith(":?")] == []


@pytest.mark.parametrize("name", OURS)
def test_each_service_builds_a_stage_that_exists(name: str) -> None:
    stages = re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE)
    assert SERVICES[name]["build"]["target"] in stages


@pytest.mark.parametrize("name", OURS)
def test_each_service_runs_a_command_that_exists(name: str, nas_commands: set[str]) -> None:
    program, command = SERVICES[name]["command"][:2]
    assert program == "nas"
    assert command in nas_commands


def test_what_trains_is_started_as_in_the_embedded_mode() -> None:
    """Timings must not have it: users run their networks without."""
    environments = {name: service.get("environment", {}) for name, service in SERVICES.items()}
    assert environments["worker-train"].items() >= TRAINING_ENVIRONMENT.items()
    assert not TRAINING_ENVIRONMENT.keys() & environments["worker-profile"].keys()


def test_the_images_run_as_an_ordinary_user() -> None:
    """Both final stages build on `base`, whose last word on the user is not root."""
    base = DOCKERFILE.split("AS base\n")[1].split("\nFROM ")[0]
    assert re.findall(r"^USER (\S+)$", base, re.MULTILINE) == re.findall(r"--uid (\d+)", base) != ["0"]
    assert re.findall(r"^FROM base AS (\S+)$", DOCKERFILE, re.MULTILINE) == ["api", "worker"]


def test_the_images_copy_what_the_ignore_file_lets_through() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert sorted(" ".join(copied).split()) == sorted(allowed)
