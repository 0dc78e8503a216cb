"""Candidates, the front in both forms, and downloads."""

import csv
import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from benchmarks import no_op_workers
from nas_service.bootstrap import Service
from nas_service.domain.front import non_dominated
from nas_service.search.memories import SqlMemories
from nas_service.use_cases.advance import advance
from nas_service.use_cases.collect import collect_all
from tests.support.finished_search import seed


@pytest.fixture
def bundle(tmp_path: Path) -> bytes:
    """The content of a small bundle."""
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("architecture.json", '{"format": 1}')
    return path.read_bytes()


@pytest.fixture
def candidate_id(client: TestClient, service: Service, search_id: str, tmp_path: Path, bundle: bytes) -> str:
    """A candidate that has a bundle."""
    memories = SqlMemories()
    advance(service.store, memories, search_id)
    item = no_op_workers.claim(service.store)
    assert item is not None
    no_op_workers.finish(service.store, item)
    advance(service.store, memories, search_id)
    candidate = client.get(f"/v1/searches/{search_id}/candidates").json()["items"][0]["id"]
    artifact = service.artifacts.put(tmp_path / "bundle.zip", "application/zip")
    with service.store.write() as uow:
        uow.evidence.add_artifact(artifact)
        uow.evidence.link_artifact(candidate, "bundle.zip", artifact.sha256)
    return str(candidate)


def test_candidates_come_in_pages_by_number(client: TestClient, finished_id: str) -> None:
    path = f"/v1/searches/{finished_id}/candidates"
    first = client.get(path, params={"limit": 4}).json()
    second = client.get(path, params={"limit": 4, "cursor": first["next_cursor"]}).json()
    assert [item["number"] for item in first["items"] + second["items"]] == list(range(6))
    assert second["next_cursor"] is None


def test_candidates_can_be_narrowed_to_a_status(client: TestClient, finished_id: str) -> None:
    path = f"/v1/searches/{finished_id}/candidates"
    assert len(client.get(path, params={"status": "COMPLETED"}).json()["items"]) == 6
    assert client.get(path, params={"status": "FAILED"}).json()["items"] == []


def test_a_candidate_shows_its_evidence(client: TestClient, finished_id: str) -> None:
    [one, *_] = client.get(f"/v1/searches/{finished_id}/candidates").json()["items"]
    candidate = client.get(f"/v1/candidates/{one['id']}").json()
    assert candidate["evaluation"]["accuracy"] == candidate["metrics"]["accuracy"]
    measurement = candidate["measurements"][0]
    assert measurement["median_ms"] == candidate["metrics"]["latency_ms@0"]
    assert measurement["histogram"] is None, "these workers keep no samples"
    assert {item["kind"] for item in candidate["work"]} >= {"evaluate", "profile"}


def test_the_front_is_the_non_dominated_candidates(client: TestClient, finished_id: str) -> None:
    candidates = client.get(f"/v1/searches/{finished_id}/candidates").json()["items"]
    points = [(c["metrics"]["accuracy"], c["metrics"]["latency_ms@0"]) for c in candidates]
    expected = {candidates[i]["id"] for i in non_dominated(points, (True, False))}
    front = client.get(f"/v1/searches/{finished_id}/front").json()
    assert {member["candidate"]["id"] for member in front["members"]} == expected
    assert [axis["key"] for axis in front["axes"]] == ["accuracy", "latency_ms@0"]
    assert [axis["goal"] for axis in front["axes"]] == ["maximize", "minimize"]
    first_values = [member["values"][0] for member in front["members"]]
    assert first_values == sorted(first_values, reverse=True)


def test_the_front_of_a_target_takes_its_latency_and_an_unknown_target_is_named(
    client: TestClient, service: Service
) -> None:
    targets, worst = [{"threads": 1}, {"threads": 2}], {"metric": "latency_ms", "across": "worst"}
    spec = {"dataset": {"name": "digits"}, "strategy": {"sampler": "random"}, "budget": {"candidates": 3}}
    spec |= {"targets": targets, "objectives": [{"metric": "accuracy"}, worst]}
    search_id = client.post("/v1/searches", json=spec).json()["id"]
    no_op_workers.run_to_end(service.store, SqlMemories(), search_id)
    path = f"/v1/searches/{search_id}/front"
    whole, second = client.get(path), client.get(path, params={"target": 1})
    assert [axis["key"] for axis in whole.json()["axes"]] == ["accuracy", "latency_ms@worst"]
    assert [axis["key"] for axis in second.json()["axes"]] == ["accuracy", "latency_ms@1"]
    assert whole.headers["ETag"] != second.headers["ETag"]
    for member in second.json()["members"]:
        assert member["values"] == [member["metrics"]["accuracy"], member["metrics"]["latency_ms@1"]]
    header = client.get(path, params={"target": 1, "format": "csv"}).text.splitlines()[0]
    assert "probability" in header.split(",")
    answer = client.get(path, params={"target": 2})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.target")


def test_a_front_tells_its_doubts(client: TestClient, service: Service) -> None:
    search = seed(service.store, 40)
    front = client.get(f"/v1/searches/{search.id}/front").json()
    assert front["figures"] == "search"
    assert front["near_count"] >= len(front["near"]) > 0
    assert {member["certain"] for member in front["members"]} == {True, False}
    for place in (*front["members"], *front["near"]):
        assert place["certain"] == (not place["rivals"])
        assert 0 <= place["probability"] <= 1
        assert all(low <= value <= high for value, (low, high) in zip(place["values"], place["intervals"], strict=True))
    chances = [place["probability"] for place in front["near"]]
    assert chances == sorted(chances, reverse=True)
    rows = list(csv.DictReader(io.StringIO(client.get(f"/v1/searches/{search.id}/front?format=csv").text, newline="")))
    for row, member in zip(rows, front["members"], strict=True):
        told = (row["accuracy_ci95_low"], row["accuracy_ci95_high"], row["probability"])
        assert [float(number) for number in told] == [*member["intervals"][0], member["probability"]]


