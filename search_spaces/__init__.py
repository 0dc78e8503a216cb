"""What can be searched: spaces as data, and the networks they describe.

Importing this package, or any `space.py`, does not import torch; `build` and `load` do, when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from search_spaces.architecture import Architecture as Architecture
    from search_spaces.bundle import load as load
    from search_spaces.cost import Cost as Cost
    from search_spaces.errors import BrokenSpace as BrokenSpace
    from search_spaces.errors import IllegalArchitecture as IllegalArchitecture
    from search_spaces.errors import ImpossibleChoice as ImpossibleChoice
    from search_spaces.errors import SpaceError as SpaceError
    from search_spaces.errors import UnknownSpace as UnknownSpace
    from search_spaces.network import build as build
    from search_spaces.plan import BlockPlan as BlockPlan
    from search_spaces.plan import NetworkInput as NetworkInput
    from search_spaces.plan import NetworkPlan as NetworkPlan
    from search_spaces.registry import get as get
    from search_spaces.registry import names as names
    from search_spaces.space import SearchSpace as SearchSpace
    from search_spaces.vocabulary import Choice as Choice
    from search_spaces.vocabulary import ChoiceValue as ChoiceValue
    from search_spaces.vocabulary import When as When

_HOMES = {
    "Architecture": "architecture",
    "BlockPlan": "plan",
    "BrokenSpace": "errors",
    "Choice": "vocabulary",
    "ChoiceValue": "vocabulary",
    "Cost": "cost",
    "IllegalArchitecture": "errors",
    "ImpossibleChoice": "errors",
    "NetworkInput": "plan",
    "NetworkPlan": "plan",
    "SearchSpace": "space",
    "SpaceError": "errors",
    "UnknownSpace": "errors",
    "When": "vocabulary",
    "build": "network",
    "get": "registry",
    "load": "bundle",
    "names": "registry",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
