"""Evaluations, measurements and artifacts in the database."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, insert, select

from nas_service.domain.entities import Artifact, Evaluation, Measurement
from nas_service.domain.errors import NotFoundError
from nas_service.domain.spec import TargetSpec
from nas_service.store.insert_if_new import InsertIfNew
from nas_service.store.rows import to_evaluation, to_measurement
from nas_service.store.tables import artifacts, candidate_artifacts, evaluations, measurements

_EVALUATION = select(evaluations).where(evaluations.c.id == bindparam("evaluation_id"))
_EVALUATION_BY_KEY = select(evaluations).where(evaluations.c.reuse_key == bindparam("reuse_key"))
_ADD_EVALUATION = InsertIfNew(evaluations)
_ADD_MEASUREMENT = insert(measurements)
_OF_MODEL = select(measurements).where(measurements.c.model_sha256 == bindparam("model_sha256"))
_MEASUREMENT = (
    _OF_MODEL.where(measurements.c.target_key == bindparam("target_key"), measurements.c.noisy.is_(False))
    .order_by(measurements.c.created_at.desc())
    .limit(1)
)
_ADD_ARTIFACT = InsertIfNew(artifacts)
_LINK_ARTIFACT = InsertIfNew(candidate_artifacts)


def target_key(target: TargetSpec) -> str:
    """One string for one target."""
    return hashlib.sha256(target.model_dump_json().encode()).hexdigest()


class SqlEvidence:
    """Implements the EvidenceRepository port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_evaluation(self, evaluation: Evaluation) -> Evaluation:
        """Store it, or return the one that another search stored first under the same reuse key."""
        row = {name: getattr(evaluation, name) for name in Evaluation.__dataclass_fields__}
        if _ADD_EVALUATION(self._connection, row):
            return evaluation
        known = self._connection.execute(_EVALUATION_BY_KEY, {"reuse_key": evaluation.reuse_key})
        return to_evaluation(known.mappings().one())

    def evaluation(self, evaluation_id: str) -> Evaluation:
        """Raises NotFoundError."""
        row = self._connection.execute(_EVALUATION, {"evaluation_id": evaluation_id}).mappings().first()
        if row is None:
            raise NotFoundError("no-such-evaluation", f"there is no evaluation {evaluation_id!r}")
        return to_evaluation(row)

    def evaluation_by_key(self, reuse_key: str) -> Evaluation | None:
        """The same architecture on the same data by the same training, if it was ever evaluated."""
        row = self._connection.execute(_EVALUATION_BY_KEY, {"reuse_key": reuse_key}).mappings().first()
        return to_evaluation(row) if row else None

    def add_measurement(self, measurement: Measurement) -> None:
        """Store a measurement."""
        row = {name: getattr(measurement, name) for name in Measurement.__dataclass_fields__}
        row |= {
            "target": measurement.target.model_dump(mode="json"),
            "target_key": target_key(measurement.target),
        }
        self._connection.execute(_ADD_MEASUREMENT, row)

    def measurement_of(self, model_sha256: str, target: TargetSpec) -> Measurement | None:
        """The newest measurement of this file on this target that met its precision."""
        wanted = {"model_sha256": model_sha256, "target_key": target_key(target)}
        row = self._connection.execute(_MEASUREMENT, wanted).mappings().first()
        return to_measurement(row) if row else None

    def measurements_of(self, model_sha256: str) -> Sequence[Measurement]:
        """All measurements of this file, oldest first."""
        rows = self._connection.execute(_OF_MODEL.order_by(measurements.c.created_at), {"model_sha256": model_sha256})
        return [to_measurement(row) for row in rows.mappings()]

    def add_artifact(self, artifact: Artifact) -> None:
        """Remember a stored file; harmless if it is known."""
        row = {name: getattr(artifact, name) for name in Artifact.__dataclass_fields__}
        _ADD_ARTIFACT(self._connection, row | {"created_at": datetime.now(UTC)})

    def link_artifact(self, candidate_id: str, name: str, sha256: str) -> None:
        """Give a candidate a file under a name; a second link with the same name is ignored."""
        _LINK_ARTIFACT(self._connection, {"candidate_id": candidate_id, "name": name, "sha256": sha256})

    def artifacts_of(self, candidate_id: str) -> Mapping[str, Artifact]:
        """The candidate's files by name."""
        query = (
            select(candidate_artifacts.c.name, artifacts)
            .join(artifacts, artifacts.c.sha256 == candidate_artifacts.c.sha256)
            .where(candidate_artifacts.c.candidate_id == candidate_id)
            .order_by(candidate_artifacts.c.name)
        )
        return {
            row["name"]: Artifact(row["sha256"], row["size_bytes"], row["media_type"])
            for row in self._connection.execute(query).mappings()
        }
