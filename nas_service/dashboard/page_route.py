"""Routes of pages: what REST answers with a problem document, they answer with a page that says the same."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from nas_service.api import problems
from nas_service.dashboard.render import HTMX_REQUEST, render, see_other
from nas_service.wire.problem import Problem

SIGN_IN = "/sign-in"
UNAUTHENTICATED = 401


class PageRoute(APIRoute):
    """Refusals become pages; one for want of a session leads to the sign-in page and back."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler around which that is done."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except problems.ANSWERED as error:
                answer = await problems.answer(request, error)
                if answer.status_code == UNAUTHENTICATED:
                    return see_other(request, f"{SIGN_IN}?next={quote(_shown_path(request))}")
                problem = Problem.model_validate_json(bytes(answer.body))
                return render(request, "problem.html", problem.status, problem=problem)

        return handle


def _shown_path(request: Request) -> str:
    """Of the page that the browser shows."""
    if request.method != "GET" or HTMX_REQUEST in request.headers:
        return "/"
    return request.url.path


def page_router() -> APIRouter:
    """For routes that answer pages: no part of the REST API's description."""
    return APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=Response)
