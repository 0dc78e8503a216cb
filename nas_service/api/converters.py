"""Values of the domain to documents on the wire. Fields of the same name are copied; the rest is named here."""

from collections.abc import Mapping
from dataclasses import asdict

from nas_service.domain.datasets import UploadedDataset
from nas_service.domain.entities import Artifact, Candidate, DatasetFacts, Event, Measurement, Search
from nas_service.domain.executed import precision_of
from nas_service.domain.identity import ApiKey
from nas_service.domain.metrics import objective_key
from nas_service.domain.quotas import Quotas
from nas_service.use_cases.figures.latencies import histogram
from nas_service.use_cases.front import FrontView, Place
from nas_service.use_cases.queries import CandidateView, StatusView
from nas_service.use_cases.quotas import Account
from nas_service.wire.candidates import (
    ArtifactInfo,
    AxisInfo,
    CandidateDetail,
    CandidateSummary,
    ChildInfo,
    EvaluationInfo,
    FrontInfo,
    FrontMember,
    HistogramInfo,
    LineageInfo,
    MeasurementInfo,
)
from nas_service.wire.datasets import UploadInfo
from nas_service.wire.keys import KeyInfo
from nas_service.wire.quotas import AccountInfo, QuotaLimits, QuotaList, TenantQuotas, UsageInfo
from nas_service.wire.searches import (
    DatasetInfo,
    FailureInfo,
    ResolvedSpace,
    SearchDetail,
    SearchEvent,
    SearchSummary,
    SupernetInfo,
    WorkInfo,
)


def search_summary(search: Search) -> SearchSummary:
    """A search as it stands in lists."""
    return SearchSummary(
        id=search.id,
        name=search.name,
        status=search.status,
        phase=search.phase,
        version=search.version,
        dataset=search.spec.dataset.name,
        space=search.spec.space.name,
        candidate_count=search.candidate_count,
        candidate_budget=search.spec.budget.candidates,
        minutes_budget=search.spec.budget.minutes,
        created_at=search.created_at,
        started_at=search.started_at,
        finished_at=search.finished_at,
        stop_reason=search.stop_reason,
        failure=FailureInfo.model_validate(search.failure, from_attributes=True) if search.failure else None,
    )


def search_detail(view: StatusView) -> SearchDetail:
    """A search with how far it has come."""
    search = view.search
    return SearchDetail(
        **dict(search_summary(search)),
        spec=search.spec,
        candidates=dict(view.counts),
        reused_count=view.reused_count,
        active_s=round(view.active_s, 3),
        best_accuracy=view.best_accuracy,
        front_size=view.front_size,
        hypervolume_ratio=view.hypervolume_ratio,
        resolved_dataset=dataset_info(search.spec.dataset.name, search.dataset) if search.dataset else None,
        resolved_space=ResolvedSpace.model_validate(search.space, from_attributes=True) if search.space else None,
        supernet=SupernetInfo.model_validate(search.supernet, from_attributes=True) if search.supernet else None,
        imported=search.is_imported,
        work=tuple(WorkInfo.model_validate(item, from_attributes=True) for item in view.running),
    )


def dataset_info(name: str, facts: DatasetFacts) -> DatasetInfo:
    """A data set as a search found it."""
    return DatasetInfo(
        name=name,
        fingerprint=facts.fingerprint,
        classes=facts.classes,
        channels=facts.channels,
        height=facts.height,
        width=facts.width,
        summary=facts.summary,
    )


def upload_info(dataset: UploadedDataset) -> UploadInfo:
    """An uploaded data set."""
    return UploadInfo.model_validate(dataset, from_attributes=True)


def search_event(event: Event) -> SearchEvent:
    """An event."""
    return SearchEvent(id=event.id, kind=event.kind, at=event.at, payload=event.payload)


def candidate_summary(candidate: Candidate) -> CandidateSummary:
    """A candidate as it stands in lists."""
    precision = precision_of(candidate.architecture, candidate.recipe)
    return CandidateSummary.model_validate(candidate, from_attributes=True).model_copy(update={"precision": precision})


