"""From an address to files: a folder's path, `file://`, or `s3://bucket/prefix`."""

from pathlib import Path

from nas_service.artifacts.files import Files
from nas_service.artifacts.folder import Folder
from nas_service.domain.errors import PermanentError

S3 = "s3://"
FILE = "file://"


def open_files(url: str, folder: str) -> Files:
    """The files in `folder` below `url`. Opens no connection. Raises PermanentError `missing-package`."""
    if not url.startswith(S3):
        return Folder(Path(url.removeprefix(FILE)) / folder)
    try:
        from nas_service.artifacts.bucket import Bucket
    except ImportError as error:
        detail = f"artifacts on {S3} need s3fs: pip install 'nas-service[s3]'"
        raise PermanentError("missing-package", detail) from error
    return Bucket(f"{url.removeprefix(S3).strip('/')}/{folder}")
