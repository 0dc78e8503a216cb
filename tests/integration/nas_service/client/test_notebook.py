"""The progress bar in a notebook: a real kernel, and what it sends to be displayed."""

from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from nas_service.api.app import create_app
from nas_service.bootstrap import Service
from nas_service.client import Client
from tests.integration.nas_service.client.conftest import SPEC, run_to_end
from tests.support.api import serving

TIMEOUT_S = 120
CELL = """\
from nas_service.client import Client
with Client({url!r}) as client:
    client.search({search_id!r}).wait()
"""


def _executed(cell: str) -> list[dict[str, Any]]:
    """What a fresh kernel publishes while it executes a cell."""
    published: list[dict[str, Any]] = []
    kernel, client = start_new_kernel(startup_timeout=TIMEOUT_S)
    try:
        reply = client.execute_interactive(cell, timeout=TIMEOUT_S, output_hook=published.append)
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)
    assert reply["content"]["status"] == "ok", reply["content"]
    return published


def test_waiting_shows_a_progress_bar_in_a_notebook(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    with serving(create_app(service)) as url, Client(url) as client:
        search = client.submit(SPEC)
        run_to_end(service, search.id)
        published = _executed(CELL.format(url=url, search_id=search.id))
    shown = [message["content"]["data"] for message in published if message["msg_type"] == "display_data"]
    assert any("application/vnd.jupyter.widget-view+json" in data for data in shown), "updated in place"
    texts = [data.get("text/plain", "") for data in shown]
    assert any("succeeded" in text and "4/4" in text for text in texts), texts
    streams = [message["content"] for message in published if message["msg_type"] == "stream"]
    assert [stream["text"] for stream in streams if stream["name"] == "stderr"] == []
