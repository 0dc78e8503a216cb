"""Where a network's latency goes, block by block, as the targets' latency predictors tell it."""

from dataclasses import dataclass
from typing import Any

import search_spaces
from nas_service.domain.entities import Candidate, Search
from nas_service.domain.executed import as_executed
from nas_service.domain.predictors import Predictor, Subject
from nas_service.domain.spec import TargetSpec
from nas_service.latency.documents import predictor_from_json
from nas_service.latency.networks import Networks, networks_of
from nas_service.latency.published_table import MissingEntriesError
from nas_service.use_cases.ports import UnitOfWork
from nas_service.use_cases.predictors import outdated
from nas_service.use_cases.space import network_input, space_of
from search_spaces.table import ABSENT


@dataclass(frozen=True, slots=True)
class BlockTimes:
    """Of one network on one target. Predicted: no block was ever timed alone."""

    target: TargetSpec
    total_ms: float
    of_block_ms: tuple[float, ...]
    """In the order of the network's plan. They need not add up to the total: a call costs time of its own."""
    mape: float | None
    """By how much the predictor is off on average (relative), of whole networks; None where that is not known."""

    @property
    def shares(self) -> tuple[float, ...]:
        """Of each block in the total, or in their sum where that is larger."""
        whole_ms = max(self.total_ms, sum(self.of_block_ms))
        return tuple(time_ms / whole_ms for time_ms in self.of_block_ms)


def block_times(uow: UnitOfWork, search: Search, candidate: Candidate) -> list[BlockTimes]:
    """One for each of the search's targets that has a predictor which still holds, in their order."""
    try:
        network = _network(search, candidate)
    except (ValueError, search_spaces.SpaceError):
        return []  # its space is not known here, as `use_cases.drawing` says on the same page
    devices = uow.workers.devices(search.tenant)
    stored = {found.target: found for found in uow.predictors.of(Subject.of(search), search.tenant)}
    targets = as_executed(search.spec, candidate).targets
    usable = [stored[target] for target in dict.fromkeys(targets) if target in stored]
    found = [_times(uow, one, network) for one in usable if outdated(one, devices) is None]
    return [times for times in found if times]


def _network(search: Search, candidate: Candidate) -> Networks:
    space = space_of(search)
    rows = space.to_indices([space.canonical(candidate.architecture)])
    side = (search.dataset.height, search.dataset.width) if search.dataset else None
    return networks_of(space, rows, network_input(search), side)


def _times(uow: UnitOfWork, stored: Predictor, network: Networks) -> BlockTimes | None:
    predictor = predictor_from_json(uow.predictors.model(stored.id))
    try:
        each_ms, total_ms = predictor.blocks_ms(network), float(predictor.predict(network)[0])
    except MissingEntriesError:
        return None
    present = network.blocks.kind[:, 0] != ABSENT
    of_block_ms = tuple(float(each_ms[place]) for place in network.places[0] if present[place])
    errors: dict[str, Any] = stored.report.get("errors", {})
    return BlockTimes(stored.target, total_ms, of_block_ms, errors["mape"]["value"] if errors else None)
