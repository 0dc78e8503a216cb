"""One typed, synchronous door to a running service."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx

from nas_service.client.download import download, unpack
from nas_service.client.errors import UnreachableError
from nas_service.client.event_stream import follow
from nas_service.client.transport import BusyError, Transport
from nas_service.client.upload import upload
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.wire.candidates import ArtifactInfo, CandidateDetail, CandidatePage, CandidateSummary, FrontInfo
from nas_service.wire.catalog import (
    DeviceList,
    RecipeList,
    SpaceDetail,
    SpaceList,
    TargetList,
)
from nas_service.wire.datasets import DatasetPage, UploadInfo
from nas_service.wire.keys import KeyInfo, KeyPage, KeyRequest, NewKey
from nas_service.wire.searches import DatasetInfo, SearchDetail, SearchEvent, SearchPage, SearchSummary
from nas_service.wire.service import Readiness, WorkerList

DEFAULT_URL = "http://127.0.0.1:8321"
PAGE_ROWS = 200
NOT_MODIFIED = 304

Parameters = dict[str, str | int]


class Client:
    """Talks to the service at `url`, as the one whom the API key `token` stands for.

    Every call is repeated on connection errors and while the service is busy, at most `retries` times, which is
    harmless for all of them: a submission carries an idempotency key. Methods raise ClientError where the service
    refuses, and UnreachableError, a ClientError, where it stays away.
    """

    def __init__(
        self, url: str = DEFAULT_URL, *, token: str | None = None, timeout_s: float = 30.0, retries: int = 5
    ) -> None:
        self._transport = Transport(url, timeout_s, retries, token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def submit(self, spec: SearchSpec | Mapping[str, Any], *, idempotency_key: str | None = None) -> SearchDetail:
        """Submit a search. The same key and spec give the same search; by default each call has a fresh key."""
        body = spec.model_dump(mode="json") if isinstance(spec, SearchSpec) else dict(spec)
        headers = {"Idempotency-Key": idempotency_key or uuid4().hex}
        response = self._transport.request("POST", "/v1/searches", json=body, headers=headers)
        return SearchDetail.model_validate_json(response.content)

    def get(self, search_id: str) -> SearchDetail:
        """A search and how far it has come."""
        return SearchDetail.model_validate_json(self._get(f"/v1/searches/{search_id}"))

    def list(self, status: SearchStatus | None = None) -> Iterator[SearchSummary]:
        """Searches, newest first; pages are fetched as they are needed."""
        cursor: str | None = ""
        while cursor is not None:
            page = SearchPage.model_validate_json(self._get("/v1/searches", _page_parameters(cursor, status)))
            yield from page.items
            cursor = page.next_cursor

    def pause(self, search_id: str) -> SearchDetail:
        """Stop working on it and keep everything."""
        return self._act(search_id, "pause")

    def resume(self, search_id: str) -> SearchDetail:
        """Go on with a paused search."""
        return self._act(search_id, "resume")

    def cancel(self, search_id: str) -> SearchDetail:
        """End it without a front. What was found stays readable."""
        return self._act(search_id, "cancel")

    def delete(self, search_id: str) -> None:
        """Forget a search that is over."""
        self._transport.request("DELETE", f"/v1/searches/{search_id}")

    def wait(
        self,
        search_id: str,
        on_update: Callable[[SearchDetail], None] | None = None,
        *,
        poll_s: float = 1.0,
        timeout_s: float | None = None,
    ) -> SearchDetail:
        """Poll until the search is over, and return it. `on_update` is called with each change, the last included.

        Raises TimeoutError when it is not over after `timeout_s`.
        """
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        etag = ""
        while True:
            response = self._transport.request("GET", f"/v1/searches/{search_id}", headers={"If-None-Match": etag})
            if response.status_code != NOT_MODIFIED:
                etag = response.headers["etag"]
                search = SearchDetail.model_validate_json(response.content)
                if on_update is not None:
                    on_update(search)
                if search.is_over:
                    return search
            if deadline_s is not None and time.monotonic() + poll_s > deadline_s:
                raise TimeoutError(f"search {search_id} is not over after {timeout_s} s; it goes on in the service")
            time.sleep(poll_s)

    def events(self, search_id: str, last_id: int = 0) -> Iterator[SearchEvent]:
        """Events after `last_id` as they happen, each once, until the search is over; reconnects by itself."""
        return follow(self._transport, search_id, last_id)

    def candidates(self, search_id: str, status: CandidateStatus | None = None) -> Iterator[CandidateSummary]:
        """Candidates by number; pages are fetched as they are needed."""
        path = f"/v1/searches/{search_id}/candidates"
        cursor: str | None = ""
        while cursor is not None:
            page = CandidatePage.model_validate_json(self._get(path, _page_parameters(cursor, status)))
            yield from page.items
            cursor = page.next_cursor

    def candidate(self, candidate_id: str) -> CandidateDetail:
        """A candidate with its evidence and files."""
        return CandidateDetail.model_validate_json(self._get(f"/v1/candidates/{candidate_id}"))

    def front(self, search_id: str) -> FrontInfo:
        """The non-dominated feasible candidates as of now."""
        return FrontInfo.model_validate_json(self._get(f"/v1/searches/{search_id}/front"))

    def front_csv(self, search_id: str) -> str:
        """The front as a table: one line a member."""
        return self._get(f"/v1/searches/{search_id}/front", {"format": "csv"}).decode()

    def artifacts(self, candidate_id: str) -> tuple[ArtifactInfo, ...]:
        """A candidate's files."""
        return self.candidate(candidate_id).artifacts

    def download_artifact(self, candidate_id: str, name: str, folder: Path) -> Path:
        """Download one file into `folder`, verified by its checksum. Returns its path."""
        return download(self._transport, f"/v1/candidates/{candidate_id}/artifacts/{name}", folder / Path(name).name)

    def download_bundle(self, candidate_id: str, folder: Path) -> Path:
        """Download the candidate's bundle, verify its checksum, and unpack it into `folder`, which is returned."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".download-") as passing:
            archive = download(self._transport, f"/v1/candidates/{candidate_id}/bundle", Path(passing) / "bundle.zip")
            return unpack(archive, folder)

    def spaces(self) -> SpaceList:
        """Every registered search space."""
        return SpaceList.model_validate_json(self._get("/v1/spaces"))

    def space(self, name: str, preset: str | None = None) -> SpaceDetail:
        """A search space with its choices and exact size."""
        return SpaceDetail.model_validate_json(self._get(f"/v1/spaces/{name}", {"preset": preset} if preset else None))

    def recipes(self) -> RecipeList:
        """Every step that a recipe may name."""
        return RecipeList.model_validate_json(self._get("/v1/recipes"))

    def datasets(self) -> Iterator[UploadInfo]:
        """Uploaded data sets, newest first; pages are fetched as they are needed."""
        cursor: str | None = ""
        while cursor is not None:
            page = DatasetPage.model_validate_json(self._get("/v1/datasets", _page_parameters(cursor, None)))
            yield from page.items
            cursor = page.next_cursor

    def datasets_read(self) -> tuple[DatasetInfo, ...]:
        """What searches have read, uploaded or not, each content once."""
        return DatasetPage.model_validate_json(self._get("/v1/datasets", {"limit": 1})).read

    def dataset(self, dataset_id: str) -> UploadInfo:
        """An uploaded data set and what was found in it."""
        return UploadInfo.model_validate_json(self._get(f"/v1/datasets/{dataset_id}"))

    def upload_dataset(
        self, path: Path, name: str | None = None, on_progress: Callable[[int, int], None] | None = None
    ) -> UploadInfo:
        """Upload a zip of class folders, an .npz, or a folder, which is packed first; the same content gives the same.

        `on_progress` is called with bytes sent and bytes in all. Returns when every image has been checked.
        """
        return upload(self._transport, path, name or path.resolve().stem, on_progress)

    def delete_dataset(self, dataset_id: str) -> None:
        """Forget an uploaded data set that no unfinished search reads."""
        self._transport.request("DELETE", f"/v1/datasets/{dataset_id}")

    def devices(self) -> DeviceList:
        """Every device ever connected."""
        return DeviceList.model_validate_json(self._get("/v1/devices"))

    def targets(self) -> TargetList:
        """Targets on live devices."""
        return TargetList.model_validate_json(self._get("/v1/targets"))

    def create_key(self, wanted: KeyRequest) -> NewKey:
        """Make an API key. Asked once, without retries: its token is in this one answer."""
        body = wanted.model_dump(mode="json")
        answer = self._transport.persist(lambda: self._transport.attempt("POST", "/v1/keys", json=body), retries=0)
        return NewKey.model_validate_json(answer.content)

    def keys(self, tenant: str | None = None) -> Iterator[KeyInfo]:
        """API keys without their secrets, newest first; pages are fetched as they are needed."""
        cursor: str | None = ""
        while cursor is not None:
            parameters = _page_parameters(cursor, None) | ({"tenant": tenant} if tenant else {})
            page = KeyPage.model_validate_json(self._get("/v1/keys", parameters))
            yield from page.items
            cursor = page.next_cursor

    def revoke_key(self, key_id: str) -> KeyInfo:
        """End an API key for good."""
        return KeyInfo.model_validate_json(self._transport.request("DELETE", f"/v1/keys/{key_id}").content)

    def workers(self) -> WorkerList:
        """Workers that were heard of lately."""
        return WorkerList.model_validate_json(self._get("/v1/workers"))

    def readiness(self) -> Readiness:
        """Whether searches would make progress now, and why not. Asked once, without retries."""
        try:
            return Readiness.model_validate_json(self._transport.attempt("GET", "/readyz").content)
        except BusyError as error:
            return Readiness.model_validate_json(error.response.content)
        except httpx.TransportError as error:
            raise UnreachableError(self._transport.url, error) from error

    def _get(self, path: str, parameters: Parameters | None = None) -> bytes:
        return self._transport.request("GET", path, params=parameters).content

    def _act(self, search_id: str, action: str) -> SearchDetail:
        response = self._transport.request("POST", f"/v1/searches/{search_id}/{action}")
        return SearchDetail.model_validate_json(response.content)


def _page_parameters(cursor: str, status: SearchStatus | CandidateStatus | None) -> Parameters:
    parameters: Parameters = {"limit": PAGE_ROWS}
    if cursor:
        parameters["cursor"] = cursor
    if status is not None:
        parameters["status"] = status.value
    return parameters
