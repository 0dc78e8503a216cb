"""Folders of real image files, made of noise."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image


def make_image_folder(
    folder: Path, counts: Mapping[str, int], size: tuple[int, int] = (10, 8), mode: str = "RGB"
) -> Path:
    """Write PNG files into `folder`/<class>: class name to number of images of `size` (width, height)."""
    rng = np.random.default_rng(1)
    folder.mkdir(exist_ok=True)
    for class_name, count in counts.items():
        (folder / class_name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
            pixels = rng.integers(0, 256, shape, dtype=np.uint8)
            Image.fromarray(pixels).save(folder / class_name / f"{number}.png")
    return folder
