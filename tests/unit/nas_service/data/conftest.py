"""Folders of real image files."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.support.image_folders import make_image_folder


@pytest.fixture
def image_folder(tmp_path: Path) -> Callable[..., Path]:
    """Write PNG files into tmp_path/photos/<class>: see `make_image_folder`."""
    return partial(make_image_folder, tmp_path / "photos")
