"""latency and supernets"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "b7d40c19e6f3"
down_revision: str | None = "5d1f0c7be2a4"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ARTIFACTS = sa.table("artifacts", sa.column("sha256"), sa.column("size_bytes"))
EVALUATIONS = sa.table("evaluations", sa.column("id"), sa.column("result", JSON))
WORK_ITEMS = sa.table(
    "work_items",
    sa.column("id"),
    sa.column("kind"),
    sa.column("status"),
    sa.column("absorbed", sa.Boolean()),
    sa.column("result", JSON),
)


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("candidates") as candidates:
        candidates.add_column(sa.Column("rungs", JSON, nullable=True))
    op.add_column("candidates", sa.Column("intervals", JSON, nullable=False, server_default="{}"))
    op.add_column("candidates", sa.Column("remeasured", JSON, nullable=False, server_default="{}"))
    op.add_column("measurements", sa.Column("half_width_ratio", sa.Float(), nullable=True))
    op.create_index("ix_measurements_device_id_created_at", "measurements", ["device_id", "created_at"])
    exports = op.create_table(
        "exports",
        sa.Column("evaluation_id", sa.String(length=64), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("max_abs_error", sa.Float(), nullable=True),
        sa.Column("validation_accuracy", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["evaluations.id"],
            name=op.f("fk_exports_evaluation_id_evaluations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("evaluation_id", "format", name=op.f("pk_exports")),
    )
    _note_exports(exports)
    with op.batch_alter_table("searches") as searches:
        searches.add_column(sa.Column("supernet", JSON, nullable=True))
        searches.add_column(sa.Column("supernet_sha256", sa.String(length=64), nullable=True))
        searches.create_foreign_key(
            op.f("fk_searches_supernet_sha256_artifacts"), "artifacts", ["supernet_sha256"], ["sha256"]
        )
    op.create_index("ix_searches_supernet_sha256", "searches", ["supernet_sha256"])
    op.create_table(
        "supernets",
        sa.Column("reuse_key", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("used_at_s", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["artifacts.sha256"], name=op.f("fk_supernets_sha256_artifacts")),
        sa.PrimaryKeyConstraint("reuse_key", name=op.f("pk_supernets")),
    )
    op.create_index("ix_supernets_sha256", "supernets", ["sha256"])
    _add_predictors()


def _add_predictors() -> None:
    """What was measured before stays without a subject: no predictor learns from it."""
    op.add_column("measurements", sa.Column("subject_key", sa.String(length=64), nullable=True))
    op.add_column("measurements", sa.Column("architecture", JSON, nullable=True))
    op.create_index("ix_measurements_subject_key_target_key", "measurements", ["subject_key", "target_key"])
    op.create_table(
        "predictors",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("subject", JSON, nullable=False),
        sa.Column("subject_key", sa.String(length=64), nullable=False),
        sa.Column("target", JSON, nullable=False),
        sa.Column("target_key", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("birthplace", JSON, nullable=True),
        sa.Column("measured_count", sa.Integer(), nullable=False),
        sa.Column("report", JSON, nullable=False),
        sa.Column("model", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_predictors")),
        sa.UniqueConstraint(
            "tenant", "subject_key", "target_key", name=op.f("uq_predictors_tenant_subject_key_target_key")
        ),
    )
    op.create_index("ix_predictors_tenant_created_at_id", "predictors", ["tenant", "created_at", "id"])


def downgrade() -> None:
    """Revert."""
    with op.batch_alter_table("candidates") as candidates:
        candidates.drop_column("rungs")
    op.drop_index("ix_measurements_device_id_created_at", "measurements")
    op.drop_column("measurements", "half_width_ratio")
    op.drop_column("candidates", "remeasured")
    op.drop_column("candidates", "intervals")
    op.drop_table("exports")
    op.drop_table("supernets")
    op.drop_index("ix_searches_supernet_sha256", "searches")
    with op.batch_alter_table("searches") as searches:
        searches.drop_constraint(op.f("fk_searches_supernet_sha256_artifacts"), type_="foreignkey")
        searches.drop_column("supernet_sha256")
        searches.drop_column("supernet")
    op.drop_table("predictors")
    op.drop_index("ix_measurements_subject_key_target_key", "measurements")
    op.drop_column("measurements", "architecture")
    op.drop_column("measurements", "subject_key")


def _note_exports(exports: sa.Table) -> None:
    """What each evaluation says of its ONNX file becomes a row; the file's own accuracy was not measured then."""
    connection = op.get_bind()
    sizes = dict(connection.execute(sa.select(ARTIFACTS)).all())
    for evaluation_id, result in connection.execute(sa.select(EVALUATIONS)).all():
        for export in _exports_of(result, sizes):
            connection.execute(sa.insert(exports), {"evaluation_id": evaluation_id, **export})
    finished = sa.select(WORK_ITEMS.c.id, WORK_ITEMS.c.result).where(
        WORK_ITEMS.c.kind == "evaluate", WORK_ITEMS.c.status == "DONE", WORK_ITEMS.c.absorbed.is_(False)
    )
    for item_id, result in connection.execute(finished).all():
        named = result | {"exports": _exports_of(result["result"], sizes)}
        connection.execute(sa.update(WORK_ITEMS).where(WORK_ITEMS.c.id == item_id).values(result=named))


def _exports_of(result: dict[str, Any], sizes: Mapping[str, int]) -> list[dict[str, Any]]:
    sha256 = result.get("model_sha256")
    size_bytes = result.get("model_file_bytes", sizes.get(sha256))
    if size_bytes is None:
        return []
    error = result.get("export_max_abs_error")
    facts = {"size_bytes": size_bytes, "max_abs_error": error, "validation_accuracy": None}
    return [{"format": "onnx", "sha256": sha256, **facts}]
