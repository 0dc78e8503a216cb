"""Uploads through the real application: what is taken in, what is refused, and what is left behind."""

import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from httpx import Response
from starlette.testclient import TestClient

from nas_service.api.app import create_app
from nas_service.bootstrap import Service
from nas_service.domain.datasets import UploadFacts
from nas_service.search.memories import SqlMemories
from nas_service.use_cases.advance import advance
from nas_service.use_cases.ports import Inspector
from tests.integration.nas_service.api.conftest import SPEC
from tests.support.api import new_service, serving
from tests.support.archives import class_folders, png, zipped
from tests.support.waiting import wait_for

GOOD = zipped(class_folders({"cat": 3, "dog": 3}))
PETS_BODY: dict[str, Any] = {"content": GOOD, "headers": {"Content-Type": "application/zip"}, "timeout": 60}


def upload(client: TestClient | httpx.Client, content: Any = GOOD, name: str = "pets", **headers: str) -> Response:
    sent = {"Content-Type": "application/zip"} | headers
    return client.post("/v1/datasets", params={"name": name}, content=content, headers=sent)


def left_behind(service: Service) -> list[Path]:
    """Everything below the folders of uploads and artifacts."""
    folders = (service.settings.uploads_dir, service.settings.home / "artifacts")
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def test_an_upload_is_looked_through_and_kept(client: TestClient, service: Service) -> None:
    answer = upload(client)
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["Location"] == f"/v1/datasets/{made['id']}"
    assert (made["name"], made["size_bytes"], made["sha256"]) == ("pets", len(GOOD), hashlib.sha256(GOOD).hexdigest())
    assert made["facts"]["classes"][0] == {"name": "cat", "train": 3, "validation": 0, "test": 0}
    assert client.get(answer.headers["Location"]).json() == made
    assert service.artifacts.open_path(made["sha256"]).read_bytes() == GOOD
    assert [path.read_bytes() for path in left_behind(service)] == [GOOD]


def test_arrays_are_taken_too(client: TestClient, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 8), dtype=np.uint8)
    np.savez_compressed(tmp_path / "a.npz", x=pixels, y=np.arange(6) % 2)
    answer = upload(client, (tmp_path / "a.npz").read_bytes(), **{"Content-Type": "application/octet-stream"})
    assert (answer.status_code, answer.json()["facts"]["format"]) == (201, "npz")


def test_the_same_content_again_is_the_same_data_set(client: TestClient) -> None:
    first, second = upload(client), upload(client, name="other")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()


class Meeting:
    """Inspects only once two uploads wait for it, so that neither can see the other's data set before its own."""

    def __init__(self, inspect: Inspector) -> None:
        self.inspect, self.gate = inspect, threading.Barrier(2, timeout=120)

    def __call__(self, path: Path) -> UploadFacts:
        self.gate.wait()
        return self.inspect(path)


def test_two_clients_may_send_the_same_at_once(service: Service) -> None:
    answers: list[Response] = []
    with serving(create_app(replace(service, inspect=Meeting(service.inspect)))) as url:

        def send() -> None:
            with httpx.Client(base_url=url, timeout=120) as client:
                answers.append(upload(client))

        senders = [threading.Thread(target=send) for _ in range(2)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
    assert sorted(answer.status_code for answer in answers) == [200, 201]
    assert answers[0].json() == answers[1].json()
    assert len(left_behind(service)) == 1


@pytest.mark.parametrize(
    ("content", "problem", "named"),
    [
        (b"", "not-a-zip", ""),
        (b"GIF89a", "not-a-zip", ""),
        (zipped(class_folders({"cat": 3, "dog": 3}) | {"../../x.png": b"1"}), "unsafe-name", "../../x.png"),
        (zipped(class_folders({"cat": 3, "dog": 3}) | {"dog/9.png": b"no"}), "broken-images", "dog/9.png"),
        (zipped(class_folders({"cat": 9})), "one-class", "cat"),
    ],
)
def test_what_cannot_be_learned_is_refused_and_nothing_is_kept(
    client: TestClient, service: Service, content: bytes, problem: str, named: str
) -> None:
    answer = upload(client, content)
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{problem}")
    assert named in answer.json()["detail"]
    assert left_behind(service) == []
    assert client.get("/v1/datasets").json()["items"] == []


@contextmanager
def begun(url: str, length: str) -> Iterator[socket.socket]:
    """A connection on which an upload has begun: its head is sent."""
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port or 0), timeout=120) as connection:
        head = (
            f"POST /v1/datasets HTTP/1.1\r\nHost: {address.host}\r\nContent-Type: application/zip\r\n{length}\r\n\r\n"
        )
        connection.sendall(head.encode())
        yield connection


def test_a_stated_length_over_the_limit_is_refused_before_anything_is_sent(service: Service) -> None:
    with serving(create_app(service)) as url, begun(url, f"Content-Length: {2**40}") as connection:
        answer = connection.recv(2**16)
    assert answer.startswith(b"HTTP/1.1 413")
    assert not service.settings.uploads_dir.exists()


def test_what_a_quota_has_no_room_for_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with (
        new_service(tmp_path / "tight", quota_upload_bytes=2**20) as service,
        serving(create_app(service)) as url,
    ):
        with begun(url, f"Content-Length: {2**21}") as connection:
            answer = HTTPResponse(connection)
            answer.begin()
            problem = answer.read()
        with httpx.Client(base_url=url, timeout=120) as client:
            taken = [upload(client).status_code, upload(client).status_code]
    assert answer.status == 429
    assert b"quota-exceeded" in problem
    assert answer.headers["Retry-After"]
    assert taken == [201, 200]


