"""Signing in with an API key, and out."""

import re
from typing import Annotated

from fastapi import Form, Query, Request, Response

from nas_service.api import sessions
from nas_service.api.dependencies import ServiceDep
from nas_service.api.identity import holder_of
from nas_service.dashboard.page_route import SIGN_IN, page_router
from nas_service.dashboard.render import render, see_other
from nas_service.domain.errors import UnauthenticatedError
from nas_service.domain.identity import Scope

router = page_router()

HOME = "/"
_OWN_PAGE = re.compile(r"/(?![/\\])[\x21-\x7e]*")
"""A path of this service: never another site, in whatever way a browser may read it."""

Next = Annotated[str, Query(max_length=400)]


@router.get(SIGN_IN)
async def show_sign_in(request: Request, service: ServiceDep, next: Next = HOME) -> Response:
    """Where to give the key."""
    if not service.settings.keys_required:
        return see_other(request, HOME)
    return render(request, "sign_in.html", next=next, refusal=None)


@router.post(SIGN_IN)
async def sign_in(
    request: Request,
    service: ServiceDep,
    key: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=400)] = HOME,
) -> Response:
    """Begin a session. The key itself is kept nowhere."""
    if not service.settings.keys_required:
        return see_other(request, HOME)
    try:
        principal = await holder_of(request, key.strip())
    except UnauthenticatedError as error:
        return render(request, "sign_in.html", 403, next=next, refusal=error.detail)
    if not principal.may(Scope.READ) or principal.key_id is None:
        refusal = "this key is not for people: it lacks the scope read"
        return render(request, "sign_in.html", 403, next=next, refusal=refusal)
    issued: sessions.Sessions = request.app.state.sessions
    answer = see_other(request, next if _OWN_PAGE.fullmatch(next) else HOME)
    answer.set_cookie(
        sessions.COOKIE,
        issued.issue(principal.key_id),
        max_age=issued.lasts_s,
        secure=True,
        httponly=True,
        samesite="lax",
    )
    return answer


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session of this browser."""
    answer = see_other(request, HOME)
    answer.delete_cookie(sessions.COOKIE, secure=True, httponly=True, samesite="lax")
    return answer
