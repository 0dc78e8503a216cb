"""The command line without a service: usage, spec files, exit codes, and what stdout is for."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from nas_service.cli.main import COMMANDS, app

NAMES = [name for commands in COMMANDS.values() for name in commands]


@pytest.fixture(autouse=True)
def _empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NAS_HOME", str(tmp_path / "home"))


def nas(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_explains_itself(name: str) -> None:
    shown = nas(name, "--help")
    assert shown.exit_code == 0
    assert name in shown.stdout


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"serve", "control", "worker", "agent"}))
def test_every_command_that_answers_can_answer_in_json(name: str) -> None:
    assert "--json" in nas(name, "--help").stdout


@pytest.mark.parametrize("arguments", [("list",), ("status", "last"), ("spaces",), ("devices",), ("cancel", "x")])
def test_without_a_service_a_command_says_how_to_start_one(arguments: tuple[str, ...]) -> None:
    shown = nas(*arguments)
    assert shown.exit_code == 1
    assert shown.stdout == ""
    assert "start one with `nas up`" in shown.stderr


def test_with_json_a_failure_is_a_document_too() -> None:
    shown = nas("list", "--json")
    assert shown.exit_code == 1
    assert "nas up" in json.loads(shown.stdout)["error"]["detail"]


@pytest.mark.parametrize("command", ["run", "submit"])
def test_a_bad_spec_is_refused_before_any_service_is_needed(command: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("dataset: {name: digits}\nstrategy:\n  samplr: tpe\n")
    shown = nas(command, "bad.yaml")
    assert shown.exit_code == 2
    assert shown.stdout == ""
    assert shown.stderr == "bad.yaml:3: strategy.samplr: unknown field; did you mean `sampler`?\n"
    assert not (tmp_path / "home").exists()


def test_a_bad_spec_in_json_has_its_lines(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("dataset: {name: digits}\nseed: -1\n")
    error = json.loads(nas("run", "bad.yaml", "--json").stdout)["error"]
    assert (error["file"], error["errors"][0]["line"], error["errors"][0]["field"]) == ("bad.yaml", 2, "seed")


def test_an_error_is_never_wrapped_in_the_middle_of_a_path(tmp_path: Path) -> None:
    path = tmp_path / ("long-" * 40)
    assert f"{path}:1: no such file" in nas("run", str(path)).stderr


@pytest.mark.parametrize(
    "arguments", [("run",), ("run", "a.yaml", "--resume", "b"), ("run", "--resume", "b", "--minutes", "3")]
)
def test_run_takes_a_spec_or_a_search_to_resume(arguments: tuple[str, ...]) -> None:
    shown = nas(*arguments)
    assert shown.exit_code == 2
    assert "--resume ID" in shown.stderr


def test_a_service_at_a_given_address_that_does_not_answer_is_a_failure() -> None:
    shown = nas("list", "--url", "http://127.0.0.1:1")
    assert shown.exit_code == 1
    assert "does not answer" in shown.stderr


def test_what_is_no_bundle_cannot_be_verified(tmp_path: Path) -> None:
    shown = nas("verify", str(tmp_path))
    assert shown.exit_code == 2
    assert "no card.json" in shown.stderr


def test_the_version_is_the_installed_one() -> None:
    assert nas("--version").stdout.startswith("nas 0.")


def test_unknown_commands_are_a_usage_error() -> None:
    assert nas("serach").exit_code == 2
