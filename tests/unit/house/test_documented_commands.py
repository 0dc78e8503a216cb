"""Every command that a document tells a reader to type is run by a test, or stands here with the reason why not."""

import re

import pytest

from tests.support.documented import AS_IT_STANDS, Typed, exists, typed

CLI, API, E2E = "tests/integration/nas_service/cli", "tests/integration/nas_service/api", "tests/e2e"

TESTED = {
    AS_IT_STANDS: f"{CLI}/test_documented.py::test_commands_of_the_documents_run_as_they_stand",
    r"nas run (?!examples/custom_space)": f"{E2E}/test_examples.py::test_an_example_on_digits_runs",
    r"nas run examples/custom_space": f"{E2E}/test_examples.py::test_the_custom_space_example_runs",
    r"python examples/make_image_folder.py": (
        f"{E2E}/test_examples.py::test_the_image_folder_example_runs_on_the_folder_that_its_header_makes"
    ),
    r"python examples/[sc]": f"{E2E}/test_python_examples.py::test_an_example_in_python_runs_as_it_stands",
    r"nas (verify|download)\b": f"{CLI}/test_run.py::test_a_search_is_paused_by_ctrl_c_and_resumed_to_its_bundles",
    r"nas compress": f"{CLI}/test_compress.py::test_a_network_of_ones_own_is_compressed_and_held_against_itself",
    r"nas up$": f"{CLI}/test_processes.py::test_up_serves_its_home_alone_until_ctrl_c_and_leaves_nothing_behind",
    r"nas doctor": f"{CLI}/test_commands.py::test_doctor_flags_workers_of_another_version",
    r"NAS_WEBHOOK_SECRET=": f"{API}/test_webhooks.py::test_the_receiver_of_the_guide_is_told_of_each_status_once",
    r"nas (export|import)": f"{CLI}/test_exchange.py::test_a_search_is_exported_and_imported",
    r"nas webhooks": f"{CLI}/test_webhooks.py::test_a_webhook_is_added_listed_and_deleted",
    r"nas migrate": f"{CLI}/test_processes.py::test_a_migrated_home_passes_the_check_of_its_schema",
    r"nas keys create": f"{CLI}/test_keys.py::test_a_key_is_made_listed_and_revoked",
    r"NAS_HOST=0.0.0.0 nas serve": f"{API}/test_serve.py::test_with_a_key_it_answers_to_other_machines_that_have_one",
    r"nas agent": f"{E2E}/test_remote_device.py::test_a_search_on_a_local_and_a_remote_device_ends_with_both_measured",
    r"pip install (--no-deps nas-service|\$\(python -m workers)": (
        f"{E2E}/test_remote_device.py::test_the_environment_of_the_agent_has_no_torch_and_no_database"
    ),
    r"nas gc$": f"{CLI}/test_gc.py::test_it_names_everything_and_deletes_nothing",
    r"nas gc --delete$": f"{CLI}/test_gc.py::test_told_to_it_deletes_all_but_what_this_database_does_not_know",
    r"nas gc --delete --orphans": f"{CLI}/test_gc.py::test_what_the_database_does_not_know_goes_when_that_is_said",
    r"curl -N": f"{API}/test_serve.py::test_an_open_event_stream_does_not_hold_up_the_end_of_the_process",
    r"docker compose|cp \.env": "tests/unit/house/test_containers.py::test_each_service_runs_a_command_that_exists",
}
"""By pattern the test that runs such a command, or for containers the nearest to it without an engine."""

NOT_RUN = {
    r"python benchmarks": "a study of minutes to hours, whose figures stand in decision records",
    r"make (demo|test)": "installs from the network into .venv; the rest of it is `nas run` and these tests",
    r"pip install 'nas-service\[": "changes the environment of the tests; test_packaging.py holds every extra",
    r"python3 -m venv|source ": "makes or chooses an environment of the reader's own",
    r"export ": "sets what the commands below it read",
}
"""By pattern the reason."""


@pytest.mark.parametrize("line", typed(), ids=lambda line: f"{line.document}: {line.command}")
def test_a_command_is_run_by_a_test_or_its_reason_is_told(line: Typed) -> None:
    assert len([pattern for pattern in (*TESTED, *NOT_RUN) if re.match(pattern, line.command)]) == 1


def test_the_tests_that_are_named_exist() -> None:
    assert [test for test in TESTED.values() if not exists(test)] == []


def test_no_entry_of_the_table_is_left_over() -> None:
    commands = [line.command for line in typed()]
    assert [p for p in (*TESTED, *NOT_RUN) if not any(re.match(p, command) for command in commands)] == []
