"""Take in a latency table that somebody else has measured and published."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

import search_spaces
from nas_service.domain.entities import new_id
from nas_service.domain.errors import FieldProblem, SpecError
from nas_service.domain.predictors import Origin, Predictor, Subject
from nas_service.domain.spec import TargetSpec
from nas_service.latency.networks import networks_of
from nas_service.latency.published_table import MissingEntriesError, PublishedTable
from nas_service.use_cases.ports import Store
from nas_service.use_cases.predictors import PredictorView

SAMPLES = 512
"""Networks looked up before a table is accepted: one that lacks entries would fail in the middle of a search."""


@dataclass(frozen=True, slots=True)
class Published:
    """A table and what it speaks of."""

    space: str
    preset: str
    target: TargetSpec
    network_input: search_spaces.NetworkInput
    tables: Mapping[int, Mapping[str, Any]]
    """Resolution to entries; images are taken to have the network's resolution already."""


def import_table(store: Store, published: Published, tenant: str) -> PredictorView:
    """Store it as a predictor. Raises SpecError for a space that is not there, and for entries that are not."""
    table = _checked(published)
    side = max(published.tables)
    data = published.network_input
    subject = Subject(published.space, published.preset, data.channels, data.class_count, side, side)
    predictor = Predictor(
        id=new_id("predictor"),
        tenant=tenant,
        subject=subject,
        target=published.target,
        origin=Origin.IMPORTED,
        birthplace=None,
        measured_count=0,
        report={"method": "table"},
        created_at=datetime.now(UTC),
    )
    with store.write() as uow:
        return PredictorView(uow.predictors.put(predictor, table.to_json()), None)


def _checked(published: Published) -> PublishedTable:
    resolutions = sorted(published.tables)
    try:
        space = search_spaces.get(published.space, published.preset, {"resolution": resolutions})
    except search_spaces.ImpossibleChoice as error:
        raise SpecError([FieldProblem("tables", str(error))]) from error
    except search_spaces.SpaceError as error:
        raise SpecError([FieldProblem("space", str(error))]) from error
    try:
        table = PublishedTable.read(list(published.tables.values()))
        rows = space.to_indices(space.sample(np.random.default_rng(0), SAMPLES))
        table.predict(networks_of(space, rows, published.network_input, (resolutions[-1], resolutions[-1])))
    except (MissingEntriesError, ValueError) as error:
        raise SpecError([FieldProblem("tables", str(error))]) from error
    return table
