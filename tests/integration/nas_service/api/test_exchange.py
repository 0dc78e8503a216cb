"""Export and import over REST, from one tenant to another, and everything that is shown of an imported search."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from nas_service.api.app import create_app
from nas_service.bootstrap import Service
from tests.integration.nas_service.api.conftest import LOOPBACK, SPEC
from tests.support.api import new_service
from tests.support.exchanged import CONTENT, ended, rewritten

ZIP = {"Content-Type": "application/zip"}


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[TestClient]:
    """Another service, with a home of its own."""
    with (
        new_service(tmp_path / "elsewhere", max_upload_bytes=10**6) as service,
        TestClient(create_app(service), base_url=LOOPBACK, raise_server_exceptions=False) as client,
    ):
        yield client


@pytest.fixture
def finished_id(service: Service, tmp_path: Path) -> str:
    """A search that has ended, with files that can be opened."""
    return ended(service.store, service.artifacts, tmp_path, "default").id


def _imported(client: TestClient, content: bytes) -> dict[str, Any]:
    answer = client.post("/v1/searches/import", content=content, headers=ZIP)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/searches/{answer.json()['id']}"
    found: dict[str, Any] = answer.json()
    return found


def test_an_imported_search_is_shown_as_it_was(client: TestClient, elsewhere: TestClient, finished_id: str) -> None:
    content = client.get(f"/v1/searches/{finished_id}/export").content
    search = _imported(elsewhere, content)
    assert (search["imported"], search["status"]) == (True, "SUCCEEDED")
    csvs = []
    for at, search_id in ((client, finished_id), (elsewhere, search["id"])):
        lines = at.get(f"/v1/searches/{search_id}/front?format=csv").text.splitlines()
        csvs.append([line.partition(",")[2] for line in lines])
    assert csvs[0] == csvs[1]
    for figure in ("points", "growth", "importance", "curves", "timeline", "proxies"):
        assert elsewhere.get(f"/v1/searches/{search['id']}/{figure}").status_code == 200, figure
    page = elsewhere.get(f"/searches/{search['id']}")
    assert page.status_code == 200
    assert ">imported</span>" in page.text
    front = elsewhere.get(f"/v1/searches/{search['id']}/front").json()
    for member in front["members"]:
        candidate = member["candidate"]["id"]
        assert elsewhere.get(f"/v1/candidates/{candidate}/bundle").content == CONTENT
        assert elsewhere.get(f"/candidates/{candidate}").status_code == 200
        assert elsewhere.get(f"/v1/candidates/{candidate}/drawing").status_code == 200


def test_the_same_file_again_is_the_same_search(client: TestClient, elsewhere: TestClient, finished_id: str) -> None:
    content = client.get(f"/v1/searches/{finished_id}/export").content
    search = _imported(elsewhere, content)
    again = elsewhere.post("/v1/searches/import", content=content, headers=ZIP)
    assert (again.status_code, again.json()["id"]) == (200, search["id"])
    assert elsewhere.delete(f"/v1/searches/{search['id']}").status_code == 204
    assert _imported(elsewhere, content)["id"] != search["id"]


def test_without_networks_the_numbers_are_there(client: TestClient, elsewhere: TestClient, finished_id: str) -> None:
    whole = client.get(f"/v1/searches/{finished_id}/export").content
    lean = client.get(f"/v1/searches/{finished_id}/export?artifacts=false").content
    assert (CONTENT in whole, CONTENT in lean) == (True, False)
    search = _imported(elsewhere, lean)
    front = elsewhere.get(f"/v1/searches/{search['id']}/front").json()
    bundle = elsewhere.get(f"/v1/candidates/{front['members'][0]['candidate']['id']}/bundle")
    assert bundle.status_code == 404
    assert "did not come with the file that its search was imported from" in bundle.json()["detail"]


def test_a_download_that_broke_off_goes_on(client: TestClient, service: Service, finished_id: str) -> None:
    url = f"/v1/searches/{finished_id}/export"
    whole = client.get(url)
    rest = client.get(url, headers={"Range": "bytes=100-"})
    assert (rest.status_code, rest.headers["etag"]) == (206, whole.headers["etag"])
    assert whole.content[:100] + rest.content == whole.content
    assert list(service.settings.uploads_dir.iterdir()) == []


def test_a_tampered_file_is_refused_with_the_part_named(
    client: TestClient, elsewhere: TestClient, finished_id: str, tmp_path: Path
) -> None:
    file = tmp_path / "search.zip"
    file.write_bytes(client.get(f"/v1/searches/{finished_id}/export").content)
    changed = rewritten(file, tmp_path / "changed.zip", "evaluations.jsonl", b"{}\n", honest=False)
    answer = elsewhere.post("/v1/searches/import", content=changed.read_bytes(), headers=ZIP)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-export")
    assert [error["field"] for error in answer.json()["errors"]] == ["evaluations.jsonl"]
    assert elsewhere.get("/v1/searches").json()["items"] == []


def test_a_checksum_alone_gives_nobody_a_file(client: TestClient, finished_id: str, tmp_path: Path) -> None:
    """The content is stored here: a file that only names it must not get at it."""
    file = tmp_path / "search.zip"
    file.write_bytes(client.get(f"/v1/searches/{finished_id}/export?artifacts=false").content)
    candidate = client.get(f"/v1/searches/{finished_id}/front").json()["members"][0]["candidate"]["id"]
    [bundle] = [a for a in client.get(f"/v1/candidates/{candidate}/artifacts").json() if a["name"] == "bundle.zip"]
    row = f'{{"candidate_id": "{candidate}", "name": "bundle.zip", "artifact": {{"sha256": "{bundle["sha256"]}",'
    row += f' "size_bytes": {bundle["size_bytes"]}, "media_type": "application/zip"}}}}'
    wanted = rewritten(file, tmp_path / "wanted.zip", "files.jsonl", row.encode(), honest=True)
    answer = client.post("/v1/searches/import", content=wanted.read_bytes(), headers=ZIP)
    assert answer.status_code == 422
    assert f"bundle.zip of {candidate} is not in the file" in answer.json()["detail"]


def test_what_is_too_large_or_still_runs_is_refused(client: TestClient, elsewhere: TestClient) -> None:
    too_large = elsewhere.post("/v1/searches/import", content=bytes(10**6 + 1), headers=ZIP)
    assert (too_large.status_code, too_large.json()["type"]) == (413, "/problems/body-too-large")
    search_id = client.post("/v1/searches", json=SPEC).json()["id"]
    live = client.get(f"/v1/searches/{search_id}/export")
    assert (live.status_code, live.json()["type"]) == (409, "/problems/search-not-over")
