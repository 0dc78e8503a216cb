"""What the name of a data set says: how it is read, and from where."""

import re
from difflib import get_close_matches

from nas_service.domain.errors import DatasetError

UPLOADED = "dataset"
"""Scheme of an uploaded set, whose name is its id."""

NOISE = "noise"
"""Scheme of random pixels of a given shape."""

FORMS = {
    "digits": "digits",
    "imagefolder": "imagefolder:PATH",
    "npz": "npz:PATH",
    "hf": "hf:NAME",
    UPLOADED: f"{UPLOADED}-ID",
    NOISE: f"{NOISE}:HEIGHTxWIDTHxCHANNELSxCLASSES",
}
"""Scheme to the form of a name."""

FILE_SCHEMES = frozenset({"imagefolder", "npz"})
"""Those whose data must lie below a data root."""

_NOISE_FORM = re.compile(r"([1-9]\d{0,3})x([1-9]\d{0,3})x([13])x([1-9]\d{0,4})")
_UPLOAD_ID = re.compile(rf"{UPLOADED}-[0-9a-f]+")


def is_upload(name: str) -> bool:
    """Whether the name is an uploaded set's id."""
    return _UPLOAD_ID.fullmatch(name) is not None


def parse_dataset_name(name: str) -> tuple[str, str]:
    """Scheme and what it reads: the rest after the colon, an upload's id, or nothing for `digits`.

    Raises DatasetError `unknown-dataset`.
    """
    if is_upload(name):
        return UPLOADED, name
    scheme, colon, rest = name.partition(":")
    if scheme not in FORMS or scheme == UPLOADED or bool(colon) != (":" in FORMS[scheme]):
        near = get_close_matches(scheme, FORMS, n=1, cutoff=0.5)
        mend = f"did you mean {FORMS[near[0]]}?" if near else f"use one of {', '.join(FORMS.values())}"
        raise DatasetError("unknown-dataset", f"there is no data set {name}; {mend}", name)
    return scheme, rest


def noise_name(height: int, width: int, channels: int, class_count: int) -> str:
    """The set of random pixels of this shape."""
    return f"{NOISE}:{height}x{width}x{channels}x{class_count}"


def parse_noise(form: str) -> tuple[int, int, int, int]:
    """Height, width, channels and classes, as in `32x32x3x10`. Raises DatasetError `unknown-dataset`."""
    found = _NOISE_FORM.fullmatch(form)
    if found is None:
        detail = f"{form!r} is no shape; write {FORMS[NOISE]}, such as {NOISE}:32x32x3x10, with 1 or 3 channels"
        raise DatasetError("unknown-dataset", detail, form)
    height, width, channels, class_count = (int(number) for number in found.groups())
    return height, width, channels, class_count
