"""What the documents show of the client runs as it stands, against a real service whose workers make results up.

Two things differ: the address of the service, and that nothing is downloaded, for such workers write no files
(`tests/e2e/test_python_examples.py` downloads).
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nas_service.api.app import create_app
from nas_service.bootstrap import Service
from nas_service.client.client import DEFAULT_URL
from nas_service.domain.states import is_over
from nas_service.use_cases.ports import Page
from tests.integration.nas_service.client.conftest import run_to_end
from tests.support.api import serving
from tests.support.source import ROOT

PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
BLOCKS = [
    pytest.param(block, id=f"{path.relative_to(ROOT)}-{number}")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    for number, block in enumerate(PYTHON.findall(path.read_text(encoding="utf-8")))
    if "nas_service.client" in block
]
LOOK_AGAIN_S = 0.05


@contextmanager
def worked_on(service: Service) -> Iterator[None]:
    """Whatever is submitted meanwhile."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(LOOK_AGAIN_S):
            with service.store.read() as uow:
                searches, _ = uow.searches.list(Page())
            for search in searches:
                if not is_over(search.status):
                    run_to_end(service, search.id)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("block", BLOCKS)
def test_python_of_the_documents_runs(service: Service, block: str) -> None:
    kept = "".join(line for line in block.splitlines(keepends=True) if ".download(" not in line)
    with serving(create_app(service)) as url, worked_on(service):
        exec(kept.replace(DEFAULT_URL, url).replace("AsyncClient()", f"AsyncClient({url!r})"), {"__name__": "document"})
