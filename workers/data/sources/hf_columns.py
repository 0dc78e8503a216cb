"""Find the columns of a `datasets` table that hold images and labels, and read them without decoding."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nas_service.data.encoded import Encoded
from nas_service.data.labels import numbered_classes
from nas_service.data_paths import is_below
from nas_service.domain.errors import DatasetError

if TYPE_CHECKING:
    from datasets import Dataset, Features

LABEL_COLUMNS = ("label", "labels", "class", "target", "fine_label", "category")


class ImageColumn(Sequence[Encoded]):
    """The encoded images of a column cast to `Image(decode=False)`; only what a slice asks for is read."""

    def __init__(self, data: "Dataset", column: str, roots: Sequence[Path]) -> None:
        self._data = data
        self._column = column
        self._roots = roots

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, index: Any) -> Any:
        """A list of bytes or paths for a slice, one of them for an integer. Raises `path-outside-roots`."""
        cells = self._data[index][self._column]
        return [self._encoded(cell) for cell in cells] if isinstance(index, slice) else self._encoded(cells)

    def _encoded(self, cell: dict[str, Any] | None) -> Encoded:
        if cell is None or cell["bytes"] is not None:
            return cell["bytes"] if cell else b""
        path = Path(cell["path"])
        if not is_below(path, self._roots):
            detail = f"an image refers to {path}, outside the data roots; remove the reference"
            raise DatasetError("path-outside-roots", detail, str(path))
        return path


def find_image_column(features: "Features") -> str:
    """The one column of type Image."""
    from datasets import Image

    found: list[str] = [name for name, feature in features.items() if isinstance(feature, Image)]
    if len(found) != 1:
        detail = f"of the columns {_described(features)}, {len(found)} are of type Image; keep exactly one"
        raise DatasetError("no-image-column", detail, ", ".join(found))
    return found[0]


def find_label_column(features: "Features") -> str:
    """The one ClassLabel column, or else the first column with a usual name."""
    from datasets import ClassLabel

    declared: list[str] = [name for name, feature in features.items() if isinstance(feature, ClassLabel)]
    if len(declared) == 1:
        return declared[0]
    usual = [name for name in LABEL_COLUMNS if name in (declared or features)]
    if not usual:
        mend = f"name the label column {' or '.join(LABEL_COLUMNS[:2])}"
        raise DatasetError("no-label-column", f"none of the columns {_described(features)} is a label; {mend}")
    return usual[0]


def read_labels(data: "Dataset", column: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels as int64 (n,) and class names. Raises DatasetError: `missing-labels`, `wrong-dtype`."""
    from datasets import ClassLabel

    values = data.select_columns([column])[:][column]
    missing = sum(value is None for value in values)
    if missing:
        raise DatasetError("missing-labels", f"{missing} rows have no {column}; remove or label them", column)
    feature = data.features[column]
    if isinstance(feature, ClassLabel):
        return np.array(values, np.int64), tuple(feature.names)
    if feature.dtype in ("string", "large_string"):
        classes = sorted(set(values))
        index = {name: label for label, name in enumerate(classes)}
        return np.array([index[value] for value in values], np.int64), tuple(classes)
    if "int" not in feature.dtype:
        raise DatasetError("wrong-dtype", f"{column} is {feature.dtype}; use integers, strings or ClassLabel", column)
    labels = np.array(values, np.int64)
    return labels, numbered_classes(labels)


def _described(features: "Features") -> str:
    return ", ".join(f"{name} ({type(feature).__name__})" for name, feature in features.items())
