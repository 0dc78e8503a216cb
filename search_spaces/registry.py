"""Finds search spaces by name: every folder with a `space.py`, here and below the folders in NAS_SPACE_PATH.

A `space.py` gives `SPACE`, the `SearchSpace` class, whose `name` is the folder's. A `build.py` beside it, where there
is one, gives `build(plan) -> torch.nn.Module` in place of the shared blocks.
"""

import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from search_spaces.errors import BrokenSpace, UnknownSpace
from search_spaces.space import SearchSpace

SPACE_PATH_VARIABLE = "NAS_SPACE_PATH"
AUTO_PRESET = "auto"
USER_PACKAGE = "user_search_spaces"


def names() -> tuple[str, ...]:
    """All registered spaces, in alphabetic order. Nothing is imported to find them."""
    return tuple(sorted(_folders()))


def get(
    name: str,
    preset: str = AUTO_PRESET,
    choices: Mapping[str, object] | None = None,
    image_size: int | None = None,
) -> SearchSpace:
    """A space with one of its presets, restricted or extended by `choices`.

    `auto` is the preset made for the image size nearest (by ratio) to `image_size`, or the first one without it.
    Raises UnknownSpace, BrokenSpace, or ImpossibleChoice for choices that no network can follow.
    """
    space = space_class(name)
    return space(_nearest_preset(space, image_size) if preset == AUTO_PRESET else preset, choices)


def space_class(name: str) -> type[SearchSpace]:
    """The class that a space's folder declares."""
    folders = _folders()
    if name not in folders:
        raise UnknownSpace("search space", name, folders)
    module = _import(name, folders[name], "space")
    space = getattr(module, "SPACE", None)
    if not (isinstance(space, type) and issubclass(space, SearchSpace)) or space.name != name:
        raise BrokenSpace(f"{folders[name]}/space.py must give SPACE, a SearchSpace class named {name!r}")
    return space


def builds_its_own(name: str) -> bool:
    """Whether the space's networks are not made of the shared blocks."""
    return (_folders()[name] / "build.py").is_file()


def builder_module(name: str) -> ModuleType | None:
    """The space's own `build.py`, if it has one."""
    return _import(name, _folders()[name], "build") if builds_its_own(name) else None


def _nearest_preset(space: type[SearchSpace], image_size: int | None) -> str:
    sizes = space.preset_image_sizes
    if image_size is None:
        return next(iter(sizes))
    return min(sizes, key=lambda preset: max(sizes[preset], image_size) / min(sizes[preset], image_size))


def _folders() -> dict[str, Path]:
    """Name to folder. Of two folders with one name the first found counts, the built-in ones before all."""
    user_paths = [Path(entry) for entry in os.environ.get(SPACE_PATH_VARIABLE, "").split(os.pathsep) if entry]
    found: dict[str, Path] = {}
    for root in [Path(__file__).parent, *user_paths]:
        for file in sorted(root.glob("*/space.py")):
            found.setdefault(file.parent.name, file.parent.resolve())
    return found


def _import(name: str, folder: Path, part: str) -> ModuleType:
    built_in = folder.parent == Path(__file__).parent.resolve()
    package = f"{__package__}.{name}" if built_in else f"{USER_PACKAGE}.{name}"
    try:
        if not built_in:
            _register_package(USER_PACKAGE, folder.parent)
            _register_package(package, folder)
        return importlib.import_module(f"{package}.{part}")
    except Exception as error:
        raise BrokenSpace(f"{folder}/{part}.py cannot be imported: {error!r}") from error


def _register_package(package: str, folder: Path) -> None:
    """Make a folder importable under a name of ours, so that its files may import each other relatively."""
    known = sys.modules.get(package)
    if known is not None and str(folder) in known.__path__:
        return
    if known is not None and package == USER_PACKAGE:
        known.__path__.append(str(folder))
        return
    spec = importlib.util.spec_from_loader(package, loader=None, is_package=True)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    module.__path__ = [str(folder)]
    sys.modules[package] = module
