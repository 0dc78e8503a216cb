"""One typed door to a running service, for programs that wait."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from nas_service.client import calls, files, flows
from nas_service.client.calls import Call, Listing
from nas_service.client.effects import Flow, T
from nas_service.client.event_stream import follow
from nas_service.client.flows import Patience
from nas_service.client.search import Search
from nas_service.client.transport import Transport
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

DEFAULT_URL = "http://127.0.0.1:8321"


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

    def submit(self, spec: SearchSpec | Mapping[str, Any], *, idempotency_key: str | None = None) -> Search:
        """Submit a search. The same key and spec give the same search; by default each call has a fresh key."""
        return Search(self, self._do(calls.submit(spec, idempotency_key)))

    def search(self, search_id: str) -> Search:
        """A search to steer, wait for and read from."""
        return Search(self, self.get(search_id))

    def get(self, search_id: str) -> SearchDetail:
        """A search and how far it has come."""
        return self._do(calls.search(search_id))

    def list(self, status: SearchStatus | None = None) -> Iterator[SearchSummary]:
        """Searches, newest first; pages are fetched as they are needed."""
        return self._all(calls.searches(status))

    def pause(self, search_id: str) -> SearchDetail:
        """Stop working on it and keep everything."""
        return self._do(calls.act(search_id, "pause"))

    def resume(self, search_id: str) -> SearchDetail:
        """Go on with a paused search."""
        return self._do(calls.act(search_id, "resume"))

    def cancel(self, search_id: str) -> SearchDetail:
        """End it without a front. What was found stays readable."""
        return self._do(calls.act(search_id, "cancel"))

    def delete(self, search_id: str) -> None:
        """Forget a search that is over."""
        self._do(calls.delete_search(search_id))

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
        return self._run(flows.wait(flows.Watch(search_id, on_update, poll_s, timeout_s), self._patience))

    def events(self, search_id: str, last_id: int = 0) -> Iterator[SearchEvent]:
        """Events after `last_id` as they happen, each once, until the search is over; reconnects by itself."""
        return follow(self._transport, search_id, last_id)

    def candidates(self, search_id: str, status: CandidateStatus | None = None) -> Iterator[CandidateSummary]:
        """Candidates by number; pages are fetched as they are needed."""
        return self._all(calls.candidates(search_id, status))

    def candidate(self, candidate_id: str) -> CandidateDetail:
        """A candidate with its evidence and files."""
        return self._do(calls.candidate(candidate_id))

    def front(self, search_id: str, target: int | None = None) -> FrontInfo:
        """The non-dominated feasible candidates as of now; with `target` those on this target alone."""
        return self._do(calls.front(search_id, target))

    def front_csv(self, search_id: str, target: int | None = None) -> str:
        """The front as a table: one line a member."""
        return self._do(calls.front_csv(search_id, target))

    def points(self, search_id: str, *, final: bool = False) -> PointsInfo:
        """All candidates as columns; with `final` finished and compressed ones by the numbers that make the front."""
        return self._do(calls.points(search_id, final=final))

    def growth(self, search_id: str) -> GrowthInfo:
        """The hypervolume against time and evaluations."""
        return self._do(calls.growth(search_id))

    def importance(self, search_id: str) -> ImportanceInfo:
        """How much of each objective's variance goes with each choice."""
        return self._do(calls.importance(search_id))

    def proxies(self, search_id: str) -> ProxiesInfo:
        """How far zero-cost proxies rank candidates as their trainings did."""
        return self._do(calls.proxies(search_id))

    def curves(self, search_id: str) -> CurvesInfo:
        """Learning curves of the candidates evaluated last."""
        return self._do(calls.curves(search_id))

    def timeline(self, search_id: str) -> TimelineInfo:
        """What workers did for it."""
        return self._do(calls.timeline(search_id))

    def artifacts(self, candidate_id: str) -> tuple[ArtifactInfo, ...]:
        """A candidate's files."""
        return self.candidate(candidate_id).artifacts

    def download_artifact(self, candidate_id: str, name: str, folder: Path) -> Path:
        """Download one file into `folder`, verified by its checksum. Returns its path."""
        path = f"/v1/candidates/{candidate_id}/artifacts/{name}"
        return self._run(files.download(path, folder / Path(name).name, self._patience))

    def download_bundle(self, candidate_id: str, folder: Path) -> Path:
        """Download the candidate's bundle, verify its checksum, and unpack it into `folder`, which is returned."""
        return self._run(files.download_bundle(candidate_id, folder, self._patience))

    def export_search(self, search_id: str, to: Path, *, artifacts: bool = True) -> Path:
        """Write a search that is over into the file `to`, verified, with its networks unless `artifacts` is false."""
        path = f"/v1/searches/{search_id}/export?artifacts={str(artifacts).lower()}"
        return self._run(files.download(path, to, self._patience))

    def import_search(self, path: Path, on_progress: Callable[[int, int], None] | None = None) -> SearchDetail:
        """Take in a file that `export_search` wrote, as an ended search of yours; the same file gives the same one.

        `on_progress` is called with bytes sent and bytes in all. Returns when all of it has been checked and stored.
        """
        return self._run(files.import_search(path, on_progress, self._patience))

    def spaces(self) -> SpaceList:
        """Every registered search space."""
        return self._do(calls.spaces())

    def space(self, name: str, preset: str | None = None) -> SpaceDetail:
        """A search space with its choices and exact size."""
        return self._do(calls.space(name, preset))

    def recipes(self) -> RecipeList:
        """Every step that a recipe may name."""
        return self._do(calls.recipes())

    def datasets(self) -> Iterator[UploadInfo]:
        """Uploaded data sets, newest first; pages are fetched as they are needed."""
        return self._all(calls.datasets())

    def datasets_read(self) -> tuple[DatasetInfo, ...]:
        """What searches have read, uploaded or not, each content once."""
        return self._do(calls.datasets_read()).read

    def dataset(self, dataset_id: str) -> UploadInfo:
        """An uploaded data set and what was found in it."""
        return self._do(calls.dataset(dataset_id))

    def upload_dataset(
        self, path: Path, name: str | None = None, on_progress: Callable[[int, int], None] | None = None
    ) -> UploadInfo:
        """Upload a zip of class folders, an .npz, or a folder, which is packed first; the same content gives the same.

        `on_progress` is called with bytes sent and bytes in all. Returns when every image has been checked.
        """
        return self._run(files.upload(path, name or path.resolve().stem, on_progress, self._patience))

    def delete_dataset(self, dataset_id: str) -> None:
        """Forget an uploaded data set that no unfinished search reads."""
        self._do(calls.delete_dataset(dataset_id))

    def devices(self) -> DeviceList:
        """Every device ever connected."""
        return self._do(calls.devices())

    def targets(self) -> TargetList:
        """Every runtime and precision on every known device, or why it is not available."""
        return self._do(calls.targets())

    def profile(self, wanted: ProfileRequest, *, idempotency_key: str | None = None) -> SearchDetail:
        """Measure networks and make a latency predictor: a search, to be followed like any other."""
        return self._do(calls.profile(wanted, idempotency_key))

    def predictors(self, space: str | None = None, device: str | None = None) -> Iterator[PredictorInfo]:
        """Latency predictors, newest first; pages are fetched as they are needed."""
        return self._all(calls.predictors(space, device))

    def predictor_figures(self, predictor_id: str) -> PredictorFigures:
        """Predicted against measured."""
        return self._do(calls.predictor_figures(predictor_id))

    def import_table(self, table: TableImport) -> PredictorInfo:
        """Take in a published latency table."""
        return self._do(calls.import_table(table))

    def delete_predictor(self, predictor_id: str) -> None:
        """Forget a predictor; what it was fitted on stays."""
        self._do(calls.delete_predictor(predictor_id))

    def create_key(self, wanted: KeyRequest) -> NewKey:
        """Make an API key. Asked once, without retries: its token is in this one answer."""
        return self._do(calls.create_key(wanted))

    def keys(self, tenant: str | None = None) -> Iterator[KeyInfo]:
        """API keys without their secrets, newest first; pages are fetched as they are needed."""
        return self._all(calls.keys(tenant))

    def revoke_key(self, key_id: str) -> KeyInfo:
        """End an API key for good."""
        return self._do(calls.revoke_key(key_id))

    def add_webhook(self, receiver: str) -> NewWebhook:
        """Have each change of a search's status posted to this URL. The secret is in this one answer."""
        return self._do(calls.add_webhook(WebhookRequest(url=receiver)))

    def webhooks(self) -> WebhookList:
        """Webhooks without their secrets, and how the last message fared."""
        return self._do(calls.webhooks())

    def delete_webhook(self, webhook_id: str) -> None:
        """Forget a webhook and what waits for it."""
        self._do(calls.delete_webhook(webhook_id))

    def workers(self) -> WorkerList:
        """Workers that were heard of lately."""
        return self._do(calls.workers())

    def readiness(self) -> Readiness:
        """Whether searches would make progress now, and why not. Asked once, without retries."""
        return self._run(flows.readiness(self._patience))

    @property
    def _patience(self) -> Patience:
        return self._transport.patience

    def _run(self, flow: Flow[T]) -> T:
        return self._transport.run(flow)

    def _do(self, call: Call[T]) -> T:
        return self._run(flows.answer(call, self._patience))

    def _all(self, listing: Listing[T]) -> Iterator[T]:
        cursor: str | None = ""
        while cursor is not None:
            page = self._do(listing.page(cursor))
            yield from page.items
            cursor = page.next_cursor
