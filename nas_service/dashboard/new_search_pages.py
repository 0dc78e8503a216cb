"""The page that makes a search, and what it asks while somebody is filling it in."""

import json
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from nas_service.api.dependencies import ID_PATTERN, ServiceDep
from nas_service.api.identity import Submitter, TenantStore
from nas_service.api.spec_body import SpecBody
from nas_service.dashboard.page_route import page_router
from nas_service.dashboard.render import render
from nas_service.dashboard.spec_presets import PRESETS
from nas_service.dashboard.spec_preview import SpecPreview, spec_preview
from nas_service.domain.spec import DatasetSpec, SearchSpec
from nas_service.use_cases.forecast import forecast
from nas_service.use_cases.submit import check_spec

router = page_router()
answers = APIRouter(include_in_schema=False)
"""For the page's scripts: refusals are problem documents, as REST's are."""

_DEFAULT = SearchSpec(dataset=DatasetSpec(name="digits"))
DEFAULTS = _DEFAULT.model_dump(mode="json") | {"objectives": [{"metric": o.metric} for o in _DEFAULT.objectives]}
"""What holds where nothing is said. The goal and target of an objective follow from its metric."""


@router.get("/searches/new")
def new_search(
    request: Request,
    submitter: Submitter,
    store: TenantStore,
    like: Annotated[str, Query(pattern=ID_PATTERN, description="A search to begin from.")] = "",
) -> Response:
    """The form, filled in with a preset or with the spec of another search."""
    document = PRESETS[0].document
    if like:
        with store.read() as uow:
            document = uow.searches.get(like).spec.model_dump(mode="json", exclude_unset=True)
    return render(
        request, "new_search.html", presets=PRESETS, start=json.dumps(document), defaults=json.dumps(DEFAULTS)
    )


@answers.post("/searches/preview")
def preview_search(
    request: Request, submitter: Submitter, service: ServiceDep, store: TenantStore, spec: SpecBody
) -> SpecPreview:
    """What the spec would search, how long that takes, and how else to submit it.

    Refuses what submitting would refuse, quotas apart.
    """
    check_spec(store, service.checks, spec, submitter.tenant)
    with store.read() as uow:
        known = forecast(uow, spec)
    return spec_preview(spec, known, str(request.base_url).rstrip("/"), needs_key=service.settings.keys_required)