@pytest.mark.parametrize("ask", [{"params": {"format": "csv"}}, {"headers": {"Accept": "text/csv"}}])
def test_the_front_as_csv_says_the_same(client: TestClient, finished_id: str, ask: dict[str, dict[str, str]]) -> None:
    front = client.get(f"/v1/searches/{finished_id}/front").json()
    answer = client.get(f"/v1/searches/{finished_id}/front", **ask)  # type: ignore[arg-type]
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["candidate_id"] for row in rows] == [m["candidate"]["id"] for m in front["members"]]
    assert [float(row["accuracy"]) for row in rows] == [m["values"][0] for m in front["members"]]


def test_a_search_without_candidates_has_an_empty_front(client: TestClient, search_id: str) -> None:
    front = client.get(f"/v1/searches/{search_id}/front").json()
    assert front["members"] == []
    assert front["hypervolume"] == 0
    assert front["reference"] is None
    header, *rows = client.get(f"/v1/searches/{search_id}/front?format=csv").text.splitlines()
    assert header == "candidate_id,number,architecture_key"
    assert rows == []


def test_a_bundle_is_downloaded_whole_under_its_sha256(client: TestClient, candidate_id: str, bundle: bytes) -> None:
    answer = client.get(f"/v1/candidates/{candidate_id}/bundle")
    assert answer.content == bundle
    assert answer.headers["ETag"] == f'"{hashlib.sha256(bundle).hexdigest()}"'
    assert answer.headers["Content-Type"] == "application/zip"
    assert f'filename="{candidate_id}.zip"' in answer.headers["Content-Disposition"]
    assert client.get(f"/v1/candidates/{candidate_id}/artifacts/bundle.zip").content == bundle
    [listed] = client.get(f"/v1/candidates/{candidate_id}/artifacts").json()
    assert (listed["name"], listed["size_bytes"]) == ("bundle.zip", len(bundle))


def test_a_download_can_be_continued(client: TestClient, candidate_id: str, bundle: bytes) -> None:
    path = f"/v1/candidates/{candidate_id}/bundle"
    etag = client.get(path).headers["ETag"]
    rest = client.get(path, headers={"Range": "bytes=10-", "If-Range": etag})
    assert rest.status_code == 206
    assert rest.content == bundle[10:]
    assert rest.headers["Content-Range"] == f"bytes 10-{len(bundle) - 1}/{len(bundle)}"
    changed = client.get(path, headers={"Range": "bytes=10-", "If-Range": '"another"'})
    assert (changed.status_code, changed.content) == (200, bundle)


def test_a_known_download_is_not_sent_again(client: TestClient, candidate_id: str) -> None:
    path = f"/v1/candidates/{candidate_id}/bundle"
    etag = client.get(path).headers["ETag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize(("wanted", "status"), [("bytes=999999-", 416), ("lines=1-2", 400)])
def test_a_range_that_cannot_be_served_is_a_problem(
    client: TestClient, candidate_id: str, bundle: bytes, wanted: str, status: int
) -> None:
    answer = client.get(f"/v1/candidates/{candidate_id}/bundle", headers={"Range": wanted})
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    if status == 416:
        assert answer.headers["Content-Range"] == f"bytes */{len(bundle)}"


def test_what_is_not_there_is_not_found(client: TestClient, candidate_id: str) -> None:
    assert client.get(f"/v1/candidates/{candidate_id}/artifacts/model.onnx").status_code == 404
    assert client.get("/v1/candidates/candidate-0/bundle").status_code == 404
    assert client.get("/v1/candidates/candidate-0").json()["type"] == "/problems/no-such-candidate"


def test_what_was_collected_is_gone_and_says_how_to_keep_it(
    client: TestClient, service: Service, finished_id: str
) -> None:
    collect_all(service.store, service.files, grace_s=-1)
    members = {m["candidate"]["id"] for m in client.get(f"/v1/searches/{finished_id}/front").json()["members"]}
    candidates = client.get(f"/v1/searches/{finished_id}/candidates").json()["items"]
    details = [client.get(f"/v1/candidates/{candidate['id']}").json() for candidate in candidates]
    assert {detail["id"] for detail in details if not detail["files_collected"]} == members
    dominated = next(detail["id"] for detail in details if detail["files_collected"])
    answer = client.get(f"/v1/candidates/{dominated}/artifacts/model.onnx")
    assert answer.status_code == 410
    assert answer.json()["type"] == "/problems/artifact-collected"
    assert "finalize.keep: all" in answer.json()["detail"]
    assert client.get(f"/v1/candidates/{dominated}/artifacts/never.txt").status_code == 404


def test_a_file_that_has_rotted_is_not_sent(
    client: TestClient, service: Service, candidate_id: str, bundle: bytes
) -> None:
    path = service.artifacts.open_path(hashlib.sha256(bundle).hexdigest())
    path.chmod(0o644)
    path.write_bytes(b"rotten")
    answer = client.get(f"/v1/candidates/{candidate_id}/bundle")
    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/corrupt-artifact"
    assert str(path) not in answer.text
