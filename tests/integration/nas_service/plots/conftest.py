"""A search whose candidates are stored and not trained, behind real HTTP: drawing changes nothing, so one for all."""

from collections.abc import Iterator

import pytest

from nas_service.api.app import create_app
from nas_service.client import Client
from nas_service.domain.states import SearchStatus
from nas_service.plots.material import Material
from tests.support.api import new_service, plain_logs, serving
from tests.support.finished_search import seed

COUNT = 40
NAME = "digits <script>alert(1)</script> & more"


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Material]:
    """Of a search that has succeeded, with failures, retries and a constraint on the way."""
    home = tmp_path_factory.mktemp("plots") / "home"
    with plain_logs(), new_service(home) as service, serving(create_app(service)) as url, Client(url) as client:
        search = seed(service.store, COUNT, name=NAME, status=SearchStatus.SUCCEEDED)
        yield Material(client, search.id)
