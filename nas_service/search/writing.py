"""Studies and trials into Optuna's tables: bulk statements on the caller's connection, inside its transaction."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.storages._rdb.models import TrialValueModel
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, Insert, Table, bindparam, delete, insert, update

from nas_service.search.tables import (
    DIRECTIONS,
    PARAMS,
    STUDIES,
    STUDY_ATTRS,
    SYSTEM_ATTRS,
    TRIALS,
    USER_ATTRS,
    VALUES,
    Space,
)

_INSERT_TRIAL = insert(TRIALS)
_INSERT_PARAMS = insert(PARAMS)
_INSERT_VALUES = insert(VALUES)
_INSERT_ATTRS = {table: insert(table) for table in (STUDY_ATTRS, SYSTEM_ATTRS, USER_ATTRS)}
_DELETE_USER_ATTRS = delete(USER_ATTRS).where(
    USER_ATTRS.c.trial_id == bindparam("trial_id"), USER_ATTRS.c.key.in_(bindparam("keys", expanding=True))
)
_FINISH = (
    update(TRIALS)
    .where(TRIALS.c.trial_id == bindparam("id"), TRIALS.c.state == TrialState.RUNNING)
    .values(state=bindparam("new_state"), datetime_complete=bindparam("now"))
)
_CHANGE_STUDY_ATTR = (
    update(STUDY_ATTRS)
    .where(STUDY_ATTRS.c.study_id == bindparam("owner"), STUDY_ATTRS.c.key == bindparam("name"))
    .values(value_json=bindparam("text"))
)


def insert_study(connection: Connection, name: str, directions: Sequence[StudyDirection]) -> int:
    """Returns the study's id. Raises IntegrityError where the name is taken."""
    study_id = _insert_one(connection, insert(STUDIES), {"study_name": name})
    connection.execute(
        insert(DIRECTIONS),
        [{"study_id": study_id, "objective": i, "direction": d} for i, d in enumerate(directions)],
    )
    return study_id


def insert_study_attrs(connection: Connection, study_id: int, attrs: Mapping[str, Any]) -> None:
    """System attributes that the study does not have yet."""
    _insert_attrs(connection, STUDY_ATTRS, {"study_id": study_id}, attrs)


def change_study_attr(connection: Connection, study_id: int, key: str, value: Any) -> None:
    """Another value for a system attribute that the study has."""
    row = {"owner": study_id, "name": key, "text": json.dumps(value)}
    connection.execute(_CHANGE_STUDY_ATTR, row)


def insert_trial(
    connection: Connection, study_id: int, number: int, trial: FrozenTrial, space_json: Mapping[str, str]
) -> int:
    """Write a running trial as a whole and return its id. `space_json` holds each distribution as Optuna stores it."""
    row = {"number": number, "study_id": study_id, "state": trial.state, "datetime_start": _utc_now()}
    trial_id = _insert_one(connection, _INSERT_TRIAL, row)
    params = [
        {
            "trial_id": trial_id,
            "param_name": name,
            "param_value": trial.distributions[name].to_internal_repr(value),
            "distribution_json": space_json[name],
        }
        for name, value in trial.params.items()
    ]
    connection.execute(_INSERT_PARAMS, params)
    insert_system_attrs(connection, trial_id, trial.system_attrs)
    return trial_id


def finish_trial(connection: Connection, trial_id: int, state: TrialState) -> bool:
    """Compare-and-set from running to `state`; False where the trial is not running any more, or not there."""
    found = connection.execute(_FINISH, {"id": trial_id, "new_state": state, "now": _utc_now()})
    return found.rowcount == 1


def insert_values(connection: Connection, trial_id: int, values: Sequence[float]) -> None:
    """The objective values of a complete trial, infinite ones included."""
    rows = []
    for objective, value in enumerate(values):
        stored, kind = TrialValueModel.value_to_stored_repr(value)
        rows.append({"trial_id": trial_id, "objective": objective, "value": stored, "value_type": kind})
    if rows:
        connection.execute(_INSERT_VALUES, rows)


def insert_system_attrs(connection: Connection, trial_id: int, attrs: Mapping[str, Any]) -> None:
    """System attributes that the trial does not have yet."""
    _insert_attrs(connection, SYSTEM_ATTRS, {"trial_id": trial_id}, attrs)


def insert_user_attrs(connection: Connection, trial_id: int, attrs: Mapping[str, Any]) -> None:
    """User attributes that the trial does not have yet."""
    _insert_attrs(connection, USER_ATTRS, {"trial_id": trial_id}, attrs)


def write_user_attrs(connection: Connection, trial_id: int, attrs: Mapping[str, Any]) -> None:
    """Set user attributes of the trial, whether they exist or not."""
    if attrs:
        connection.execute(_DELETE_USER_ATTRS, {"trial_id": trial_id, "keys": list(attrs)})
        insert_user_attrs(connection, trial_id, attrs)


def _insert_one(connection: Connection, statement: Insert, row: Mapping[str, Any]) -> int:
    key = connection.execute(statement, row).inserted_primary_key
    return int(key[0])  # type: ignore[index]  # optional only for statements of other kinds


def _insert_attrs(connection: Connection, table: Table, owner: dict[str, int], attrs: Mapping[str, Any]) -> None:
    if attrs:
        rows = [{**owner, "key": key, "value_json": json.dumps(value)} for key, value in attrs.items()]
        connection.execute(_INSERT_ATTRS[table], rows)


def space_as_json(space: Space) -> dict[str, str]:
    """Each distribution as Optuna stores it."""
    return {name: distribution_to_json(distribution) for name, distribution in space.items()}


def _utc_now() -> datetime:
    """Optuna 5 stores naive UTC times."""
    return datetime.now(UTC).replace(tzinfo=None)
