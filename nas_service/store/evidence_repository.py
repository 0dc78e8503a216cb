"""Evaluations, measurements and artifacts in the database."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import fmean, median

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, insert, or_, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite

from nas_service.domain.entities import Artifact, Evaluation, Export, Measurement, Noise
from nas_service.domain.errors import NotFoundError, RetryableError
from nas_service.domain.spec import TargetSpec
from nas_service.store.insert_if_new import InsertIfNew, Put
from nas_service.store.rows import to_evaluation, to_measurement
from nas_service.store.tables import (
    artifacts,
    candidate_artifacts,
    candidates,
    evaluation_artifacts,
    evaluations,
    exports,
    measurements,
    work_artifacts,
)
from nas_service.store.types import now_epoch_s

_EVALUATION = select(evaluations).where(evaluations.c.id == bindparam("evaluation_id"))
# Locked against the collector: whoever finds an evaluation may rely on its files until the transaction ends.
_EVALUATION_BY_KEY = (
    select(evaluations)
    .where(evaluations.c.reuse_key == bindparam("reuse_key"))
    .with_for_update(read=True, key_share=True)
)
_HAS_FILES = select(evaluation_artifacts.c.name).where(
    evaluation_artifacts.c.evaluation_id == bindparam("evaluation_id")
)
_RETIRE_WITHOUT_FILES = (
    update(evaluations)
    .where(
        evaluations.c.reuse_key == bindparam("of_key"),
        ~select(evaluation_artifacts).where(evaluation_artifacts.c.evaluation_id == evaluations.c.id).exists(),
    )
    .values(reuse_key=None)
)
_ADD_EVALUATION = InsertIfNew(evaluations)
_EXPORTS = select(exports).where(exports.c.evaluation_id == bindparam("of_evaluation")).order_by(exports.c.format)
_ADD_MEASUREMENT = insert(measurements)
_OF_MODEL = select(measurements).where(
    measurements.c.model_sha256 == bindparam("model_sha256"),
    or_(measurements.c.owner.is_(None), measurements.c.owner == bindparam("for_tenant")),
)
_MEASUREMENTS = _OF_MODEL.order_by(measurements.c.created_at)
_IMPORTED = (
    select(measurements)
    .where(measurements.c.model_sha256 == bindparam("model_sha256"), measurements.c.owner == bindparam("study_name"))
    .order_by(measurements.c.created_at)
)
_MEASUREMENT = (
    _OF_MODEL.where(measurements.c.target_key == bindparam("target_key"), measurements.c.noisy.is_(False))
    .order_by(measurements.c.created_at.desc())
    .limit(1)
)
_LATEST = (
    select(
        measurements.c.device_id,
        measurements.c.noisy,
        measurements.c.half_width_ratio,
        measurements.c.created_at,
    )
    .where(or_(measurements.c.owner.is_(None), measurements.c.owner == bindparam("for_tenant")))
    .order_by(measurements.c.created_at.desc())
    .limit(100)
)
_NOTED_NOW = {"touched_at_s": now_epoch_s()}
_ADD_ARTIFACT = {
    dialect.__name__.rsplit(".", 1)[-1]: dialect.insert(artifacts)
    .values(_NOTED_NOW)
    .on_conflict_do_update(index_elements=[artifacts.c.sha256], set_=_NOTED_NOW)
    for dialect in (sqlite, postgresql)
}
_LINK_TO_CANDIDATE = InsertIfNew(candidate_artifacts)
_PUT_EXPORT, _LINK_TO_EVALUATION = Put(exports), Put(evaluation_artifacts)
_HOLD = InsertIfNew(work_artifacts)
_LET_GO = delete(work_artifacts).where(work_artifacts.c.work_item_id.in_(bindparam("item_ids", expanding=True)))
_OF_CANDIDATE = (
    select(candidate_artifacts.c.name, artifacts)
    .join(artifacts, artifacts.c.sha256 == candidate_artifacts.c.sha256)
    .where(candidate_artifacts.c.candidate_id == bindparam("candidate_id"))
    .order_by(candidate_artifacts.c.name)
)
_LAST_EVALUATION = func.coalesce(candidates.c.final_evaluation_id, candidates.c.evaluation_id)
_OF_ITS_EVALUATION = (
    select(evaluation_artifacts.c.name, artifacts)
    .join(artifacts, artifacts.c.sha256 == evaluation_artifacts.c.sha256)
    .join(candidates, evaluation_artifacts.c.evaluation_id == _LAST_EVALUATION)
    .where(candidates.c.id == bindparam("candidate_id"))
    .order_by(evaluation_artifacts.c.name)
)
MOST_DEVICES = 100
"""Whose noise is looked at in one statement."""
MAX_RACES = 3
"""Times that an evaluation may turn up and lose its files while another is being stored under its key."""


def target_key(target: TargetSpec) -> str:
    """One string for one target."""
    return hashlib.sha256(target.model_dump_json().encode()).hexdigest()


class SqlEvidence:
    """Implements the EvidenceRepository port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_evaluation(self, evaluation: Evaluation, files: Mapping[str, Artifact]) -> Evaluation:
        """Store it with its files by name, or return the one that another search stored first under its reuse key.

        One whose files were collected gives its key to the new one; what refers to it stays as it was.
        """
        row = {name: getattr(evaluation, name) for name in Evaluation.__dataclass_fields__ if name != "exports"}
        for _ in range(MAX_RACES):
            self._connection.execute(_RETIRE_WITHOUT_FILES, {"of_key": evaluation.reuse_key})
            if _ADD_EVALUATION(self._connection, row):
                self.add_exports(evaluation.id, evaluation.exports, files)
                return evaluation
            known = self.evaluation_by_key(evaluation.reuse_key or "")
            if known is not None and self.has_files(known.id):
                return known
        raise RetryableError("evaluation-contended", "an equal evaluation comes and goes; it is stored at the next try")

    def add_exports(self, evaluation_id: str, written: Sequence[Export], files: Mapping[str, Artifact]) -> None:
        """Give an evaluation files by name, and note what became of its network in them; the last ones count."""
        for export in written:
            row = {name: getattr(export, name) for name in Export.__dataclass_fields__}
            _PUT_EXPORT(self._connection, row | {"evaluation_id": evaluation_id})
        for name, artifact in files.items():
            link = {"evaluation_id": evaluation_id, "name": name, "sha256": artifact.sha256}
            _LINK_TO_EVALUATION(self._connection, link)

    def evaluation(self, evaluation_id: str) -> Evaluation:
        """Raises NotFoundError."""
        row = self._connection.execute(_EVALUATION, {"evaluation_id": evaluation_id}).mappings().first()
        if row is None:
            raise NotFoundError("no-such-evaluation", f"there is no evaluation {evaluation_id!r}")
        return self._with_exports(row)

    def evaluation_by_key(self, reuse_key: str) -> Evaluation | None:
        """The same architecture on the same data by the same training, if it was ever evaluated."""
        row = self._connection.execute(_EVALUATION_BY_KEY, {"reuse_key": reuse_key}).mappings().first()
        return self._with_exports(row) if row else None

    def _with_exports(self, row: RowMapping) -> Evaluation:
        found = self._connection.execute(_EXPORTS, {"of_evaluation": row["id"]})
        return to_evaluation(row, found.mappings().all())

    def has_files(self, evaluation_id: str) -> bool:
        """Whether its files are kept; those of dominated candidates are collected."""
        return self._connection.scalar(_HAS_FILES.limit(1), {"evaluation_id": evaluation_id}) is not None

    def add_measurement(self, measurement: Measurement) -> None:
        """Store a measurement."""
        row = {name: getattr(measurement, name) for name in Measurement.__dataclass_fields__}
        row |= {
            "target": measurement.target.model_dump(mode="json"),
            "target_key": target_key(measurement.target),
        }
        self._connection.execute(_ADD_MEASUREMENT, row)

    def measurement_of(self, model_sha256: str, target: TargetSpec, tenant: str) -> Measurement | None:
        """The newest measurement of this file on this target that met its precision and that `tenant` may reuse."""
        wanted = {"model_sha256": model_sha256, "target_key": target_key(target), "for_tenant": tenant}
        row = self._connection.execute(_MEASUREMENT, wanted).mappings().first()
        return to_measurement(row) if row else None

    def measurements_of(self, model_sha256: str, tenant: str) -> Sequence[Measurement]:
        """All measurements of this file that `tenant` may see, oldest first."""
        wanted = {"model_sha256": model_sha256, "for_tenant": tenant}
        rows = self._connection.execute(_MEASUREMENTS, wanted)
        return [to_measurement(row) for row in rows.mappings()]

    def imported_measurements(self, model_sha256: str, study_name: str) -> Sequence[Measurement]:
        """Those of this file that came in with the imported search of this study name, oldest first."""
        rows = self._connection.execute(_IMPORTED, {"model_sha256": model_sha256, "study_name": study_name})
        return [to_measurement(row) for row in rows.mappings()]

    def noise(self, device_ids: Sequence[str], tenant: str) -> Mapping[str, Noise]:
        """Of devices by fingerprint, from the last measurements of each that `tenant` may see; 100 devices at most."""
        parts = [
            select(_LATEST.where(measurements.c.device_id == device_id).subquery())
            for device_id in dict.fromkeys(device_ids[:MOST_DEVICES])
        ]
        if not parts:
            return {}
        found: dict[str, list[RowMapping]] = {}
        for row in self._connection.execute(union_all(*parts), {"for_tenant": tenant}).mappings():
            found.setdefault(row["device_id"], []).append(row)
        return {device_id: _noise(rows) for device_id, rows in found.items()}

    def add_artifact(self, artifact: Artifact) -> None:
        """Remember a file that is about to be stored. It is not collected until it has had time to be referenced."""
        row = {name: getattr(artifact, name) for name in Artifact.__dataclass_fields__}
        statement = _ADD_ARTIFACT[self._connection.dialect.name]
        self._connection.execute(statement, row | {"created_at": datetime.now(UTC)})

    def hold_artifacts(self, item_id: str, files: Sequence[Artifact]) -> None:
        """Keep the files of a result until it is taken in, however long that takes."""
        for artifact in sorted(files, key=lambda file: file.sha256):
            self.add_artifact(artifact)
            _HOLD(self._connection, {"work_item_id": item_id, "sha256": artifact.sha256})

    def let_go(self, item_ids: Sequence[str]) -> None:
        """These results were taken in."""
        self._connection.execute(_LET_GO, {"item_ids": list(item_ids)})

    def link_artifact(self, candidate_id: str, name: str, sha256: str) -> None:
        """Give a candidate a file under a name; a second link with the same name is ignored."""
        _LINK_TO_CANDIDATE(self._connection, {"candidate_id": candidate_id, "name": name, "sha256": sha256})

    def artifacts_of(self, candidate_id: str) -> Mapping[str, Artifact]:
        """The candidate's files by name: its own once finalized, before that and beside them its evaluation's."""
        found = {}
        for query in (_OF_ITS_EVALUATION, _OF_CANDIDATE):
            for row in self._connection.execute(query, {"candidate_id": candidate_id}).mappings():
                found[row["name"]] = Artifact(row["sha256"], row["size_bytes"], row["media_type"])
        return found


def _noise(latest: Sequence[RowMapping]) -> Noise:
    oldest_first = sorted(latest, key=lambda row: row["created_at"])
    known = [row["half_width_ratio"] for row in oldest_first if row["half_width_ratio"] is not None]
    return Noise(
        measurement_count=len(latest),
        noisy_share=fmean(row["noisy"] for row in latest),
        half_width_ratio=median(known) if known else None,
        last_at=oldest_first[-1]["created_at"],
        history=tuple(known),
    )
