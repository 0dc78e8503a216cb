"""What routes ask for: the service, a page, and parameters that stand in many paths."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request

from nas_service.bootstrap import Service
from nas_service.use_cases.ports import Page

ID_PATTERN = r"^[A-Za-z0-9._-]{1,64}$"
NAME_PATTERN = r"^[A-Za-z0-9._-]{1,100}$"

DEFAULT_ROWS = 50
MAX_ROWS = 500


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _page(
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS, description="Most items to return.")] = DEFAULT_ROWS,
    cursor: Annotated[str | None, Query(max_length=400, description="`next_cursor` of the page before.")] = None,
) -> Page:
    return Page(limit, cursor or None)


ServiceDep = Annotated[Service, Depends(_service)]
PageDep = Annotated[Page, Depends(_page)]

SearchId = Annotated[str, Path(pattern=ID_PATTERN, description="As answered by `POST /v1/searches`.")]
CandidateId = Annotated[str, Path(pattern=ID_PATTERN, description="As listed among a search's candidates.")]
DatasetId = Annotated[str, Path(pattern=ID_PATTERN, description="As answered by `POST /v1/datasets`.")]
ArtifactName = Annotated[str, Path(pattern=NAME_PATTERN, description="As listed among a candidate's artifacts.")]
SpaceName = Annotated[str, Path(pattern=NAME_PATTERN, description="A registered search space.")]
