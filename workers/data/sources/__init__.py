"""Readers of data sets, one module a scheme; `open_source` picks one by the data set's name."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from nas_service.domain.errors import DatasetError
from nas_service.domain.spec import DatasetSpec
from workers.data.source import Source
from workers.data.sources.digits import open_digits
from workers.data.sources.hf import open_hf
from workers.data.sources.imagefolder import open_imagefolder
from workers.data.sources.npz import open_npz

NAMES = {"digits": "digits", "imagefolder": "imagefolder:PATH", "npz": "npz:PATH", "hf": "hf:NAME"}
"""Scheme to the form of a name."""


def open_source(spec: DatasetSpec, roots: Sequence[Path], cache_dir: Path | None) -> Source:
    """Look over what `spec` names. Raises DatasetError: `unknown-dataset`, and those of the reader."""
    scheme, colon, rest = spec.name.partition(":")
    if scheme not in NAMES or bool(colon) != (":" in NAMES[scheme]):
        near = get_close_matches(scheme, NAMES, n=1, cutoff=0.5)
        mend = f"did you mean {NAMES[near[0]]}?" if near else f"use one of {', '.join(NAMES.values())}"
        raise DatasetError("unknown-dataset", f"there is no data set {spec.name}; {mend}", spec.name)
    if scheme == "imagefolder":
        return open_imagefolder(rest, roots, spec.image_size)
    if scheme == "npz":
        return open_npz(rest, roots, spec.image_size)
    if scheme == "hf":
        return open_hf(rest, roots, spec.image_size, cache_dir)
    return open_digits(spec.image_size)
