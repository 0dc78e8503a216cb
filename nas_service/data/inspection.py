"""Judge an uploaded file by reading all of it, and print JSON.

`python -m nas_service.data.inspection PATH MEMORY_BYTES CPU_S` is a process of its own, so that a file made to exhaust
memory or to crash a decoder harms nothing but this. It ends with its standard input, and so with whoever started it.
"""

import json
import os
import resource
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nas_service.data.archive import open_archive
from nas_service.data.encoded import EncodedImages, verified_headers
from nas_service.data.labels import check_labels
from nas_service.data.npz import npz_source
from nas_service.data.source import Part
from nas_service.data.uploads import holds_arrays
from nas_service.data.zipped import zipped_images
from nas_service.domain.datasets import ClassImages, DatasetFormat, UploadFacts
from nas_service.domain.errors import DatasetError

ORPHANED = 75


def inspect(path: Path) -> UploadFacts:
    """Decode every image of a zip of class folders, or read every array of an npz.

    Raises DatasetError: those of `open_archive`; for class folders those of `labelled_images`, `check_labels` and
    `verified_headers`; for arrays those of `npz_source` and `check_labels`.
    """
    with open_archive(path) as archive:
        return _inspect_arrays(path) if holds_arrays(archive) else _inspect_folders(zipped_images(archive))


def _inspect_folders(images: EncodedImages) -> UploadFacts:
    check_labels(images.labels, images.parts, images.classes)
    headers = verified_headers(images)
    widths, heights = [header.width for header in headers], [header.height for header in headers]
    return UploadFacts(
        format=DatasetFormat.FOLDERS,
        classes=_counts(images.labels, images.parts, images.classes),
        image_count=len(headers),
        channels=1 if all(header.is_grey for header in headers) else 3,
        min_width=min(widths),
        max_width=max(widths),
        min_height=min(heights),
        max_height=max(heights),
    )


def _inspect_arrays(path: Path) -> UploadFacts:
    source = npz_source(path, image_size=None)
    check_labels(source.labels, source.parts, source.classes)
    height, width, channels = source.shape
    return UploadFacts(
        format=DatasetFormat.NPZ,
        classes=_counts(source.labels, source.parts, source.classes),
        image_count=sum(len(chunk) for chunk in source.chunks()),
        channels=channels,
        min_width=width,
        max_width=width,
        min_height=height,
        max_height=height,
    )


def _counts(labels: np.ndarray, parts: np.ndarray, classes: Sequence[str]) -> tuple[ClassImages, ...]:
    counts = Counter(zip(labels.tolist(), parts.tolist(), strict=True))
    return tuple(
        ClassImages(name=name, **{part.name.lower(): counts[label, part] for part in Part})
        for label, name in enumerate(classes)
    )


def _end_with_input() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(ORPHANED)


def _limit(memory_bytes: int, cpu_s: int) -> None:
    """Too much memory is a MemoryError; too much of the processor is SIGXCPU, and a second later SIGKILL."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))


def main() -> None:
    """Print the facts, or the problem with detail and place."""
    path, memory_bytes, cpu_s = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    threading.Thread(target=_end_with_input, name="lifeline", daemon=True).start()
    _limit(memory_bytes, cpu_s)
    try:
        answer = inspect(path).model_dump(mode="json")
    except DatasetError as error:
        answer = {"problem": error.problem, "detail": error.detail, "where": error.where}
    except MemoryError:
        detail = f"reading it takes more than {memory_bytes >> 20} MiB of memory; save smaller images, or fewer files"
        answer = {"problem": "too-large-to-check", "detail": detail, "where": ""}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
