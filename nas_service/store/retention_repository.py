"""What is kept, in the database: who refers to which file, and the removal of what nobody refers to.

Foreign keys hold the promise: a file's row cannot go while a candidate, evaluation, data set or result in flight
refers to it, and the file goes only with its row.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from nas_service.domain.entities import Artifact
from nas_service.domain.states import LIVE_SEARCHES
from nas_service.store.insert_if_new import InsertIfNew
from nas_service.store.tables import (
    artifacts,
    candidate_artifacts,
    candidates,
    datasets,
    evaluation_artifacts,
    evaluations,
    searches,
    supernets,
    work_artifacts,
    work_items,
)
from nas_service.store.types import now_epoch_s
from nas_service.use_cases.ports import StoredFile, Total

REFERRING = (
    candidate_artifacts.c.sha256,
    evaluation_artifacts.c.sha256,
    work_artifacts.c.sha256,
    datasets.c.sha256,
    supernets.c.sha256,
    searches.c.supernet_sha256,
)
"""Whatever refers to files; a test holds this to the foreign keys."""

_ADOPT = InsertIfNew(artifacts)
_OVER = searches.c.status.not_in(LIVE_SEARCHES)
_USED = (
    select(candidates.c.id)
    .where(
        or_(candidates.c.evaluation_id == evaluations.c.id, candidates.c.final_evaluation_id == evaluations.c.id),
        candidates.c.collected_at.is_(None),
    )
    .exists()
)
_HAS_FILES = (
    select(evaluation_artifacts.c.name).where(evaluation_artifacts.c.evaluation_id == evaluations.c.id).exists()
)


def _free(grace_s: float) -> ColumnElement[bool]:
    """An artifact that nobody refers to, nor was about to `grace_s` seconds ago."""
    referred = [select(column).where(column == artifacts.c.sha256).exists() for column in REFERRING]
    return and_(artifacts.c.touched_at_s < now_epoch_s() - grace_s, *(~exists for exists in referred))


class SqlRetention:
    """Implements the RetentionRepository port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ended_searches(self, ended_s_ago: float, limit: int) -> Sequence[str]:
        """Searches over for that long whose candidates were not judged yet."""
        before = datetime.now(UTC) - timedelta(seconds=ended_s_ago)
        query = select(searches.c.id).where(_OVER, searches.c.collected_at.is_(None), searches.c.finished_at < before)
        return self._connection.scalars(query.order_by(searches.c.finished_at).limit(limit)).all()

    def give_up(self, search_id: str, keep: Sequence[str] | None) -> None:
        """Of this search's candidates only `keep` (None: all) still need their files."""
        now = {"collected_at": datetime.now(UTC)}
        judged = update(searches).where(searches.c.id == search_id)
        self._connection.execute(judged.values(supernet_sha256=None, **now))
        if keep is not None:
            others = update(candidates).where(candidates.c.search_id == search_id, candidates.c.id.not_in(keep))
            self._connection.execute(others.where(candidates.c.evaluation_id.is_not(None)).values(now))

    def release(self, limit: int) -> int:
        """Let go of the files of evaluations that no candidate needs, and of results nobody takes in. How many."""
        of_ended = select(work_items.c.id).join(searches).where(_OVER)
        self._connection.execute(delete(work_artifacts).where(work_artifacts.c.work_item_id.in_(of_ended)))
        # First locked, then judged: who has just found one by its key keeps it, and who asks now waits for us.
        query = select(evaluations.c.id).where(_HAS_FILES, ~_USED).limit(limit)
        locked = self._connection.scalars(query.with_for_update(skip_locked=True)).all()
        unused = select(evaluations.c.id).where(evaluations.c.id.in_(locked), ~_USED)
        self._connection.execute(
            delete(evaluation_artifacts).where(evaluation_artifacts.c.evaluation_id.in_(unused.scalar_subquery()))
        )
        return len(locked)

    def forget_supernets(self, unused_s: float) -> None:
        """Offer those no longer that no search has taken up for that long."""
        self._connection.execute(delete(supernets).where(supernets.c.used_at_s < now_epoch_s() - unused_s))

    def free_total(self, grace_s: float) -> Total:
        """How much nobody refers to."""
        query = select(func.count(), func.coalesce(func.sum(artifacts.c.size_bytes), 0)).where(_free(grace_s))
        files, size_bytes = self._connection.execute(query).one()
        return Total(int(files), int(size_bytes))

    def forget_free(self, grace_s: float, limit: int) -> Sequence[Artifact]:
        """Delete rows that nobody refers to; the files have to go before this transaction ends.

        Until then the rows are locked: who is just about to store or refer to one of them waits.
        """
        query = select(artifacts.c.sha256).where(_free(grace_s)).order_by(artifacts.c.sha256).limit(limit)
        locked = self._connection.scalars(query.with_for_update(skip_locked=True)).all()
        gone = delete(artifacts).where(artifacts.c.sha256.in_(locked), _free(grace_s))
        columns = (artifacts.c.sha256, artifacts.c.size_bytes, artifacts.c.media_type)
        return [Artifact(*row) for row in self._connection.execute(gone.returning(*columns))]

    def known(self, prefix: str) -> Mapping[str, float]:
        """Age in seconds by sha256 of the files whose sha256 begins so."""
        age_s = now_epoch_s() - artifacts.c.touched_at_s
        query = select(artifacts.c.sha256, age_s).where(artifacts.c.sha256.startswith(prefix))
        rows: Any = self._connection.execute(query)
        return dict(rows.all())

    def adopt(self, sha256: str, file: StoredFile) -> None:
        """Give a file that no row knows one, as old as the file, so that it is collected as all others are."""
        row = {"sha256": sha256, "size_bytes": file.size_bytes, "media_type": "application/octet-stream"}
        times = {"created_at": datetime.now(UTC), "touched_at_s": file.modified_at_s}
        _ADOPT(self._connection, row | times)