def candidate_detail(view: CandidateView) -> CandidateDetail:
    """A candidate with its evidence and files."""
    evaluation = view.evaluation
    return CandidateDetail(
        **dict(candidate_summary(view.candidate)),
        evaluation=EvaluationInfo.model_validate(evaluation, from_attributes=True) if evaluation else None,
        measurements=tuple(measurement_info(m) for m in view.measurements),
        artifacts=artifact_infos(view.artifacts),
        files_collected=view.files_collected,
        work=tuple(WorkInfo.model_validate(item, from_attributes=True) for item in view.work),
        final=view.candidate.final,
        lineage=lineage_info(view.candidate),
        children=tuple(map(child_info, view.children)),
    )


def lineage_info(candidate: Candidate) -> LineageInfo | None:
    """How a finished child compares with its parent; None of any other candidate."""
    found = (candidate.final or {}).get("lineage")
    return LineageInfo.model_validate(found) if found else None


def child_info(child: Candidate) -> ChildInfo:
    """A child as its parent names it."""
    return ChildInfo(
        id=child.id, number=child.number, status=child.status, recipe=child.recipe, lineage=lineage_info(child)
    )


def measurement_info(measurement: Measurement) -> MeasurementInfo:
    """A measurement, with a picture of its samples."""
    spread = histogram(measurement.result)
    return MeasurementInfo(
        id=measurement.id,
        target=measurement.target,
        device_id=measurement.device_id,
        median_ms=measurement.median_ms,
        peak_memory_mib=measurement.peak_memory_mib,
        noisy=measurement.noisy,
        result=measurement.result,
        histogram=HistogramInfo(**asdict(spread)) if spread else None,
        created_at=measurement.created_at,
    )


def artifact_infos(artifacts: Mapping[str, Artifact]) -> tuple[ArtifactInfo, ...]:
    """A candidate's files."""
    return tuple(
        ArtifactInfo(name=name, sha256=a.sha256, size_bytes=a.size_bytes, media_type=a.media_type)
        for name, a in artifacts.items()
    )


def front_info(view: FrontView) -> FrontInfo:
    """A front with its axes."""
    return FrontInfo(
        search_id=view.search.id,
        axes=tuple(AxisInfo.model_validate({"key": objective_key(o), **o.model_dump()}) for o in view.objectives),
        figures="final" if view.final else "search",
        members=tuple(map(_front_member, view.members)),
        near=tuple(map(_front_member, view.near)),
        near_count=view.near_count,
        dominated=tuple(map(_front_member, view.dominated)),
        reference=view.extent.reference,
        hypervolume=view.extent.hypervolume,
        hypervolume_ratio=view.extent.hypervolume_ratio,
    )


def _front_member(place: Place) -> FrontMember:
    return FrontMember(
        values=place.point,
        intervals=place.intervals,
        metrics=place.known.metrics,
        probability=round(place.probability, 4),
        certain=not place.rivals,
        rivals=place.rivals,
        candidate=candidate_summary(place.candidate),
    )


def key_info(key: ApiKey) -> KeyInfo:
    """A key without what its token is checked by."""
    return KeyInfo(
        id=key.id,
        tenant=key.tenant,
        name=key.name,
        scopes=tuple(sorted(key.scopes)),
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
    )


def account_info(tenant: str, account: Account) -> AccountInfo:
    """A tenant's limits and what it has."""
    return AccountInfo(
        tenant=tenant,
        quotas=QuotaLimits.model_validate(account.quotas),
        usage=UsageInfo.model_validate(account.usage),
    )


def quota_list(own: Mapping[str, Quotas], defaults: Quotas) -> QuotaList:
    """What was set by tenant, and what holds for all others."""
    items = (TenantQuotas(tenant=tenant, quotas=QuotaLimits.model_validate(limits)) for tenant, limits in own.items())
    return QuotaList(items=tuple(items), defaults=QuotaLimits.model_validate(defaults))
