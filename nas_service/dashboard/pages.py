"""All pages of the dashboard."""

from fastapi import FastAPI

from nas_service.dashboard import list_pages, search_pages, session_pages, static_files


def install(app: FastAPI) -> None:
    """Serve the dashboard from `app`."""
    static_files.install(app)
    for part in (session_pages, list_pages, search_pages):
        app.include_router(part.router)
