"""Readers of data sets, one module a scheme; `open_source` picks one by the data set's name."""

from collections.abc import Callable, Sequence
from pathlib import Path

from nas_service.data.imagefolder import open_imagefolder
from nas_service.data.npz import open_npz
from nas_service.data.source import Source
from nas_service.data.uploads import open_upload
from nas_service.domain.dataset_name import NOISE, UPLOADED, parse_dataset_name
from nas_service.domain.errors import DatasetError
from nas_service.domain.spec import DatasetSpec
from workers.data.sources.digits import open_digits
from workers.data.sources.hf import open_hf
from workers.data.sources.noise import open_noise

FindUpload = Callable[[str], Path]
"""The file of an uploaded set by its id. Raises DatasetError where there is none."""


class UnknownUploadError(DatasetError):
    """An uploaded set, where no service is at hand that could tell its content."""


def no_uploads(dataset_id: str) -> Path:
    """For where no service is at hand. Raises UnknownUploadError."""
    detail = f"{dataset_id} was uploaded to a service; name the file that was uploaded with --data"
    raise UnknownUploadError("unknown-upload", detail, dataset_id)


def open_source(
    spec: DatasetSpec, roots: Sequence[Path], cache_dir: Path | None, find_upload: FindUpload = no_uploads
) -> Source:
    """Look over what `spec` names. Raises DatasetError: `unknown-dataset`, and those of the reader."""
    scheme, rest = parse_dataset_name(spec.name)
    if scheme == "imagefolder":
        return open_imagefolder(rest, roots, spec.image_size)
    if scheme == "npz":
        return open_npz(rest, roots, spec.image_size)
    if scheme == UPLOADED:
        return open_upload(find_upload(rest), spec.image_size)
    if scheme == "hf":
        return open_hf(rest, roots, spec.image_size, cache_dir)
    if scheme == NOISE:
        return open_noise(rest)
    return open_digits(spec.image_size)
