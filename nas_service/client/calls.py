"""Every request of the contract, once for all clients: method, path, and how its answer is read. No input or output."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar
from uuid import uuid4

from pydantic import BaseModel

from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.wire.candidates import CandidateDetail, CandidatePage, CandidateSummary, FrontInfo
from nas_service.wire.catalog import DeviceList, RecipeList, SpaceDetail, SpaceList, TargetList
from nas_service.wire.datasets import DatasetPage, UploadInfo
from nas_service.wire.figures import CurvesInfo, GrowthInfo, ImportanceInfo, PointsInfo, ProxiesInfo, TimelineInfo
from nas_service.wire.keys import KeyInfo, KeyPage, KeyRequest, NewKey
from nas_service.wire.predictors import PredictorFigures, PredictorInfo, PredictorPage, ProfileRequest, TableImport
from nas_service.wire.searches import SearchDetail, SearchPage, SearchSummary
from nas_service.wire.service import WorkerList
from nas_service.wire.webhooks import NewWebhook, WebhookList, WebhookRequest

PAGE_ROWS = 200

T = TypeVar("T")
Item = TypeVar("Item", covariant=True)
D = TypeVar("D", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request that may be repeated without harm, unless it says otherwise."""

    method: str
    path: str
    read: Callable[[bytes], T]
    options: Mapping[str, Any] = field(default_factory=dict)
    """Keywords of `httpx.Client.request`."""
    repeatable: bool = True


