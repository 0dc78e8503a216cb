"""What a spec may name: spaces, recipes, devices and targets, and the spec's own schema."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Query

import search_spaces
from nas_service.api.dependencies import NAME_PATTERN, ServiceDep, SpaceName
from nas_service.api.device_converters import device_info, target_info
from nas_service.api.identity import Reader
from nas_service.api.problems import refusals
from nas_service.api.recipe_converters import recipe_step_info
from nas_service.domain.errors import NotFoundError
from nas_service.domain.recipe import STEPS
from nas_service.domain.spec import SearchSpec
from nas_service.use_cases.devices import known_devices
from nas_service.use_cases.targets import known_targets
from nas_service.wire.catalog import (
    ChoiceInfo,
    DeviceList,
    RecipeList,
    SpaceDetail,
    SpaceList,
    SpaceSummary,
    TargetList,
)
from search_spaces.vocabulary import Choice

router = APIRouter(prefix="/v1", tags=["catalog"])


@router.get("/spaces")
def list_spaces(reader: Reader) -> SpaceList:
    """Every registered search space."""
    return SpaceList(items=tuple(_space_summary(name) for name in search_spaces.names()))


def _space_summary(name: str) -> SpaceSummary:
    try:
        return SpaceSummary(name=name, presets=search_spaces.get(name).presets())
    except search_spaces.SpaceError as error:
        return SpaceSummary(name=name, presets=(), failure=str(error))


@router.get("/spaces/{name}", responses=refusals(404))
def get_space(
    reader: Reader,
    name: SpaceName,
    preset: Annotated[
        str, Query(pattern=NAME_PATTERN, description="Named ranges for an image size; by default the first one.")
    ] = "auto",
) -> SpaceDetail:
    """A search space with its choices, exact size and JSON Schema."""
    try:
        space = search_spaces.get(name, preset=preset)
    except search_spaces.UnknownSpace as error:
        raise NotFoundError("no-such-space", str(error)) from error
    return SpaceDetail(
        name=space.name,
        presets=space.presets(),
        preset=space.preset,
        choices=_choice_infos(space.choices),
        optional_choices=_choice_infos(c for c in space.declare(space.preset) if c.default is not None),
        size=str(space.size()),
        json_schema=space.json_schema(),
    )


def _choice_infos(choices: Iterable[Choice]) -> tuple[ChoiceInfo, ...]:
    return tuple(ChoiceInfo.model_validate(choice, from_attributes=True) for choice in choices)


@router.get("/recipes")
def list_recipes(reader: Reader) -> RecipeList:
    """Every step that `training.recipe` and `finalize.recipe` may name."""
    return RecipeList(items=tuple(map(recipe_step_info, STEPS.values())))


@router.get("/devices")
def list_devices(reader: Reader, service: ServiceDep) -> DeviceList:
    """Every device ever connected, those heard of last first, with how steady their timings were of late."""
    with service.store.read() as uow:
        devices = known_devices(uow, reader.tenant)
    return DeviceList(items=tuple(device_info(device) for device in devices))


@router.get("/targets")
def list_targets(reader: Reader, service: ServiceDep) -> TargetList:
    """Every runtime and precision on every known device, as a spec's `targets` may name them, or why not."""
    with service.store.read() as uow:
        targets = known_targets(uow, reader.tenant)
    return TargetList(items=tuple(target_info(target) for target in targets))


@router.get("/spec-schema")
def get_spec_schema(reader: Reader) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a search spec."""
    return SearchSpec.model_json_schema()
