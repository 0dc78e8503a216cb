"""A network of somebody's own: a bundle of ours, or an exported torch program."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

import search_spaces
from nas_service.domain.errors import PermanentError
from search_spaces.normalise import Normalised
from search_spaces.program import UnsafeProgramError, load_program
from workers.compression.layers import layered
from workers.data import DataSet
from workers.export.exported import pixels_of

TRIED_IMAGES = 2


class ModelUnfitError(PermanentError):
    """The file is no network for this data set, or none that can be read safely."""


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """A network in eval mode, and the data as it takes them."""

    network: nn.Module
    data: DataSet
    """Its `mean` and `std` are those that the network's images are normalised by."""


def given_network(path: Path, data: DataSet) -> Given:
    """The network in a bundle's folder or a `.pt2` file, which takes raw pixels in [0, 1], tried on `data`.

    Raises ModelUnfitError.
    """
    try:
        found = _of_bundle(path, data) if path.is_dir() else _of_program(path, data)
    except (search_spaces.SpaceError, UnsafeProgramError, OSError, KeyError, RuntimeError) as error:
        raise ModelUnfitError("unreadable-model", f"{path} cannot be read: {error}") from error
    _try(found, path)
    return found


def _of_bundle(folder: Path, data: DataSet) -> Given:
    loaded = search_spaces.load(folder)
    if not isinstance(loaded, Normalised):
        return _of_program(folder / "model.pt2", data)
    mean, std = (tuple(values.flatten().tolist()) for values in (loaded.mean, loaded.std))
    return Given(loaded.network.eval(), replace(data, mean=mean, std=std))


def _of_program(path: Path, data: DataSet) -> Given:
    """Its normalisation is inside, if it has any."""
    channels = data.channels
    return Given(layered(load_program(path)), replace(data, mean=(0.0,) * channels, std=(1.0,) * channels))


def _try(found: Given, path: Path) -> None:
    data = found.data
    pixels = torch.from_numpy(pixels_of(data.validation, slice(0, TRIED_IMAGES)))
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (data.mean, data.std))
    try:
        with torch.inference_mode():
            shape = tuple(found.network((pixels - mean) / std).shape)
    except (RuntimeError, TypeError, ValueError) as error:
        detail = f"{path} does not take {TRIED_IMAGES} images of {tuple(pixels.shape[1:])} at once: {error}"
        raise ModelUnfitError("model-unfit", f"{detail}; export it with a dynamic batch size") from error
    if shape != (TRIED_IMAGES, len(data.classes)):
        wanted = (TRIED_IMAGES, len(data.classes))
        raise ModelUnfitError("model-unfit", f"{path} gives {shape} for {TRIED_IMAGES} images, {wanted} was expected")
