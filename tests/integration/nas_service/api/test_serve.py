"""The API process: where it listens, and how it ends."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx

from nas_service.bootstrap import Service
from nas_service.domain.identity import Scope
from nas_service.use_cases.keys import create_key
from tests.integration.nas_service.api.conftest import SPEC
from tests.support.api_process import api_process, url_of

WAIT_S = 30.0


def test_an_open_event_stream_does_not_hold_up_the_end_of_the_process(service: Service) -> None:
    with api_process(service.settings.home) as process:
        url = url_of(process)
        search_id = httpx.post(f"{url}/v1/searches", json=SPEC).json()["id"]
        with httpx.stream("GET", f"{url}/v1/searches/{search_id}/events", timeout=WAIT_S) as stream:
            assert "search.submitted" in next(stream.iter_text())
            process.send_signal(signal.SIGTERM)
            assert process.wait(WAIT_S) in (0, -signal.SIGTERM)


def test_it_refuses_to_be_reached_from_other_machines_without_keys(service: Service) -> None:
    with api_process(service.settings.home, NAS_HOST="0.0.0.0") as process:
        _, errors = process.communicate(timeout=WAIT_S)
    assert process.returncode == 1
    assert errors.startswith("error: refusing to serve on 0.0.0.0")
    assert "nas keys create" in errors


def test_without_its_tables_it_says_so(tmp_path: Path) -> None:
    with api_process(tmp_path, NAS_HOST="0.0.0.0") as process:
        _, errors = process.communicate(timeout=WAIT_S)
    assert process.returncode == 1
    assert "nas migrate" in errors


def test_with_a_key_it_answers_to_other_machines_that_have_one(service: Service) -> None:
    _, token = create_key(service.store, "ours", "first", [Scope.READ])
    with api_process(service.settings.home, NAS_HOST="0.0.0.0") as process:
        url = url_of(process).replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{url}/v1/searches").status_code == 401
        answer = httpx.get(f"{url}/v1/searches", headers={"Host": "lab", "Authorization": f"Bearer {token}"})
        assert answer.json() == {"items": [], "next_cursor": None}


def test_told_that_this_is_wanted_it_answers_to_any_name(service: Service) -> None:
    with api_process(service.settings.home, NAS_HOST="0.0.0.0", NAS_INSECURE="1") as process:
        url = url_of(process).replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{url}/healthz", headers={"Host": "lab-machine"}).status_code == 200


def test_the_process_imports_no_torch_and_no_runtime() -> None:
    program = "import sys, nas_service.api.serve; print(sorted({'torch', 'onnxruntime', 'onnx'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
