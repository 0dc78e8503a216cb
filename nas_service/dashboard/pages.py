"""All pages of the dashboard."""

from fastapi import FastAPI

from nas_service.dashboard import (
    compare_pages,
    device_pages,
    key_pages,
    list_pages,
    new_search_pages,
    search_pages,
    session_pages,
    static_files,
    webhook_pages,
)

PARTS = (
    session_pages,
    list_pages,
    new_search_pages,
    search_pages,
    compare_pages,
    device_pages,
    key_pages,
    webhook_pages,
)


def install(app: FastAPI) -> None:
    """Serve the dashboard from `app`."""
    static_files.install(app)
    app.include_router(new_search_pages.answers)
    for part in PARTS:
        app.include_router(part.router)
