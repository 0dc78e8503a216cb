"""Studies and trials out of Optuna's tables, in bulk: the number of queries does not depend on the number of trials."""

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from optuna.storages._rdb.models import TrialValueModel
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from sqlalchemy import ColumnElement, Connection, Select, bindparam, select

from nas_service.search.tables import (
    DIRECTIONS,
    PARAMS,
    STUDIES,
    STUDY_ATTRS,
    SYSTEM_ATTRS,
    TRIALS,
    VALUES,
    Space,
)

_STUDY_ATTR = select(STUDY_ATTRS.c.value_json).where(
    STUDY_ATTRS.c.study_id == bindparam("study_id"), STUDY_ATTRS.c.key == bindparam("key")
)


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study without its trials."""

    study_id: int
    directions: list[StudyDirection]
    system_attrs: dict[str, Any]


def read_study(connection: Connection, name: str) -> StudyRow:
    """Raises LookupError where no study has the name."""
    study_id = connection.scalar(select(STUDIES.c.study_id).where(STUDIES.c.study_name == name))
    if study_id is None:
        raise LookupError(f"no study {name!r}: create it first")
    directions = select(DIRECTIONS.c.direction).where(DIRECTIONS.c.study_id == study_id)
    return StudyRow(
        study_id,
        list(connection.scalars(directions.order_by(DIRECTIONS.c.objective))),
        read_study_attrs(connection, study_id),
    )


def read_study_attrs(connection: Connection, study_id: int) -> dict[str, Any]:
    """The study's system attributes: what samplers remember of a study as a whole."""
    query = select(STUDY_ATTRS.c.key, STUDY_ATTRS.c.value_json).where(STUDY_ATTRS.c.study_id == study_id)
    return {key: json.loads(text) for key, text in connection.execute(query)}


def read_study_attr(connection: Connection, study_id: int, key: str) -> Any:
    """One system attribute of the study, or None."""
    text = connection.scalar(_STUDY_ATTR, {"study_id": study_id, "key": key})
    return None if text is None else json.loads(text)


def read_trials(
    connection: Connection, study_id: int, space: Space, *conditions: ColumnElement[bool]
) -> list[FrozenTrial]:
    """Trials of the study that meet `conditions`, by number, without what samplers ignore: times, user attributes."""
    mine = (TRIALS.c.study_id == study_id, *conditions)
    ids = select(TRIALS.c.trial_id).where(*mine)
    params = _read_params(connection, ids, space)
    values = _read_values(connection, ids)
    system_attrs = _read_system_attrs(connection, ids)
    columns = (TRIALS.c.trial_id, TRIALS.c.number, TRIALS.c.state)
    return [
        FrozenTrial(
            number=number,
            trial_id=trial_id,
            state=state,
            value=None,
            values=values.get(trial_id),
            datetime_start=None,
            datetime_complete=None,
            params=params[trial_id],
            distributions={name: space[name] for name in params[trial_id]},
            user_attrs={},
            system_attrs=system_attrs[trial_id],
            intermediate_values={},
        )
        for trial_id, number, state in connection.execute(select(*columns).where(*mine).order_by(TRIALS.c.number))
    ]


def read_space_json(connection: Connection, study_id: int) -> dict[str, str]:
    """Parameter names and distributions of the study's first trial, as stored; empty where there is none."""
    first = select(TRIALS.c.trial_id).where(TRIALS.c.study_id == study_id).order_by(TRIALS.c.trial_id).limit(1)
    query = select(PARAMS.c.param_name, PARAMS.c.distribution_json)
    rows = connection.execute(query.where(PARAMS.c.trial_id == first.scalar_subquery()))
    return {row.param_name: row.distribution_json for row in rows}


def _read_params(connection: Connection, ids: Select[Any], space: Space) -> dict[int, dict[str, Any]]:
    query = select(PARAMS.c.trial_id, PARAMS.c.param_name, PARAMS.c.param_value)
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for trial_id, name, index in connection.execute(query.where(PARAMS.c.trial_id.in_(ids))):
        found[trial_id][name] = space[name].to_external_repr(index)
    return found


def _read_values(connection: Connection, ids: Select[Any]) -> dict[int, list[float]]:
    query = select(VALUES.c.trial_id, VALUES.c.value, VALUES.c.value_type).where(VALUES.c.trial_id.in_(ids))
    found: dict[int, list[float]] = defaultdict(list)
    for trial_id, value, kind in connection.execute(query.order_by(VALUES.c.trial_id, VALUES.c.objective)):
        found[trial_id].append(TrialValueModel.stored_repr_to_value(value, kind))
    return found


def _read_system_attrs(connection: Connection, ids: Select[Any]) -> dict[int, dict[str, Any]]:
    query = select(SYSTEM_ATTRS.c.trial_id, SYSTEM_ATTRS.c.key, SYSTEM_ATTRS.c.value_json)
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for trial_id, key, text in connection.execute(query.where(SYSTEM_ATTRS.c.trial_id.in_(ids))):
        found[trial_id][key] = json.loads(text)
    return found
