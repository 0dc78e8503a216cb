"""What the name of a data set says: how it is read, and from where."""

from difflib import get_close_matches

from nas_service.domain.errors import DatasetError

FORMS = {"digits": "digits", "imagefolder": "imagefolder:PATH", "npz": "npz:PATH", "hf": "hf:NAME"}
"""Scheme to the form of a name."""

FILE_SCHEMES = frozenset({"imagefolder", "npz"})
"""Those whose data must lie below a data root."""


def parse_dataset_name(name: str) -> tuple[str, str]:
    """Scheme and the rest after the colon (empty for `digits`). Raises DatasetError `unknown-dataset`."""
    scheme, colon, rest = name.partition(":")
    if scheme not in FORMS or bool(colon) != (":" in FORMS[scheme]):
        near = get_close_matches(scheme, FORMS, n=1, cutoff=0.5)
        mend = f"did you mean {FORMS[near[0]]}?" if near else f"use one of {', '.join(FORMS.values())}"
        raise DatasetError("unknown-dataset", f"there is no data set {name}; {mend}", name)
    return scheme, rest
