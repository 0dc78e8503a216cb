"""One typed door to a running service, for programs with an event loop: `Client`, to be awaited."""

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, Self

from nas_service.client import calls, files, flows
from nas_service.client.async_search import AsyncSearch
from nas_service.client.async_transport import AsyncTransport
from nas_service.client.calls import Call, Listing
from nas_service.client.client import DEFAULT_URL
from nas_service.client.effects import Flow, T
from nas_service.client.event_stream import follow_async
from nas_service.client.flows import Patience
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.wire.candidates import ArtifactInfo, CandidateDetail, CandidateSummary, FrontInfo
from nas_service.wire.catalog import DeviceList, RecipeList, SpaceDetail, SpaceList, TargetList
from nas_service.wire.datasets import UploadInfo
from nas_service.wire.figures import CurvesInfo, GrowthInfo, ImportanceInfo, PointsInfo, ProxiesInfo, TimelineInfo
from nas_service.wire.keys import KeyInfo, KeyRequest, NewKey
from nas_service.wire.predictors import PredictorFigures, PredictorInfo, ProfileRequest, TableImport
from nas_service.wire.searches import DatasetInfo, SearchDetail, SearchEvent, SearchSummary
from nas_service.wire.service import Readiness, WorkerList
from nas_service.wire.webhooks import NewWebhook, WebhookList, WebhookRequest


