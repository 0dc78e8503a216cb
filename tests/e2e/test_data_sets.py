"""Whole searches on data sets of the user's own."""

import json
from pathlib import Path

import pytest

from examples.make_image_folder import main as make_image_folder
from nas_service.client import Client
from nas_service.client.errors import ClientError
from nas_service.domain.states import SearchStatus
from tests.support.digits import digits_npz
from tests.support.service import RunningService
from tests.support.tiny import tiny_search

pytestmark = pytest.mark.e2e


def images(root: Path) -> str:
    make_image_folder(root / "images")
    return f"imagefolder:{root / 'images'}"


def arrays(root: Path) -> str:
    return f"npz:{digits_npz(root / 'digits.npz')}"


@pytest.mark.parametrize("make", [images, arrays])
def test_a_search_on_files_ends_with_bundles(service: RunningService, data_root: Path, make: object) -> None:
    assert callable(make)
    name = make(data_root)
    spec = tiny_search(dataset={"name": name}, budget={"candidates": 2}, training={"epochs": 1, "precision": "fp32"})
    ended = service.client.wait(service.client.submit(spec).id, poll_s=0.2, timeout_s=300)
    assert ended.status is SearchStatus.SUCCEEDED, ended.failure
    assert ended.resolved_dataset is not None
    assert ended.resolved_dataset.classes == tuple("0123456789")
    members = service.client.front(ended.id).members
    assert members
    assert all("bundle.zip" in {a.name for a in service.client.artifacts(m.candidate.id)} for m in members)


def test_a_search_on_an_uploaded_folder_ends_with_bundles(service: RunningService, tmp_path: Path) -> None:
    make_image_folder(tmp_path / "digit_images")
    uploaded = service.client.upload_dataset(tmp_path / "digit_images")
    dataset = {"name": uploaded.id}
    spec = tiny_search(dataset=dataset, budget={"candidates": 2}, training={"epochs": 1, "precision": "fp32"})
    ended = service.client.wait(service.client.submit(spec).id, poll_s=0.2, timeout_s=300)
    assert ended.status is SearchStatus.SUCCEEDED, ended.failure
    assert ended.resolved_dataset is not None
    assert ended.resolved_dataset.classes == tuple(c.name for c in uploaded.facts.classes) == tuple("0123456789")
    member = service.client.front(ended.id).members[0]
    bundle = service.client.download_bundle(member.candidate.id, tmp_path / "bundle")
    card = json.loads((bundle / "card.json").read_text())
    assert card["dataset"]["spec"]["name"] == uploaded.id
    service.client.delete_dataset(uploaded.id)


def test_a_data_set_that_cannot_be_learned_fails_the_search_by_name(service: RunningService, data_root: Path) -> None:
    (data_root / "one_class" / "cat").mkdir(parents=True)
    make_image_folder(data_root / "source")
    for path in sorted((data_root / "source" / "0").iterdir())[:9]:
        path.rename(data_root / "one_class" / "cat" / path.name)
    spec = tiny_search(dataset={"name": f"imagefolder:{data_root / 'one_class'}"})
    ended = service.client.wait(service.client.submit(spec).id, poll_s=0.2, timeout_s=300)
    assert ended.status is SearchStatus.FAILED
    assert ended.failure is not None
    assert "cat" in ended.failure.detail


def test_a_data_set_outside_the_roots_is_refused_at_once(service: RunningService, tmp_path: Path) -> None:
    client: Client = service.client
    with pytest.raises(ClientError) as refused:
        client.submit(tiny_search(dataset={"name": f"imagefolder:{tmp_path}"}))
    assert refused.value.problem.status == 422
