"""first schema"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "8c3aa23a9451"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "artifacts",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_artifacts")),
    )
    op.create_table(
        "devices",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("description", JSON, nullable=False),
        sa.Column("seen_at_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
    )
    op.create_table(
        "evaluations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("reuse_key", sa.String(length=64), nullable=False),
        sa.Column("accuracy", sa.Float(), nullable=False),
        sa.Column("fidelity", JSON, nullable=False),
        sa.Column("result", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
        sa.UniqueConstraint("reuse_key", name=op.f("uq_evaluations_reuse_key")),
    )
    op.create_table(
        "measurements",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("target_key", sa.String(length=64), nullable=False),
        sa.Column("target", JSON, nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("median_ms", sa.Float(), nullable=False),
        sa.Column("peak_memory_mib", sa.Float(), nullable=True),
        sa.Column("noisy", sa.Boolean(), nullable=False),
        sa.Column("result", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measurements")),
    )
    op.create_index("ix_measurements_model_sha256_target_key", "measurements", ["model_sha256", "target_key"])
    op.create_table(
        "searches",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("spec", JSON, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("candidate_count", sa.Integer(), nullable=False),
        sa.Column("study_name", sa.String(length=128), nullable=False),
        sa.Column("active_s", sa.Float(), nullable=False),
        sa.Column("active_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_reason", sa.String(length=200), nullable=True),
        sa.Column("failure", JSON, nullable=True),
        sa.Column("dataset", JSON, nullable=True),
        sa.Column("space", JSON, nullable=True),
        sa.Column("idempotency_key", sa.String(length=200), nullable=True),
        sa.Column("spec_digest", sa.String(length=64), nullable=False),
        sa.Column("wake", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_searches")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_searches_idempotency_key")),
        sa.UniqueConstraint("study_name", name=op.f("uq_searches_study_name")),
    )
    op.create_index("ix_searches_created_at_id", "searches", ["created_at", "id"])
    op.create_index("ix_searches_status", "searches", ["status"])
    op.create_index("ix_searches_wake", "searches", ["wake"])
    op.create_table(
        "workers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("queues", JSON, nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("seen_at_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_table(
        "candidates",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("search_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("architecture_key", sa.String(length=64), nullable=False),
        sa.Column("architecture", JSON, nullable=False),
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.Column("metrics", JSON, nullable=False),
        sa.Column("violations", JSON, nullable=False),
        sa.Column("evaluation_id", sa.String(length=64), nullable=True),
        sa.Column("evaluation_reused", sa.Boolean(), nullable=False),
        sa.Column("failure", JSON, nullable=True),
        sa.Column("final", JSON, nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["evaluation_id"], ["evaluations.id"], name=op.f("fk_candidates_evaluation_id_evaluations")
        ),
        sa.ForeignKeyConstraint(
            ["search_id"], ["searches.id"], name=op.f("fk_candidates_search_id_searches"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidates")),
        sa.UniqueConstraint("search_id", "architecture_key", name=op.f("uq_candidates_search_id_architecture_key")),
        sa.UniqueConstraint("search_id", "number", name=op.f("uq_candidates_search_id_number")),
    )
    op.create_index("ix_candidates_search_id_status", "candidates", ["search_id", "status"])
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("search_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["search_id"], ["searches.id"], name=op.f("fk_events_search_id_searches"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index("ix_events_search_id_id", "events", ["search_id", "id"])
    op.create_table(
        "candidate_artifacts",
        sa.Column("candidate_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"],
            ["candidates.id"],
            name=op.f("fk_candidate_artifacts_candidate_id_candidates"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["sha256"], ["artifacts.sha256"], name=op.f("fk_candidate_artifacts_sha256_artifacts")),
        sa.PrimaryKeyConstraint("candidate_id", "name", name=op.f("pk_candidate_artifacts")),
    )
    op.create_table(
        "work_items",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("search_id", sa.String(length=64), nullable=False),
        sa.Column("candidate_id", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("queue", sa.String(length=100), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.String(length=64), nullable=True),
        sa.Column("lease_expires_at_s", sa.Float(), nullable=True),
        sa.Column("progress", JSON, nullable=True),
        sa.Column("result", JSON, nullable=True),
        sa.Column("failure", JSON, nullable=True),
        sa.Column("absorbed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.id"], name=op.f("fk_work_items_candidate_id_candidates"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["search_id"], ["searches.id"], name=op.f("fk_work_items_search_id_searches"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_items")),
    )
    op.create_index("ix_work_items_candidate_id", "work_items", ["candidate_id"])
    op.create_index("ix_work_items_search_id_absorbed_status", "work_items", ["search_id", "absorbed", "status"])
    op.create_index("ix_work_items_status_queue_created_at", "work_items", ["status", "queue", "created_at"])


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_work_items_status_queue_created_at", "work_items")
    op.drop_index("ix_work_items_search_id_absorbed_status", "work_items")
    op.drop_index("ix_work_items_candidate_id", "work_items")
    op.drop_table("work_items")
    op.drop_table("candidate_artifacts")
    op.drop_index("ix_events_search_id_id", "events")
    op.drop_table("events")
    op.drop_index("ix_candidates_search_id_status", "candidates")
    op.drop_table("candidates")
    op.drop_table("workers")
    op.drop_index("ix_searches_wake", "searches")
    op.drop_index("ix_searches_status", "searches")
    op.drop_index("ix_searches_created_at_id", "searches")
    op.drop_table("searches")
    op.drop_index("ix_measurements_model_sha256_target_key", "measurements")
    op.drop_table("measurements")
    op.drop_table("evaluations")
    op.drop_table("devices")
    op.drop_table("artifacts")