class AsyncClient:
    """Talks to the service at `url` as `Client` does, with the same methods; it shares all but the waiting with it."""

    def __init__(
        self, url: str = DEFAULT_URL, *, token: str | None = None, timeout_s: float = 30.0, retries: int = 5
    ) -> None:
        self._transport = AsyncTransport(url, timeout_s, retries, token)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def submit(self, spec: SearchSpec | Mapping[str, Any], *, idempotency_key: str | None = None) -> AsyncSearch:
        """Submit a search. The same key and spec give the same search; by default each call has a fresh key."""
        return AsyncSearch(self, await self._do(calls.submit(spec, idempotency_key)))

    async def search(self, search_id: str) -> AsyncSearch:
        """A search to steer, wait for and read from."""
        return AsyncSearch(self, await self.get(search_id))

    async def get(self, search_id: str) -> SearchDetail:
        """A search and how far it has come."""
        return await self._do(calls.search(search_id))

    def list(self, status: SearchStatus | None = None) -> AsyncIterator[SearchSummary]:
        """Searches, newest first; pages are fetched as they are needed."""
        return self._all(calls.searches(status))

    async def pause(self, search_id: str) -> SearchDetail:
        """Stop working on it and keep everything."""
        return await self._do(calls.act(search_id, "pause"))

    async def resume(self, search_id: str) -> SearchDetail:
        """Go on with a paused search."""
        return await self._do(calls.act(search_id, "resume"))

    async def cancel(self, search_id: str) -> SearchDetail:
        """End it without a front. What was found stays readable."""
        return await self._do(calls.act(search_id, "cancel"))

    async def delete(self, search_id: str) -> None:
        """Forget a search that is over."""
        await self._do(calls.delete_search(search_id))

    async def wait(
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
        return await self._run(flows.wait(flows.Watch(search_id, on_update, poll_s, timeout_s), self._patience))

    def events(self, search_id: str, last_id: int = 0) -> AsyncIterator[SearchEvent]:
        """Events after `last_id` as they happen, each once, until the search is over; reconnects by itself."""
        return follow_async(self._transport, search_id, last_id)

    def candidates(self, search_id: str, status: CandidateStatus | None = None) -> AsyncIterator[CandidateSummary]:
        """Candidates by number; pages are fetched as they are needed."""
        return self._all(calls.candidates(search_id, status))

    async def candidate(self, candidate_id: str) -> CandidateDetail:
        """A candidate with its evidence and files."""
        return await self._do(calls.candidate(candidate_id))

    async def front(self, search_id: str, target: int | None = None) -> FrontInfo:
        """The non-dominated feasible candidates as of now."""
        return await self._do(calls.front(search_id, target))

    async def front_csv(self, search_id: str, target: int | None = None) -> str:
        """The front as a table: one line a member."""
        return await self._do(calls.front_csv(search_id, target))

    async def points(self, search_id: str, *, final: bool = False) -> PointsInfo:
        """All candidates as columns; with `final` finished and compressed ones by the numbers that make the front."""
        return await self._do(calls.points(search_id, final=final))

    async def growth(self, search_id: str) -> GrowthInfo:
        """The hypervolume against time and evaluations."""
        return await self._do(calls.growth(search_id))

    async def importance(self, search_id: str) -> ImportanceInfo:
        """How much of each objective's variance goes with each choice."""
        return await self._do(calls.importance(search_id))

    async def proxies(self, search_id: str) -> ProxiesInfo:
        """How far zero-cost proxies rank candidates as their trainings did."""
        return await self._do(calls.proxies(search_id))

    async def curves(self, search_id: str) -> CurvesInfo:
        """Learning curves of the candidates evaluated last."""
        return await self._do(calls.curves(search_id))

    async def timeline(self, search_id: str) -> TimelineInfo:
        """What workers did for it."""
        return await self._do(calls.timeline(search_id))

    async def artifacts(self, candidate_id: str) -> tuple[ArtifactInfo, ...]:
        """A candidate's files."""
        return (await self.candidate(candidate_id)).artifacts

    async def download_artifact(self, candidate_id: str, name: str, folder: Path) -> Path:
        """Download one file into `folder`, verified by its checksum. Returns its path."""
        path = f"/v1/candidates/{candidate_id}/artifacts/{name}"
        return await self._run(files.download(path, folder / Path(name).name, self._patience))

    async def download_bundle(self, candidate_id: str, folder: Path) -> Path:
        """Download the candidate's bundle, verify its checksum, and unpack it into `folder`, which is returned."""
        return await self._run(files.download_bundle(candidate_id, folder, self._patience))

    async def export_search(self, search_id: str, to: Path, *, artifacts: bool = True) -> Path:
        """Write a search that is over into the file `to`, verified, with its networks unless `artifacts` is false."""
        path = f"/v1/searches/{search_id}/export?artifacts={str(artifacts).lower()}"
        return await self._run(files.download(path, to, self._patience))

    async def import_search(self, path: Path, on_progress: Callable[[int, int], None] | None = None) -> SearchDetail:
        """Take in a file that `export_search` wrote, as an ended search of yours; the same file gives the same one.

        `on_progress` is called with bytes sent and bytes in all. Returns when all of it has been checked and stored.
        """
        return await self._run(files.import_search(path, on_progress, self._patience))

    async def spaces(self) -> SpaceList:
        """Every registered search space."""
        return await self._do(calls.spaces())

    async def space(self, name: str, preset: str | None = None) -> SpaceDetail:
        """A search space with its choices and exact size."""
        return await self._do(calls.space(name, preset))

    async def recipes(self) -> RecipeList:
        """Every step that a recipe may name."""
        return await self._do(calls.recipes())

    def datasets(self) -> AsyncIterator[UploadInfo]:
        """Uploaded data sets, newest first; pages are fetched as they are needed."""
        return self._all(calls.datasets())

    async def datasets_read(self) -> tuple[DatasetInfo, ...]:
        """What searches have read, uploaded or not, each content once."""
        return (await self._do(calls.datasets_read())).read

    async def dataset(self, dataset_id: str) -> UploadInfo:
        """An uploaded data set and what was found in it."""
        return await self._do(calls.dataset(dataset_id))

    async def upload_dataset(
        self, path: Path, name: str | None = None, on_progress: Callable[[int, int], None] | None = None
    ) -> UploadInfo:
        """Upload a zip of class folders, an .npz, or a folder, which is packed first; the same content gives the same.

        `on_progress` is called with bytes sent and bytes in all. Returns when every image has been checked.
        """
        return await self._run(files.upload(path, name or path.resolve().stem, on_progress, self._patience))

    async def delete_dataset(self, dataset_id: str) -> None:
        """Forget an uploaded data set that no unfinished search reads."""
        await self._do(calls.delete_dataset(dataset_id))

    async def devices(self) -> DeviceList:
        """Every device ever connected."""
        return await self._do(calls.devices())

    async def targets(self) -> TargetList:
        """Every runtime and precision on every known device, or why it is not available."""
        return await self._do(calls.targets())

    async def profile(self, wanted: ProfileRequest, *, idempotency_key: str | None = None) -> SearchDetail:
        """Measure networks and make a latency predictor: a search, to be followed like any other."""
        return await self._do(calls.profile(wanted, idempotency_key))

    def predictors(self, space: str | None = None, device: str | None = None) -> AsyncIterator[PredictorInfo]:
        """Latency predictors, newest first; pages are fetched as they are needed."""
        return self._all(calls.predictors(space, device))

    async def predictor_figures(self, predictor_id: str) -> PredictorFigures:
        """Predicted against measured."""
        return await self._do(calls.predictor_figures(predictor_id))

    async def import_table(self, table: TableImport) -> PredictorInfo:
        """Take in a published latency table."""
        return await self._do(calls.import_table(table))

    async def delete_predictor(self, predictor_id: str) -> None:
        """Forget a predictor; what it was fitted on stays."""
        await self._do(calls.delete_predictor(predictor_id))

    async def create_key(self, wanted: KeyRequest) -> NewKey:
        """Make an API key. Asked once, without retries: its token is in this one answer."""
        return await self._do(calls.create_key(wanted))

    def keys(self, tenant: str | None = None) -> AsyncIterator[KeyInfo]:
        """API keys without their secrets, newest first; pages are fetched as they are needed."""
        return self._all(calls.keys(tenant))

    async def revoke_key(self, key_id: str) -> KeyInfo:
        """End an API key for good."""
        return await self._do(calls.revoke_key(key_id))

    async def add_webhook(self, receiver: str) -> NewWebhook:
        """Have each change of a search's status posted to this URL. The secret is in this one answer."""
        return await self._do(calls.add_webhook(WebhookRequest(url=receiver)))

    async def webhooks(self) -> WebhookList:
        """Webhooks without their secrets, and how the last message fared."""
        return await self._do(calls.webhooks())

    async def delete_webhook(self, webhook_id: str) -> None:
        """Forget a webhook and what waits for it."""
        await self._do(calls.delete_webhook(webhook_id))

    async def workers(self) -> WorkerList:
        """Workers that were heard of lately."""
        return await self._do(calls.workers())

    async def readiness(self) -> Readiness:
        """Whether searches would make progress now, and why not. Asked once, without retries."""
        return await self._run(flows.readiness(self._patience))

    @property
    def _patience(self) -> Patience:
        return self._transport.patience

    async def _run(self, flow: Flow[T]) -> T:
        return await self._transport.run(flow)

    async def _do(self, call: Call[T]) -> T:
        return await self._run(flows.answer(call, self._patience))

    async def _all(self, listing: Listing[T]) -> AsyncIterator[T]:
        cursor: str | None = ""
        while cursor is not None:
            page = await self._do(listing.page(cursor))
            for item in page.items:
                yield item
            cursor = page.next_cursor
