"""From the `dataset` part of a spec to a `DataSet`: open, check, split, decode (or find decoded), normalise."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor

from nas_service.data.labels import check_source
from nas_service.data.pixels import PIXEL_RULE
from nas_service.data.source import Source
from nas_service.domain.spec import DatasetSpec
from workers.data.cache import DECODED, DecodedImages, Facts, OnWait, decoded_images
from workers.data.dataset import DataSet, MemorySplit, Split
from workers.data.sources import FindUpload, no_uploads, open_source
from workers.data.splits import SPLIT_RULE, SplitIndices, split_samples
from workers.data.statistics import mean_and_std
from workers.data.streamed import PixelFile, StreamedSplit

MEMORY_BUDGET_BYTES = 2 * 2**30


@dataclass(frozen=True, slots=True)
class Around:
    """What loading needs from around it. `on_wait` is called every few seconds at least, and may raise to stop it."""

    find_upload: FindUpload = no_uploads
    on_wait: OnWait = lambda: None


ALONE = Around()


def load_dataset(
    spec: DatasetSpec,
    roots: Sequence[Path],
    cache_dir: Path | None = None,
    memory_budget_bytes: int = MEMORY_BUDGET_BYTES,
    around: Around = ALONE,
) -> DataSet:
    """Load what `spec` names; file sets only from below `roots`, uploaded ones where `around` says.

    With a `cache_dir` the decoded images are kept there and shared between processes. Sets larger than
    `memory_budget_bytes` when decoded are streamed from there, or without one from a temporary file.

    Raises nas_service.domain.errors.DatasetError with one of the problems that `open_source`, `check_source`,
    `mean_and_std` and `decoded_images` name.
    """
    source = _interruptible(open_source(spec, roots, cache_dir, around.find_upload), around.on_wait)
    check_source(source)
    indices = split_samples(source.labels, source.parts, spec)
    fingerprint = _fingerprint(source, spec)
    fits = source.decoded_bytes <= memory_budget_bytes
    if cache_dir is None and fits:
        pixels = np.empty((len(source.labels), *source.shape), np.uint8)
        facts = _decode(source, indices, pixels)
        splits = _memory_splits(pixels, source, indices)
    else:
        with nullcontext(cache_dir / DECODED) if cache_dir else TemporaryDirectory(prefix="nas-data-") as folder:
            stored = _stored(Path(folder) / fingerprint, source, indices, around.on_wait)
            facts = stored.facts
            splits = (_memory_splits if fits else _streamed_splits)(stored.pixels, source, indices)
    train, validation, test = splits
    return DataSet(
        name=spec.name,
        fingerprint=fingerprint,
        classes=source.classes,
        mean=facts.mean,
        std=facts.std,
        train=train,
        validation=validation,
        test=test,
    )


def _fingerprint(source: Source, spec: DatasetSpec) -> str:
    parts = {
        "content": source.content_hash,
        "classes": source.classes,
        "shape": source.shape,
        "rules": [PIXEL_RULE, SPLIT_RULE],
        "split": [spec.split_seed, spec.validation_fraction, spec.test_fraction],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _interruptible(source: Source, on_wait: OnWait) -> Source:
    """The same, asking before each chunk whether to go on."""

    def chunks() -> Iterator[np.ndarray]:
        for chunk in source.chunks():
            on_wait()
            yield chunk

    return replace(source, chunks=chunks)


def _stored(folder: Path, source: Source, indices: SplitIndices, on_wait: OnWait) -> DecodedImages:
    shape = (len(source.labels), *source.shape)
    return decoded_images(folder, shape, lambda pixels: _decode(source, indices, pixels), on_wait)


def _decode(source: Source, indices: SplitIndices, pixels: np.ndarray) -> Facts:
    """Decode into `pixels` (n, h, w, c): all of train, then validation, then test."""
    order = np.concatenate([indices.train, indices.validation, indices.test])
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    start = 0
    for chunk in source.chunks():
        pixels[place[start : start + len(chunk)]] = chunk
        start += len(chunk)
    mean, std = mean_and_std(pixels[: len(indices.train)])
    return Facts(mean, std)


def _memory_splits(pixels: np.ndarray, source: Source, indices: SplitIndices) -> list[Split]:
    images = torch.from_numpy(np.asarray(pixels)).permute(0, 3, 1, 2)
    return [MemorySplit(images[first : first + len(labels)], labels) for first, labels in _ranges(source, indices)]


def _streamed_splits(pixels: np.memmap, source: Source, indices: SplitIndices) -> list[Split]:
    height, width, channels = source.shape
    file = PixelFile(Path(str(pixels.filename)), pixels.offset, height * width * channels)
    return [StreamedSplit(file, first, labels, source.shape) for first, labels in _ranges(source, indices)]


def _ranges(source: Source, indices: SplitIndices) -> list[tuple[int, Tensor]]:
    """First row and labels of train, validation and test."""
    groups = (indices.train, indices.validation, indices.test)
    firsts = np.cumsum([0, *map(len, groups)])[:3].tolist()
    return [(first, torch.from_numpy(source.labels[rows])) for first, rows in zip(firsts, groups, strict=True)]
