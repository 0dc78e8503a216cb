"""Deletes the studies of searches that were deleted. Studies that others keep in the same database stay."""

from collections.abc import Sequence

from optuna.storages._rdb import models
from sqlalchemy import Connection, Table, delete, select

from nas_service.search.tables import REVISION, STUDIES, STUDY_ATTRS, TRIALS
from nas_service.store.tables import searches

_TABLES: Sequence[Table] = models.BaseModel.metadata.sorted_tables


def delete_orphans(connection: Connection) -> int:
    """Delete every study of ours that no search names any more, with its trials. Returns how many."""
    query = (
        select(STUDIES.c.study_id)
        .join(STUDY_ATTRS, STUDY_ATTRS.c.study_id == STUDIES.c.study_id)
        .where(STUDY_ATTRS.c.key == REVISION, STUDIES.c.study_name.not_in(select(searches.c.study_name)))
    )
    orphans = connection.scalars(query).all()
    for study_id in orphans:
        trials = select(TRIALS.c.trial_id).where(TRIALS.c.study_id == study_id)
        for table in reversed(_TABLES):
            if "trial_id" in table.c and table is not TRIALS:
                connection.execute(delete(table).where(table.c.trial_id.in_(trials)))
        for table in reversed(_TABLES):
            if "study_id" in table.c:
                connection.execute(delete(table).where(table.c.study_id == study_id))
    return len(orphans)
