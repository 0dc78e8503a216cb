"""A decoded folder is written once, whole or not at all, and mended when damaged."""

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from nas_service.domain.errors import DatasetError
from workers.data.cache import FACTS, PIXELS, Facts, decoded_images, evict

SHAPE = (6, 2, 2, 1)


@pytest.fixture
def fills() -> list[int]:
    """One entry for each decoding."""
    return []


@pytest.fixture
def fill(fills: list[int]) -> Callable[[np.ndarray], Facts]:
    def write(pixels: np.ndarray) -> Facts:
        fills.append(1)
        pixels[...] = np.arange(24).reshape(SHAPE)
        return Facts(mean=(0.25,), std=(0.5,))

    return write


def test_the_second_opening_does_not_decode(tmp_path: Path, fills: list[int], fill: Callable) -> None:
    for _ in range(2):
        found = decoded_images(tmp_path / "cache" / "abc", SHAPE, fill)
        assert found.pixels.ravel().tolist() == list(range(24))
        assert found.facts == Facts(mean=(0.25,), std=(0.5,))
    assert len(fills) == 1


@pytest.mark.parametrize("damage", ["cut pixels", "no facts", "bad facts", "other shape"])
def test_a_damaged_folder_is_decoded_again(tmp_path: Path, fills: list[int], fill: Callable, damage: str) -> None:
    folder = tmp_path / "abc"
    decoded_images(folder, SHAPE, fill)
    if damage == "cut pixels":
        (folder / PIXELS).write_bytes((folder / PIXELS).read_bytes()[:-3])
    elif damage == "no facts":
        (folder / FACTS).unlink()
    elif damage == "bad facts":
        (folder / FACTS).write_text('{"mean": 3')
    else:
        np.save(folder / PIXELS, np.zeros((1, 2, 2, 1), np.uint8))
    assert decoded_images(folder, SHAPE, fill).pixels.ravel().tolist() == list(range(24))
    assert len(fills) == 2


def test_a_failed_decoding_leaves_nothing_that_could_be_taken_for_data(tmp_path: Path, fill: Callable) -> None:
    def failing(pixels: np.ndarray) -> Facts:
        pixels[0] = 1
        raise DatasetError("broken-images", "one is broken")

    with pytest.raises(DatasetError):
        decoded_images(tmp_path / "abc", SHAPE, failing)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    assert decoded_images(tmp_path / "abc", SHAPE, fill).pixels[0, 0, 1, 0] == 1


def test_what_a_killed_process_left_is_cleared(tmp_path: Path, fill: Callable) -> None:
    (tmp_path / "abc.unfinished").mkdir()
    (tmp_path / "abc.unfinished" / PIXELS).write_bytes(b"half")
    decoded_images(tmp_path / "abc", SHAPE, fill)
    assert not (tmp_path / "abc.unfinished").exists()


def test_of_two_at_once_only_one_decodes(tmp_path: Path, fills: list[int], fill: Callable) -> None:
    threads = [threading.Thread(target=decoded_images, args=(tmp_path / "abc", SHAPE, fill)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fills) == 1


def test_whoever_waits_for_another_may_stop_waiting(tmp_path: Path, fills: list[int], fill: Callable) -> None:
    def stop() -> None:
        raise InterruptedError

    with FileLock(tmp_path / "abc.lock"), pytest.raises(InterruptedError):
        decoded_images(tmp_path / "abc", SHAPE, fill, on_wait=stop)
    assert fills == []
    decoded_images(tmp_path / "abc", SHAPE, fill, on_wait=stop)
    assert fills == [1]


def test_pixels_stay_readable_and_private_after_the_folder_is_gone(tmp_path: Path, fill: Callable) -> None:
    first, second = (decoded_images(tmp_path / "abc", SHAPE, fill).pixels for _ in range(2))
    first[...] = 99
    shutil.rmtree(tmp_path / "abc")
    assert second.ravel().tolist() == list(range(24))


def test_a_set_that_does_not_fit_on_the_disk_is_refused(tmp_path: Path, fill: Callable) -> None:
    with pytest.raises(DatasetError, match="bytes of disk") as caught:
        decoded_images(tmp_path / "abc", (2**40, 512, 512, 3), fill)
    assert caught.value.problem == "disk-full"


@pytest.fixture
def decoded(tmp_path: Path, fill: Callable) -> list[Path]:
    """Three sets, last opened in this order."""
    folders = [tmp_path / "cache" / name for name in ("old", "middle", "new")]
    for age, folder in enumerate(reversed(folders)):
        decoded_images(folder, SHAPE, fill)
        os.utime(folder, (1e9 - age, 1e9 - age))
    return folders


def held(folders: list[Path]) -> list[str]:
    return [folder.name for folder in folders if folder.exists()]


def test_the_sets_not_opened_for_longest_go_first(decoded: list[Path], fill: Callable) -> None:
    old, _, new = decoded
    size_bytes = sum(file.stat().st_size for file in new.iterdir())
    decoded_images(old, SHAPE, fill)
    evict(new.parent, 2 * size_bytes)
    assert held(decoded) == ["old", "new"]


def test_the_newest_stays_whatever_its_size_and_readers_go_on(decoded: list[Path], fill: Callable) -> None:
    reading = decoded_images(decoded[0], SHAPE, fill).pixels
    os.utime(decoded[0], (0, 0))
    evict(decoded[0].parent, 0)
    assert held(decoded) == ["new"]
    assert reading.ravel().tolist() == list(range(24))


def test_a_set_that_somebody_is_opening_is_left(decoded: list[Path]) -> None:
    with FileLock(decoded[0].with_suffix(".lock")):
        evict(decoded[0].parent, 0)
    assert held(decoded) == ["old", "new"]