class PageOf(Protocol[Item]):
    """A part of a list."""

    @property
    def items(self) -> tuple[Item, ...]: ...

    @property
    def next_cursor(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Listing(Generic[Item]):
    """A list that is read page by page."""

    path: str
    read: Callable[[bytes], PageOf[Item]]
    parameters: Mapping[str, str] = field(default_factory=dict)

    def page(self, cursor: str) -> Call[PageOf[Item]]:
        """The page at `cursor`; the first one for an empty cursor."""
        at = {"cursor": cursor} if cursor else {}
        return Call("GET", self.path, self.read, {"params": {"limit": PAGE_ROWS, **self.parameters, **at}})


def _get(path: str, document: type[D], **params: str | int) -> Call[D]:
    return Call("GET", path, document.model_validate_json, {"params": params} if params else {})


def _on(target: int | None) -> dict[str, int]:
    return {} if target is None else {"target": target}


def _nothing(_content: bytes) -> None:
    return None


def _status(status: SearchStatus | CandidateStatus | None) -> dict[str, str]:
    return {} if status is None else {"status": status.value}


def submit(spec: SearchSpec | Mapping[str, Any], idempotency_key: str | None) -> Call[SearchDetail]:
    """Equal keys and specs give one search."""
    body = spec.model_dump(mode="json") if isinstance(spec, SearchSpec) else dict(spec)
    options = {"json": body, "headers": {"Idempotency-Key": idempotency_key or uuid4().hex}}
    return Call("POST", "/v1/searches", SearchDetail.model_validate_json, options)


def search(search_id: str) -> Call[SearchDetail]:
    """A search."""
    return _get(f"/v1/searches/{search_id}", SearchDetail)


def searches(status: SearchStatus | None) -> Listing[SearchSummary]:
    """Searches, newest first."""
    return Listing("/v1/searches", SearchPage.model_validate_json, _status(status))


def act(search_id: str, action: str) -> Call[SearchDetail]:
    """Pause, resume or cancel."""
    return Call("POST", f"/v1/searches/{search_id}/{action}", SearchDetail.model_validate_json)


def delete_search(search_id: str) -> Call[None]:
    """Forget it."""
    return Call("DELETE", f"/v1/searches/{search_id}", _nothing)


def candidates(search_id: str, status: CandidateStatus | None) -> Listing[CandidateSummary]:
    """Candidates by number."""
    return Listing(f"/v1/searches/{search_id}/candidates", CandidatePage.model_validate_json, _status(status))


def candidate(candidate_id: str) -> Call[CandidateDetail]:
    """A candidate."""
    return _get(f"/v1/candidates/{candidate_id}", CandidateDetail)


def front(search_id: str, target: int | None) -> Call[FrontInfo]:
    """The front; with `target` on this one alone."""
    return _get(f"/v1/searches/{search_id}/front", FrontInfo, **_on(target))


def front_csv(search_id: str, target: int | None) -> Call[str]:
    """The front as a table."""
    params = {"format": "csv", **_on(target)}
    return Call("GET", f"/v1/searches/{search_id}/front", bytes.decode, {"params": params})


def points(search_id: str, *, final: bool) -> Call[PointsInfo]:
    """All candidates as columns."""
    return _get(f"/v1/searches/{search_id}/points", PointsInfo, final=str(final).lower())


def growth(search_id: str) -> Call[GrowthInfo]:
    """The hypervolume over time."""
    return _get(f"/v1/searches/{search_id}/growth", GrowthInfo)


def importance(search_id: str) -> Call[ImportanceInfo]:
    """What goes with each objective."""
    return _get(f"/v1/searches/{search_id}/importance", ImportanceInfo)


def proxies(search_id: str) -> Call[ProxiesInfo]:
    """What zero-cost proxies were worth."""
    return _get(f"/v1/searches/{search_id}/proxies", ProxiesInfo)


def curves(search_id: str) -> Call[CurvesInfo]:
    """Learning curves."""
    return _get(f"/v1/searches/{search_id}/curves", CurvesInfo)


def timeline(search_id: str) -> Call[TimelineInfo]:
    """What workers did."""
    return _get(f"/v1/searches/{search_id}/timeline", TimelineInfo)


def spaces() -> Call[SpaceList]:
    """Search spaces."""
    return _get("/v1/spaces", SpaceList)


def space(name: str, preset: str | None) -> Call[SpaceDetail]:
    """A search space."""
    return _get(f"/v1/spaces/{name}", SpaceDetail, **({"preset": preset} if preset else {}))


def recipes() -> Call[RecipeList]:
    """Steps of recipes."""
    return _get("/v1/recipes", RecipeList)


def datasets() -> Listing[UploadInfo]:
    """Uploaded data sets, newest first."""
    return Listing("/v1/datasets", DatasetPage.model_validate_json)


def datasets_read() -> Call[DatasetPage]:
    """The shortest page that says what searches have read."""
    return _get("/v1/datasets", DatasetPage, limit=1)


def dataset(dataset_id: str) -> Call[UploadInfo]:
    """An uploaded data set."""
    return _get(f"/v1/datasets/{dataset_id}", UploadInfo)


def delete_dataset(dataset_id: str) -> Call[None]:
    """Forget it."""
    return Call("DELETE", f"/v1/datasets/{dataset_id}", _nothing)


def devices() -> Call[DeviceList]:
    """Devices."""
    return _get("/v1/devices", DeviceList)


def targets() -> Call[TargetList]:
    """What a spec may name as a target."""
    return _get("/v1/targets", TargetList)


def workers() -> Call[WorkerList]:
    """Workers heard of lately."""
    return _get("/v1/workers", WorkerList)


def create_key(wanted: KeyRequest) -> Call[NewKey]:
    """Not repeatable: the token is in the one answer to the one request that makes the key."""
    options = {"json": wanted.model_dump(mode="json")}
    return Call("POST", "/v1/keys", NewKey.model_validate_json, options, repeatable=False)


def keys(tenant: str | None) -> Listing[KeyInfo]:
    """API keys, newest first."""
    return Listing("/v1/keys", KeyPage.model_validate_json, {"tenant": tenant} if tenant else {})


def revoke_key(key_id: str) -> Call[KeyInfo]:
    """End it."""
    return Call("DELETE", f"/v1/keys/{key_id}", KeyInfo.model_validate_json)


def add_webhook(wanted: WebhookRequest) -> Call[NewWebhook]:
    """Not repeatable: the secret is in the one answer to the one request that makes the webhook."""
    options = {"json": wanted.model_dump(mode="json")}
    return Call("POST", "/v1/webhooks", NewWebhook.model_validate_json, options, repeatable=False)


def webhooks() -> Call[WebhookList]:
    """All of them."""
    return _get("/v1/webhooks", WebhookList)


def delete_webhook(webhook_id: str) -> Call[None]:
    """Forget it."""
    return Call("DELETE", f"/v1/webhooks/{webhook_id}", _nothing)


def profile(wanted: ProfileRequest, idempotency_key: str | None) -> Call[SearchDetail]:
    """Equal keys and requests give one search."""
    headers = {"Idempotency-Key": idempotency_key or uuid4().hex}
    options = {"json": wanted.model_dump(mode="json"), "headers": headers}
    return Call("POST", "/v1/predictors", SearchDetail.model_validate_json, options)


def predictors(space: str | None, device: str | None) -> Listing[PredictorInfo]:
    """Latency predictors, newest first."""
    wanted = {name: value for name, value in (("space", space), ("device", device)) if value is not None}
    return Listing("/v1/predictors", PredictorPage.model_validate_json, wanted)


def predictor_figures(predictor_id: str) -> Call[PredictorFigures]:
    """Predicted against measured."""
    return _get(f"/v1/predictors/{predictor_id}/figures", PredictorFigures)


def import_table(table: TableImport) -> Call[PredictorInfo]:
    """A published latency table; again, it takes its own place."""
    options = {"json": table.model_dump(mode="json")}
    return Call("POST", "/v1/predictors/import", PredictorInfo.model_validate_json, options)


def delete_predictor(predictor_id: str) -> Call[None]:
    """Forget it."""
    return Call("DELETE", f"/v1/predictors/{predictor_id}", _nothing)
