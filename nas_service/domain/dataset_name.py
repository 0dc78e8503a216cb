"""What the name of a data set says: how it is read, and from where."""

import re
from difflib import get_close_matches

from nas_service.domain.errors import DatasetError

UPLOADED = "dataset"
"""Scheme of an uploaded set, whose name is its id."""

FORMS = {
    "digits": "digits",
    "imagefolder": "imagefolder:PATH",
    "npz": "npz:PATH",
    "hf": "hf:NAME",
    UPLOADED: f"{UPLOADED}-ID",
}
"""Scheme to the form of a name."""

FILE_SCHEMES = frozenset({"imagefolder", "npz"})
"""Those whose data must lie below a data root."""

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
