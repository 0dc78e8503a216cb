"""Files in a bucket of S3 or of anything that speaks its protocol. An object appears whole when its upload ends."""

from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from s3fs import S3FileSystem

from nas_service.artifacts.files import Files

PART_BYTES = 8 * 2**20
PARTS_AT_ONCE = 2
"""An upload keeps this many parts in memory."""


class Bucket(Files):
    """`root` is `bucket/prefix`. Credentials, region and endpoint come from where botocore finds them."""

    faults = (OSError, BotoCoreError, ClientError)

    def __init__(self, root: str) -> None:
        # Other processes write too, so nothing that was listed once may be believed later.
        super().__init__(S3FileSystem(use_listings_cache=False, skip_instance_cache=True), root)

    def path(self, name: str) -> None:
        """Never on this machine."""
        return

    def put(self, source: Path, name: str) -> None:
        """Upload, in parts where it is large."""
        with self._reaching(name):
            self._fs.put_file(str(source), self._at(name), chunksize=PART_BYTES, max_concurrency=PARTS_AT_ONCE)

    def fetch(self, name: str, to: Path) -> None:
        """Download in one stream: parts side by side would fill memory. Raises NotFoundError."""
        with self._reaching(name):
            self._fs.get_file(self._at(name), str(to), max_concurrency=1)
