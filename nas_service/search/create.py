"""A new, empty study for a search."""

from collections.abc import Sequence
from uuid import uuid4

from optuna.study import StudyDirection
from sqlalchemy import Connection

from nas_service.domain.metrics import objective_key
from nas_service.domain.spec import ObjectiveSpec
from nas_service.search import writing
from nas_service.search.tables import REVISION

_METRIC_NAMES = "study:metric_names"


def create_study(connection: Connection, study_name: str, objectives: Sequence[ObjectiveSpec]) -> int:
    """Create an empty study in the caller's transaction and return its id.

    Raises IntegrityError where the name is taken.
    """
    directions = [StudyDirection.MAXIMIZE if o.maximize else StudyDirection.MINIMIZE for o in objectives]
    study_id = writing.insert_study(connection, study_name, directions)
    names = [objective_key(o) for o in objectives]
    writing.insert_study_attrs(connection, study_id, {_METRIC_NAMES: names, REVISION: uuid4().hex})
    return study_id