def test_a_body_that_grows_over_the_limit_is_refused_while_it_comes(tmp_path: Path) -> None:
    with (
        new_service(tmp_path / "small", max_upload_bytes=3 * 2**20) as service,
        serving(create_app(service)) as url,
        begun(url, "Transfer-Encoding: chunked") as connection,
    ):
        for _ in range(4):
            connection.sendall(b"100000\r\n" + bytes(2**20) + b"\r\n")
        answer = HTTPResponse(connection)
        answer.begin()
        problem = answer.read()
        wait_for(lambda: not left_behind(service), "the upload to be cleared away")
    assert answer.status == 413
    assert b"NAS_MAX_UPLOAD_BYTES" in problem


def test_other_types_are_refused_with_the_right_ones(client: TestClient) -> None:
    answer = upload(client, **{"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 415
    assert "application/zip" in answer.json()["detail"]


def test_an_upload_that_breaks_off_leaves_nothing_behind(service: Service) -> None:
    with serving(create_app(service)) as url:
        with begun(url, "Content-Length: 50000000") as connection:
            connection.sendall(bytes(3_000_000))
            wait_for(lambda: left_behind(service), "the upload to arrive")
        wait_for(lambda: not left_behind(service), "the upload to be cleared away")
        assert httpx.get(f"{url}/v1/datasets").json()["items"] == []


def test_what_a_killed_process_left_is_cleared_by_the_next_upload(client: TestClient, service: Service) -> None:
    old, young = service.settings.uploads_dir / "upload-old", service.settings.uploads_dir / "upload-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "upload").write_bytes(b"half a zip")
    two_days_ago_s = time.time() - 2 * 24 * 3600
    os.utime(old, (two_days_ago_s, two_days_ago_s))
    assert upload(client, b"no zip").status_code == 422
    assert list(service.settings.uploads_dir.iterdir()) == [young]


class Patient:
    """Inspects for as long as it is told to."""

    def __init__(self, inspect: Inspector) -> None:
        self.inspect, self.begun, self.go_on = inspect, threading.Event(), threading.Event()

    def __call__(self, path: Path) -> UploadFacts:
        self.begun.set()
        self.go_on.wait(30)
        return self.inspect(path)


def test_others_are_answered_while_an_upload_is_looked_through(service: Service) -> None:
    patient = Patient(service.inspect)
    with serving(create_app(replace(service, inspect=patient))) as url, httpx.Client(base_url=url) as client:
        sender = threading.Thread(target=httpx.post, args=(f"{url}/v1/datasets",), kwargs=PETS_BODY)
        sender.start()
        try:
            assert patient.begun.wait(30)
            assert client.get("/v1/datasets").json()["items"] == []
        finally:
            patient.go_on.set()
            sender.join()
        assert len(client.get("/v1/datasets").json()["items"]) == 1


def test_uploads_are_listed_in_pages_with_what_searches_read(client: TestClient, finished_id: str) -> None:
    ids = [upload(client, zipped(class_folders({"a": 3, "b": 3 + extra}))).json()["id"] for extra in range(3)]
    page = client.get("/v1/datasets", params={"limit": 2}).json()
    assert [item["id"] for item in page["items"]] == ids[:0:-1]
    [read] = page["read"]
    assert read["fingerprint"] == client.get(f"/v1/searches/{finished_id}").json()["resolved_dataset"]["fingerprint"]
    rest = client.get("/v1/datasets", params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert ([item["id"] for item in rest["items"]], rest["next_cursor"], rest["read"]) == (ids[:1], None, [])


def test_a_search_may_name_an_upload_but_no_unknown_one(client: TestClient) -> None:
    made = upload(client).json()
    assert client.post("/v1/searches", json=SPEC | {"dataset": {"name": made["id"]}}).status_code == 202
    refused = client.post("/v1/searches", json=SPEC | {"dataset": {"name": "dataset-0123456789ab"}})
    assert refused.status_code == 422
    [error] = refused.json()["errors"]
    assert error["field"] == "dataset.name"
    assert "/v1/datasets" in error["message"]


def test_images_of_several_sizes_ask_for_one(client: TestClient) -> None:
    files = class_folders({"cat": 3, "dog": 3}) | {"dog/wide.png": png(9, (16, 8))}
    dataset = {"name": upload(client, zipped(files)).json()["id"]}
    [error] = client.post("/v1/searches", json=SPEC | {"dataset": dataset}).json()["errors"]
    assert error["field"] == "dataset.image_size"
    sized = dataset | {"image_size": 8}
    assert client.post("/v1/searches", json=SPEC | {"dataset": sized}).status_code == 202


def test_a_data_set_is_forgotten_once_no_search_reads_it(client: TestClient, service: Service) -> None:
    place = upload(client).headers["Location"]
    search = client.post("/v1/searches", json=SPEC | {"dataset": {"name": place.rpartition("/")[2]}}).json()["id"]
    refused = client.delete(place)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/dataset-in-use")
    assert search in refused.json()["detail"]
    client.post(f"/v1/searches/{search}/cancel")
    advance(service.store, SqlMemories(), search)
    assert client.delete(place).status_code == 204
    assert client.get(place).status_code == client.delete(place).status_code == 404
