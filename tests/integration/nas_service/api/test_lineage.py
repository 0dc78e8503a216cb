"""Parent and child over REST and on their pages."""

from pathlib import Path

import pytest
from rich.console import Console
from starlette.testclient import TestClient

from benchmarks import no_op_workers
from nas_service.api.app import create_app
from nas_service.bootstrap import Service
from nas_service.cli.display.lineage import lineages
from nas_service.cli.results import FrontResult, Results
from nas_service.domain.compression.quantize_int8 import QuantizeInt8Options
from nas_service.search.memories import SqlMemories
from nas_service.wire.candidates import CandidateDetail
from nas_service.wire.searches import SearchDetail
from tests.integration.nas_service.api.conftest import LOOPBACK, SPEC


@pytest.fixture
def family(client: TestClient, service: Service) -> tuple[CandidateDetail, CandidateDetail]:
    """A finished candidate and its child, with made-up numbers."""
    spec = SPEC | {"budget": {"candidates": 1}, "finalize": {"recipe": ["quantize-int8"]}}
    search_id = client.post("/v1/searches", json=spec).json()["id"]
    no_op_workers.run_to_end(service.store, SqlMemories(), search_id)
    listed = client.get(f"/v1/searches/{search_id}/candidates").json()["items"]
    parent, child = (client.get(f"/v1/candidates/{item['id']}").json() for item in listed)
    return CandidateDetail.model_validate(parent), CandidateDetail.model_validate(child)


def test_a_child_names_its_parent_and_a_parent_its_children(family: tuple[CandidateDetail, CandidateDetail]) -> None:
    parent, child = family
    assert (parent.parent_id, parent.recipe, parent.lineage) == (None, (), None)
    assert (child.parent_id, child.recipe, child.children) == (
        parent.id,
        ({"quantize-int8": QuantizeInt8Options().model_dump(mode="json")},),
        (),
    )
    (named,) = parent.children
    assert (named.id, named.number, named.lineage) == (child.id, 1, child.lineage)
    assert child.lineage is not None
    assert child.lineage.parent_number == 0
    assert child.lineage.comparison["macs"].parent == parent.metrics["macs"]
    assert child.lineage.comparison["macs"].child == child.metrics["macs"]


def test_both_pages_and_the_terminal_show_them_side_by_side(
    client: TestClient, service: Service, family: tuple[CandidateDetail, CandidateDetail]
) -> None:
    parent, child = family
    assert child.lineage is not None
    with TestClient(create_app(service), base_url=LOOPBACK) as browser:
        pages = [browser.get(f"/candidates/{one.id}").text for one in family]
    for page in pages:
        assert "Compressed by quantize-int8" in page
        assert child.lineage.reason in page
        assert f'href="/candidates/{parent.id}"' in page
    search = SearchDetail.model_validate(client.get(f"/v1/searches/{parent.search_id}").json())
    console = Console(width=140, color_system=None)
    with console.capture() as capture:
        console.print(lineages(Results(Path("results"), search, (FrontResult(1, parent, Path("results/1")),))))
    lines = capture.get().splitlines()
    assert f"candidate 0, compressed to 1 by quantize-int8: {child.lineage.reason}" in lines
    assert any(line.split()[0] == "MACs" and line.endswith("%") for line in lines if line)
