"""All pages of the dashboard."""

from fastapi import FastAPI

from nas_service.dashboard import search_pages, static_files


def install(app: FastAPI) -> None:
    """Serve the dashboard from `app`."""
    static_files.install(app)
    for part in (search_pages,):
        app.include_router(part.router)
