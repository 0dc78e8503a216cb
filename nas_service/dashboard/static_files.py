"""Style sheets, scripts and icons: shipped with the package, and cached by browsers for good.

Their address holds a digest of all of them, so a new version has new addresses, also where a script imports another.
"""

import hashlib
from functools import cache
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"
FOR_GOOD = "public, max-age=31536000, immutable"


@cache
def address() -> str:
    """The path below which the files are served."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(FOLDER)).encode())
            digest.update(path.read_bytes())
    return f"/static/{digest.hexdigest()[:12]}"


class _Immutable(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = FOR_GOOD
        return response


def install(app: FastAPI) -> None:
    """Serve the files."""
    app.mount(address(), GZipMiddleware(_Immutable(directory=FOLDER)), name="static")
