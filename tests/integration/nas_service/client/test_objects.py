"""Searches and candidates as objects, and the data frame of a front."""

import io
import sys
from pathlib import Path

import pytest
import torch
from rich.console import Console
from torch import nn

from nas_service.bootstrap import Service
from nas_service.client import Candidate, Client, SearchFailedError
from nas_service.client.progress import progress_bar
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.extras import MissingExtraError
from tests.integration.nas_service.client.conftest import SPEC, candidate_with, run_to_end
from tests.support.bundles import tiny_bundle
from tests.support.missing import without


def test_a_search_is_waited_for_and_its_front_read(client: Client, service: Service) -> None:
    search = client.submit(SPEC)
    assert (search.status, search.is_over) == (SearchStatus.QUEUED, False)
    run_to_end(service, search.id)
    assert search.wait(progress=False, poll_s=0.01) is search
    assert search.status is SearchStatus.SUCCEEDED
    front = search.front()
    assert [member.id for member in front] == [m.candidate.id for m in client.front(search.id).members]
    assert len(front) == search.info.front_size
    best = front[0]
    assert best.accuracy == max(member.accuracy for member in front if member.accuracy is not None)
    assert best.latency_ms() == best.metrics["latency_ms@0"]
    assert best.detail().evaluation is not None
    completed = list(search.candidates(CandidateStatus.COMPLETED))
    assert [candidate.number for candidate in completed] == [0, 1, 2, 3]


def test_a_search_is_steered_and_forgotten(client: Client) -> None:
    search = client.search(client.submit(SPEC).id)
    assert search.pause().status is SearchStatus.PAUSED
    assert search.refresh().status is SearchStatus.PAUSED
    assert search.resume().status is SearchStatus.RUNNING
    assert search.cancel().status is SearchStatus.CANCELLING


def test_waiting_for_a_search_that_was_cancelled_says_so(client: Client, service: Service) -> None:
    search = client.submit(SPEC)
    search.cancel()
    run_to_end(service, search.id)
    with pytest.raises(SearchFailedError, match=f"{search.id}: it was cancelled"):
        search.wait(progress=False, poll_s=0.01)


def test_a_front_is_a_frame_with_metrics_and_choices(client: Client, service: Service) -> None:
    search = client.submit(SPEC)
    run_to_end(service, search.id)
    front = search.front()
    frame = front.to_frame()
    assert list(frame.index) == [member.id for member in front]
    assert list(frame["latency_ms@0"]) == [member.latency_ms() for member in front]
    for name, value in front[0].architecture.items():
        assert frame[name].iloc[0] == value


def test_a_frame_without_pandas_is_told_how_to_get_it(
    client: Client, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = client.submit(SPEC)
    run_to_end(service, search.id)
    without("pandas", monkeypatch)
    with pytest.raises(MissingExtraError, match=r"pip install 'nas-service\[pandas\]'"):
        search.front().to_frame()


def test_a_candidate_is_downloaded_into_a_folder_of_its_own(
    client: Client, candidate_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = {c.id: c for c in client.search(client.candidate(candidate_id).search_id).candidates()}
    folder = found[candidate_id].download()
    assert folder == Path(candidate_id)
    assert {path.name for path in folder.iterdir()} == {"architecture.json", "weights.safetensors"}


@pytest.fixture
def loadable(client: Client, service: Service, tmp_path: Path) -> tuple[Candidate, nn.Module]:
    """A candidate with a bundle, and the network in it."""
    network, bundle = tiny_bundle(tmp_path)
    candidate_id = candidate_with(service, client, service.artifacts.put(bundle, "application/zip"))
    search = client.search(client.candidate(candidate_id).search_id)
    return next(c for c in search.candidates() if c.id == candidate_id), network


def test_a_candidate_is_loaded_as_the_network_of_its_bundle(loadable: tuple[Candidate, nn.Module]) -> None:
    candidate, network = loadable
    images = torch.rand(4, 3, 8, 8)
    loaded = candidate.load()
    assert not loaded.training
    assert torch.equal(loaded(images), network(images))


def test_loading_without_torch_tells_how_to_get_it(
    loadable: tuple[Candidate, nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "search_spaces.bundle", raising=False)
    without("torch", monkeypatch)
    with pytest.raises(MissingExtraError, match=r"pip install 'nas-service\[worker\]'"):
        loadable[0].load()


def test_the_progress_bar_tells_how_many_of_how_many_and_the_best(client: Client, service: Service) -> None:
    search = client.submit(SPEC)
    run_to_end(service, search.id)
    written = io.StringIO()
    with progress_bar(search.info, shown=True, console=Console(file=written, width=120)) as update:
        update(search.refresh().info)
    shown = written.getvalue()
    assert "succeeded" in shown
    assert "4/4" in shown
    assert f"front {search.info.front_size}" in shown
