"""Evaluations, measurements and artifacts in the database."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from nas_service.domain.entities import Artifact, Evaluation, Measurement
from nas_service.domain.errors import NotFoundError
from nas_service.domain.spec import TargetSpec
from nas_service.store.rows import to_evaluation, to_measurement
from nas_service.store.tables import artifacts, candidate_artifacts, evaluations, measurements


def target_key(target: TargetSpec) -> str:
    """One string for one target."""
    return hashlib.sha256(target.model_dump_json().encode()).hexdigest()


class SqlEvidence:
    """Implements the EvidenceRepository port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_evaluation(self, evaluation: Evaluation) -> Evaluation:
        """Store it, or return the one that another search stored first under the same reuse key."""
        if (found := self.evaluation_by_key(evaluation.reuse_key)) is not None:
            return found
        row = {name: getattr(evaluation, name) for name in Evaluation.__dataclass_fields__}
        self._connection.execute(insert(evaluations).values(row))
        return evaluation

    def evaluation(self, evaluation_id: str) -> Evaluation:
        """Raises NotFoundError."""
        query = select(evaluations).where(evaluations.c.id == evaluation_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFoundError("no-such-evaluation", f"there is no evaluation {evaluation_id!r}")
        return to_evaluation(row)

    def evaluation_by_key(self, reuse_key: str) -> Evaluation | None:
        """The same architecture on the same data by the same training, if it was ever evaluated."""
        query = select(evaluations).where(evaluations.c.reuse_key == reuse_key)
        row = self._connection.execute(query).mappings().first()
        return to_evaluation(row) if row else None

    def add_measurement(self, measurement: Measurement) -> None:
        """Store a measurement."""
        row = {name: getattr(measurement, name) for name in Measurement.__dataclass_fields__}
        row |= {
            "target": measurement.target.model_dump(mode="json"),
            "target_key": target_key(measurement.target),
        }
        self._connection.execute(insert(measurements).values(row))

    def measurement_of(self, model_sha256: str, target: TargetSpec) -> Measurement | None:
        """The newest measurement of this file on this target that met its precision."""
        query = (
            select(measurements)
            .where(
                measurements.c.model_sha256 == model_sha256,
                measurements.c.target_key == target_key(target),
                measurements.c.noisy.is_(False),
            )
            .order_by(measurements.c.created_at.desc())
            .limit(1)
        )
        row = self._connection.execute(query).mappings().first()
        return to_measurement(row) if row else None

    def measurements_of(self, model_sha256: str) -> Sequence[Measurement]:
        """All measurements of this file, oldest first."""
        query = (
            select(measurements).where(measurements.c.model_sha256 == model_sha256).order_by(measurements.c.created_at)
        )
        return [to_measurement(row) for row in self._connection.execute(query).mappings()]

    def add_artifact(self, artifact: Artifact) -> None:
        """Remember a stored file; harmless if it is known."""
        known = select(artifacts.c.sha256).where(artifacts.c.sha256 == artifact.sha256)
        if self._connection.scalar(known) is None:
            row = {name: getattr(artifact, name) for name in Artifact.__dataclass_fields__}
            self._connection.execute(insert(artifacts).values(row | {"created_at": datetime.now(UTC)}))

    def link_artifact(self, candidate_id: str, name: str, sha256: str) -> None:
        """Give a candidate a file under a name; a second link with the same name is ignored."""
        if name not in self.artifacts_of(candidate_id):
            row = {"candidate_id": candidate_id, "name": name, "sha256": sha256}
            self._connection.execute(insert(candidate_artifacts).values(row))

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
