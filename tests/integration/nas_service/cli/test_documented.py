"""What the documents tell a reader to type to a running service is typed, as it stands, against a real one.

Two things differ from a reader's machine: the address of the service, and workers, which make results up.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from benchmarks import no_op_workers
from nas_service.api.app import create_app
from nas_service.bootstrap import Service
from nas_service.cli.main import app
from nas_service.client import Client
from nas_service.client.client import DEFAULT_URL
from nas_service.search.memories import SqlMemories
from tests.integration.nas_service.client.conftest import candidate_with
from tests.support.api import new_service, serving
from tests.support.documented import AS_IT_STANDS, Typed, typed
from tests.support.image_folders import make_image_folder
from tests.support.source import ROOT

YAML = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)

COMMANDS = list({line.command: line for line in typed() if re.match(AS_IT_STANDS, line.command)}.values())
"""Each once, whichever documents have it."""

# MLflow's queries use a loader strategy that SQLAlchemy is going to remove.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")

Type = Callable[[Typed], None]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A reader's folder: the examples, images, the quickstart's spec, and a running service with a finished search."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "examples").symlink_to(ROOT / "examples")
    (folder / "build").mkdir()
    make_image_folder(folder / "photos", {"cat": 8, "dog": 8})
    make_image_folder(folder / "build" / "digit_images", {"one": 8, "two": 8})
    (folder / "my.yaml").write_text(YAML.findall((ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8"))[0])
    before = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.fixture(scope="module")
def type_in(home: Path) -> Iterator[Type]:
    """Types a command; whatever it submits is worked on at once."""
    with (
        pytest.MonkeyPatch.context() as environment,
        capture_logs(),
        new_service(home / "home") as service,
        serving(create_app(service)) as url,
        Client(url) as client,
    ):
        environment.setenv("NAS_SPACE_PATH", str(ROOT / "examples" / "custom_space"))
        for name, value in _named(service, client, home, url).items():
            environment.setenv(name, value)

        def run(line: Typed) -> None:
            if line.command.startswith("nas "):
                done = CliRunner().invoke(app, shlex.split(line.command)[1:])
                assert done.exit_code == 0, done.output
            else:
                command = line.command.replace(DEFAULT_URL, url)
                shown = subprocess.run(["bash", "-ec", command], capture_output=True, text=True, timeout=60)
                assert shown.returncode == 0, shown.stderr
                assert '"type":"/problems/' not in shown.stdout.replace(" ", ""), shown.stdout
            _work(service, client)

        yield run


def _named(service: Service, client: Client, home: Path, url: str) -> dict[str, str]:
    """What a reader has found out before: a search and a candidate."""
    bundle = home / "stored.zip"
    bundle.write_bytes(b"a bundle")
    candidate_id = candidate_with(service, client, service.artifacts.put(bundle, "application/zip"))
    search_id = client.candidate(candidate_id).search_id
    return {"SEARCH": search_id, "CANDIDATE": candidate_id, "NAS_URL": url, "NAS_TOKEN": ""}


def _work(service: Service, client: Client) -> None:
    for search in client.list():
        if not search.is_over:
            no_op_workers.run_to_end(service.store, SqlMemories(), search.id)


@pytest.mark.parametrize("line", COMMANDS, ids=lambda line: f"{line.document}: {line.command}")
def test_commands_of_the_documents_run_as_they_stand(type_in: Type, line: Typed) -> None:
    type_in(line)
