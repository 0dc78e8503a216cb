"""Latency predictors in the database, and the measurements that they are fitted on."""

import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, insert, or_, select, tuple_, update

from nas_service.domain.entities import JsonDict
from nas_service.domain.errors import NotFoundError
from nas_service.domain.predictors import Birthplace, Origin, Predictor, Subject, Timed
from nas_service.domain.spec import TargetSpec
from nas_service.store import cursors
from nas_service.store.evidence_repository import target_key
from nas_service.store.tables import measurements, predictors
from nas_service.use_cases.ports import Page

_COLUMNS = [column for column in predictors.c if column is not predictors.c.model]
_KNOWN = select(predictors.c.id).where(
    predictors.c.tenant == bindparam("of_tenant"),
    predictors.c.subject_key == bindparam("of_subject"),
    predictors.c.target_key == bindparam("on_target"),
)
_OF_SUBJECT = (
    select(*_COLUMNS)
    .where(predictors.c.tenant == bindparam("of_tenant"), predictors.c.subject_key == bindparam("of_subject"))
    .order_by(predictors.c.created_at)
)
_NEWEST_FIRST = select(*_COLUMNS).order_by(predictors.c.created_at.desc(), predictors.c.id.desc())
_OF_SUCH_NETWORKS = (
    measurements.c.subject_key == bindparam("of_subject"),
    measurements.c.target_key == bindparam("on_target"),
    or_(measurements.c.owner.is_(None), measurements.c.owner == bindparam("for_tenant")),
)
_COUNT = select(func.count()).select_from(measurements).where(*_OF_SUCH_NETWORKS)
_TIMED = (
    select(
        measurements.c.architecture,
        measurements.c.median_ms,
        measurements.c.half_width_ratio,
        measurements.c.device_id,
        measurements.c.result["birthplace"]["versions"].label("versions"),
        measurements.c.result[("baseline", "reference_ms")].as_float().label("reference_ms"),
    )
    .where(*_OF_SUCH_NETWORKS)
    .order_by(measurements.c.created_at)
)


class SqlPredictors:
    """Implements the PredictorRepository port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, predictor: Predictor, model: JsonDict) -> Predictor:
        """Store it in the place of the tenant's last one of this subject and target, whose id it takes over."""
        subject_key, on_target = predictor.subject.key, target_key(predictor.target)
        wanted = {"of_tenant": predictor.tenant, "of_subject": subject_key, "on_target": on_target}
        known = self._connection.scalar(_KNOWN.with_for_update(), wanted)
        predictor = replace(predictor, id=known or predictor.id)
        row = {
            **{name: getattr(predictor, name) for name in Predictor.__dataclass_fields__},
            "subject": asdict(predictor.subject),
            "subject_key": subject_key,
            "target": predictor.target.model_dump(mode="json"),
            "target_key": on_target,
            "birthplace": asdict(predictor.birthplace) if predictor.birthplace else None,
            "model": model,
        }
        if known is None:
            self._connection.execute(insert(predictors), row)
        else:
            self._connection.execute(update(predictors).where(predictors.c.id == known).values(row))
        return predictor

    def get(self, predictor_id: str) -> Predictor:
        """Raises NotFoundError."""
        query = select(*_COLUMNS).where(predictors.c.id == predictor_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise _not_found(predictor_id)
        return _to_predictor(row)

    def model(self, predictor_id: str) -> JsonDict:
        """What it predicts by, as `nas_service.latency` wrote it. Raises NotFoundError."""
        found = self._connection.scalar(select(predictors.c.model).where(predictors.c.id == predictor_id))
        if found is None:
            raise _not_found(predictor_id)
        model: JsonDict = found
        return model

    def of(self, subject: Subject, tenant: str) -> Sequence[Predictor]:
        """The tenant's predictors of a subject, whatever their target, the oldest first."""
        rows = self._connection.execute(_OF_SUBJECT, {"of_tenant": tenant, "of_subject": subject.key})
        return [_to_predictor(row) for row in rows.mappings()]

    def list(
        self, page: Page, space: str | None = None, device: str | None = None
    ) -> tuple[list[Predictor], str | None]:
        """Newest first, of this space and device alone where named, and the cursor of the next page."""
        query = _NEWEST_FIRST.limit(page.limit + 1)
        if space is not None:
            query = query.where(predictors.c.subject["space"].as_string() == space)
        if device is not None:
            query = query.where(predictors.c.target["device"].as_string() == device)
        if page.cursor is not None:
            key = cursors.decode(page.cursor, cursors.TIME_AND_ID)
            query = query.where(tuple_(predictors.c.created_at, predictors.c.id) < key)
        rows = self._connection.execute(query).mappings().all()
        found = [_to_predictor(row) for row in rows[: page.limit]]
        more = len(rows) > page.limit
        return found, cursors.encode([found[-1].created_at.isoformat(), found[-1].id]) if more else None

    def delete(self, predictor_id: str) -> None:
        """Forget it. What it was fitted on stays. Raises NotFoundError."""
        if self._connection.execute(delete(predictors).where(predictors.c.id == predictor_id)).rowcount == 0:
            raise _not_found(predictor_id)

    def timed_count(self, subject: Subject, target: TargetSpec, tenant: str) -> int:
        """How many `timed` gives."""
        wanted = {"of_subject": subject.key, "on_target": target_key(target), "for_tenant": tenant}
        return int(self._connection.execute(_COUNT, wanted).scalar_one())

    def timed(self, subject: Subject, target: TargetSpec, tenant: str) -> Sequence[Timed]:
        """Every measurement of such networks on this target that `tenant` may reuse, oldest first."""
        wanted = {"of_subject": subject.key, "on_target": target_key(target), "for_tenant": tenant}
        return [_to_timed(row) for row in self._connection.execute(_TIMED, wanted).mappings()]


def _not_found(predictor_id: str) -> NotFoundError:
    return NotFoundError("no-such-predictor", f"there is no predictor {predictor_id!r}; see `GET /v1/predictors`")


def _to_predictor(row: RowMapping) -> Predictor:
    fields: dict[str, Any] = {name: row[name] for name in Predictor.__dataclass_fields__}
    return Predictor(
        **fields
        | {
            "subject": Subject(**row["subject"]),
            "target": TargetSpec.model_validate(row["target"]),
            "origin": Origin(row["origin"]),
            "birthplace": Birthplace(**row["birthplace"]) if row["birthplace"] else None,
        }
    )


def _to_timed(row: RowMapping) -> Timed:
    ratio = math.inf if row["half_width_ratio"] is None else row["half_width_ratio"]
    birthplace = Birthplace(row["device_id"], row["versions"])
    return Timed(row["architecture"], row["median_ms"], ratio, birthplace, row["reference_ms"])
