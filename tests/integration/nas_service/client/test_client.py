"""The client against a real server, in good times and bad."""

import hashlib
import socket
import threading
from pathlib import Path

import pytest

from nas_service.bootstrap import Service
from nas_service.client import Client, ClientError, CorruptDownloadError, UnreachableError
from nas_service.domain.entities import Artifact
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.wire.searches import SearchDetail
from tests.integration.nas_service.client.conftest import SPEC, Troubled, candidate_with, run_to_end
from tests.support.archives import class_folders, write_zip


def test_a_spec_may_be_a_mapping_or_a_value(client: Client) -> None:
    from_mapping = client.submit(SPEC)
    from_value = client.submit(SearchSpec.model_validate(SPEC))
    assert from_mapping.spec == from_value.spec
    assert from_mapping.id != from_value.id
    assert client.get(from_mapping.id).status is SearchStatus.QUEUED


def test_a_search_is_followed_to_its_front(client: Client, service: Service) -> None:
    search = client.submit(SPEC)
    seen: list[SearchDetail] = []
    running = threading.Thread(target=run_to_end, args=(service, search.id))
    running.start()
    final = client.wait(search.id, seen.append, poll_s=0.01, timeout_s=60)
    running.join()
    assert final.status is SearchStatus.SUCCEEDED
    assert seen[-1] == final
    assert len({update.version for update in seen}) > 1
    front = client.front(search.id)
    assert len(front.members) == final.front_size >= 1
    assert client.front_csv(search.id).count("\r\n") == final.front_size + 1
    candidates = list(client.candidates(search.id, CandidateStatus.COMPLETED))
    assert [candidate.number for candidate in candidates] == [0, 1, 2, 3]
    assert client.candidate(candidates[0].id).evaluation is not None


def test_waiting_has_an_end(client: Client) -> None:
    search = client.submit(SPEC)
    with pytest.raises(TimeoutError, match=search.id):
        client.wait(search.id, poll_s=0.01, timeout_s=0.03)


def test_lists_are_read_to_their_end(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nas_service.client.calls.PAGE_ROWS", 2)
    submitted = [client.submit(SPEC).id for _ in range(5)]
    assert [search.id for search in client.list()] == submitted[::-1]
    assert list(client.list(SearchStatus.FAILED)) == []


def test_a_search_is_steered(client: Client) -> None:
    search = client.submit(SPEC)
    assert client.pause(search.id).status is SearchStatus.PAUSED
    assert client.resume(search.id).status is SearchStatus.RUNNING
    assert client.cancel(search.id).status is SearchStatus.CANCELLING


def test_a_refusal_carries_its_problem(client: Client) -> None:
    with pytest.raises(ClientError) as refused:
        client.submit({"dataset": {"name": "digits"}, "seeed": 1})
    assert refused.value.problem.slug == "invalid-spec"
    assert refused.value.problem.errors[0].field == "seeed"
    with pytest.raises(ClientError) as refused:
        client.get("search-0")
    assert refused.value.problem.status == 404


def test_the_catalog_is_typed(client: Client) -> None:
    assert "mobilenet" in {space.name for space in client.spaces().items}
    assert int(client.space("mobilenet", "small").size) > 10**6
    assert "mixup" in {step.name for step in client.recipes().items}
    assert client.datasets_read() == client.devices().items == ()
    assert not any(target.available for target in client.targets().items)


def test_readiness_is_told_not_raised(client: Client, server: Troubled) -> None:
    told = client.readiness()
    assert not told.ready
    assert "no worker" in told.reasons[0]
    assert server.requests.count(("GET", "/readyz")) == 1


def test_a_busy_service_is_asked_again(client: Client, server: Troubled) -> None:
    server.busy = 3
    assert list(client.list()) == []
    assert len(server.requests) == 4


def test_a_service_that_stays_busy_is_given_up(client: Client, server: Troubled) -> None:
    server.busy = 100
    with pytest.raises(ClientError) as given_up:
        client.spaces()
    assert given_up.value.problem.status == 503
    assert len(server.requests) == 5


def test_a_submission_whose_answer_was_lost_is_not_doubled(client: Client, server: Troubled) -> None:
    server.lost_answers = 2
    search = client.submit(SPEC)
    assert [found.id for found in client.list()] == [search.id]


def test_an_absent_service_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}", retries=1) as client:
        with pytest.raises(UnreachableError, match=f"127.0.0.1:{port}"):
            client.spaces()
        with pytest.raises(UnreachableError):
            client.readiness()
        with pytest.raises(UnreachableError):
            next(client.events("search-0"))


def test_events_come_once_each_although_the_connection_breaks(
    client: Client, server: Troubled, service: Service
) -> None:
    search = client.submit(SPEC)
    run_to_end(service, search.id)
    with service.store.read() as uow:
        expected = [event.id for event in uow.events.since(search.id, 0, 1000)]
    server.break_after_bytes = 700
    assert [event.id for event in client.events(search.id)] == expected
    assert [event.id for event in client.events(search.id, last_id=expected[4])] == expected[5:]
    assert server.requests.count(("GET", f"/v1/searches/{search.id}/events")) >= 3


def test_a_bundle_is_unpacked_where_it_was_asked_for(client: Client, candidate_id: str, tmp_path: Path) -> None:
    folder = client.download_bundle(candidate_id, tmp_path / "new" / "bundle")
    assert sorted(path.name for path in folder.iterdir()) == ["architecture.json", "weights.safetensors"]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["bundle"]


def test_a_broken_download_is_continued_not_begun_again(
    client: Client, server: Troubled, candidate_id: str, bundle: bytes, tmp_path: Path
) -> None:
    server.break_after_bytes = 200_000
    file = client.download_artifact(candidate_id, "bundle.zip", tmp_path)
    assert file.read_bytes() == bundle
    assert server.requests.count(("GET", f"/v1/candidates/{candidate_id}/artifacts/bundle.zip")) == 2


def test_a_download_that_differs_from_its_checksum_leaves_nothing(
    client: Client, service: Service, tmp_path: Path, bundle: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotten = tmp_path / "rotten"
    rotten.write_bytes(bundle[:-1] + b"?")
    artifact = Artifact(hashlib.sha256(bundle).hexdigest(), len(bundle), "application/zip")
    candidate_id = candidate_with(service, client, artifact)
    monkeypatch.setattr(type(service.artifacts), "open_path", lambda _self, _sha256: rotten)
    folder = tmp_path / "downloads"
    with pytest.raises(CorruptDownloadError, match="download it again"):
        client.download_bundle(candidate_id, folder / "bundle")
    assert list(folder.iterdir()) == []


def test_an_upload_whose_answer_is_lost_is_sent_again_to_the_same_end(
    client: Client, server: Troubled, tmp_path: Path
) -> None:
    path = write_zip(tmp_path / "pets.zip", class_folders({"cat": 3, "dog": 3}))
    told: list[tuple[int, int]] = []
    server.lost_answers = 1
    made = client.upload_dataset(path, on_progress=lambda sent, total: told.append((sent, total)))
    assert server.requests.count(("POST", "/v1/datasets")) == 2
    assert [found.id for found in client.datasets()] == [made.id]
    assert client.dataset(made.id) == made
    size_bytes = path.stat().st_size
    assert (made.name, made.size_bytes, told[-1]) == ("pets", size_bytes, (size_bytes, size_bytes))
    client.delete_dataset(made.id)
    assert list(client.datasets()) == []
