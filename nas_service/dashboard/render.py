"""Templates to answers: every page has the same frame, policy and words for numbers."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from nas_service import units
from nas_service.api.conditional import matches
from nas_service.dashboard import static_files
from nas_service.domain.identity import Principal, Scope
from nas_service.domain.states import SearchStatus

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    # With `no-referrer` a browser sends `Origin: null` with the page's own forms.
    "Referrer-Policy": "same-origin",
    # Asked for again each time: after signing out nothing is shown, and an unchanged page costs a 304.
    "Cache-Control": "private, no-cache",
    "Vary": "Cookie, HX-Request",
}

HTMX_REQUEST = "HX-Request"


def since(seconds: float) -> str:
    """`3 h`: a time in its largest unit."""
    for unit, size_s in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size_s:
            return f"{int(seconds // size_s)} {unit}"
    return f"{int(seconds)} s"


def age(at: datetime) -> str:
    """How long ago."""
    return since(max(0.0, (datetime.now(UTC) - at).total_seconds()))


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"percent": units.percent, "metric": units.metric_text}
    made.filters |= {"age": age, "since": since, "bytes": lambda size_bytes: units.scaled(size_bytes, "B")}
    made.filters["share_of"] = lambda part, whole: part / whole
    made.globals |= {
        "static": static_files.address(),
        "Scope": Scope,
        "SearchStatus": SearchStatus,
        "target_name": units.target_name,
    }
    return made


_templates = _environment()


def render(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """The template as a page, or 304 where the browser has it.

    The template knows `principal`: who is signed in, or None where that is not known.
    """
    principal: Principal | None = getattr(request.state, "principal", None)
    content = _templates.get_template(template).render(
        request=request,
        principal=principal,
        **context,
    )
    etag = f'W/"{hashlib.sha256(content.encode()).hexdigest()[:20]}"'
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers={**HEADERS, "ETag": etag})
    return HTMLResponse(content, status, {**HEADERS, "ETag": etag})


def see_other(request: Request, path: str) -> Response:
    """Go on at `path` with a GET, also where htmx and not the browser has asked."""
    if HTMX_REQUEST in request.headers:
        return Response(headers={"HX-Redirect": path})
    return Response(status_code=303, headers={"Location": path})
