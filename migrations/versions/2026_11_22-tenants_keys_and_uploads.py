"""tenants, keys and uploads"""

import time
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "5d1f0c7be2a4"
down_revision: str | None = "8c3aa23a9451"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

# What filling them needs of the tables as they are here; nas_service.store.tables moves on.
EVALUATION_FILES = {"model.onnx": "model_sha256", "weights.safetensors": "weights_sha256"}
EVALUATIONS = sa.table("evaluations", sa.column("id"), sa.column("result", JSON))
ARTIFACTS = sa.table("artifacts", sa.column("sha256"))
EVALUATION_ARTIFACTS = sa.table(
    "evaluation_artifacts", sa.column("evaluation_id"), sa.column("name"), sa.column("sha256")
)
CANDIDATES = sa.table("candidates", sa.column("final", JSON), sa.column("final_evaluation_id"))
WORK_ITEMS = sa.table(
    "work_items",
    sa.column("id"),
    sa.column("kind"),
    sa.column("status"),
    sa.column("absorbed", sa.Boolean()),
    sa.column("result", JSON),
)


def upgrade() -> None:
    """Apply. What is there already belongs to the tenant of those who need no key."""
    op.drop_index("ix_searches_created_at_id", "searches")
    op.drop_index("ix_searches_status", "searches")
    with op.batch_alter_table("searches") as searches:
        searches.add_column(sa.Column("tenant", sa.String(length=64), nullable=False, server_default="default"))
        searches.add_column(sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
        searches.drop_constraint("uq_searches_idempotency_key", type_="unique")
        searches.create_unique_constraint("uq_searches_tenant_idempotency_key", ["tenant", "idempotency_key"])
    with op.batch_alter_table("searches") as searches:
        searches.alter_column("tenant", server_default=None)
        searches.alter_column("priority", server_default=None)
    op.create_index("ix_searches_tenant_created_at_id", "searches", ["tenant", "created_at", "id"])
    op.create_index("ix_searches_status_tenant", "searches", ["status", "tenant"])

    op.drop_index("ix_work_items_status_queue_created_at", "work_items")
    by_turn = ["status", "queue", "search_id", "created_at"]
    op.create_index("ix_work_items_status_queue_search_id_created_at", "work_items", by_turn)
    op.create_index("ix_work_items_search_id_started_at", "work_items", ["search_id", "started_at"])

    op.execute("DELETE FROM workers")  # those that live note themselves again within seconds
    with op.batch_alter_table("workers") as workers:
        workers.add_column(sa.Column("versions", JSON, nullable=False))
        workers.add_column(sa.Column("capacity", sa.Integer(), nullable=False))
        workers.add_column(sa.Column("owner", sa.String(length=64), nullable=True))
        workers.add_column(sa.Column("remote", sa.Boolean(), nullable=False))
    with op.batch_alter_table("devices") as devices:
        devices.add_column(sa.Column("owner", sa.String(length=64), nullable=True))
        devices.add_column(sa.Column("remote", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("devices") as devices:
        devices.alter_column("remote", server_default=None)
    op.add_column("measurements", sa.Column("owner", sa.String(length=64), nullable=True))

    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
    )
    op.create_index("ix_api_keys_tenant_created_at_id", "api_keys", ["tenant", "created_at", "id"])
    op.create_table(
        "quotas",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("live_searches", sa.Integer(), nullable=True),
        sa.Column("search_candidates", sa.Integer(), nullable=True),
        sa.Column("live_candidates", sa.Integer(), nullable=True),
        sa.Column("monthly_minutes", sa.Float(), nullable=True),
        sa.Column("upload_bytes", sa.BigInteger(), nullable=True),
        sa.Column("forgotten_month", sa.DateTime(timezone=True), nullable=True),
        sa.Column("forgotten_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_quotas")),
    )
    op.create_table(
        "datasets",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["artifacts.sha256"], name=op.f("fk_datasets_sha256_artifacts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datasets")),
        sa.UniqueConstraint("tenant", "sha256", name=op.f("uq_datasets_tenant_sha256")),
    )
    op.create_index("ix_datasets_tenant_created_at_id", "datasets", ["tenant", "created_at", "id"])
    op.add_column("searches", sa.Column("traceparent", sa.String(length=64), nullable=True))
    op.add_column("work_items", sa.Column("traceparent", sa.String(length=64), nullable=True))
    op.create_table(
        "tallies",
        sa.Column("tally", sa.String(length=40), nullable=False),
        sa.Column("labels", sa.String(length=80), nullable=False),
        sa.Column("bound", sa.Float(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("tally", "labels", "bound", name=op.f("pk_tallies")),
    )
    op.create_index("ix_datasets_sha256", "datasets", ["sha256"])
    _add_references()


def _add_references() -> None:
    """What keeps a file becomes rows; until now an evaluation named its files in JSON only."""
    with op.batch_alter_table("searches") as searches:
        searches.add_column(sa.Column("collected_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("evaluations") as evaluations:
        evaluations.alter_column("reuse_key", existing_type=sa.String(length=64), nullable=True)
    with op.batch_alter_table("candidates") as candidates:
        candidates.add_column(sa.Column("final_evaluation_id", sa.String(length=64), nullable=True))
        candidates.add_column(sa.Column("collected_at", sa.DateTime(timezone=True), nullable=True))
        name = op.f("fk_candidates_final_evaluation_id_evaluations")
        candidates.create_foreign_key(name, "evaluations", ["final_evaluation_id"], ["id"])
    op.create_index("ix_candidates_evaluation_id", "candidates", ["evaluation_id"])
    op.create_index("ix_candidates_final_evaluation_id", "candidates", ["final_evaluation_id"])
    # Nothing counts as old yet: what is in flight has the time to be referenced.
    with op.batch_alter_table("artifacts") as artifacts:
        artifacts.add_column(sa.Column("touched_at_s", sa.Float(), nullable=False, server_default=str(time.time())))
    with op.batch_alter_table("artifacts") as artifacts:
        artifacts.alter_column("touched_at_s", server_default=None)
    op.create_index("ix_candidate_artifacts_sha256", "candidate_artifacts", ["sha256"])
    op.create_table(
        "evaluation_artifacts",
        sa.Column("evaluation_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["evaluations.id"],
            name=op.f("fk_evaluation_artifacts_evaluation_id_evaluations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["sha256"], ["artifacts.sha256"], name=op.f("fk_evaluation_artifacts_sha256_artifacts")
        ),
        sa.PrimaryKeyConstraint("evaluation_id", "name", name=op.f("pk_evaluation_artifacts")),
    )
    op.create_index("ix_evaluation_artifacts_sha256", "evaluation_artifacts", ["sha256"])
    op.create_table(
        "work_artifacts",
        sa.Column("work_item_id", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["work_item_id"],
            ["work_items.id"],
            name=op.f("fk_work_artifacts_work_item_id_work_items"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["sha256"], ["artifacts.sha256"], name=op.f("fk_work_artifacts_sha256_artifacts")),
        sa.PrimaryKeyConstraint("work_item_id", "sha256", name=op.f("pk_work_artifacts")),
    )
    op.create_index("ix_work_artifacts_sha256", "work_artifacts", ["sha256"])
    _fill_references()


def _fill_references() -> None:
    connection = op.get_bind()
    for name, field in EVALUATION_FILES.items():
        sha256 = EVALUATIONS.c.result[field].as_string()
        stored = sa.select(EVALUATIONS.c.id, sa.literal(name), ARTIFACTS.c.sha256).join(
            ARTIFACTS, ARTIFACTS.c.sha256 == sha256
        )
        columns = ["evaluation_id", "name", "sha256"]
        connection.execute(sa.insert(EVALUATION_ARTIFACTS).from_select(columns, stored))
    final = CANDIDATES.c.final["evaluation_id"].as_string()
    known = sa.select(EVALUATIONS.c.id).where(EVALUATIONS.c.id == final).scalar_subquery()
    connection.execute(sa.update(CANDIDATES).values(final_evaluation_id=known).where(CANDIDATES.c.final.is_not(None)))
    # Results that nobody has taken in yet named their files in a list.
    waiting = sa.select(WORK_ITEMS.c.id, WORK_ITEMS.c.result).where(
        WORK_ITEMS.c.kind == "evaluate", WORK_ITEMS.c.absorbed.is_(False), WORK_ITEMS.c.status == "DONE"
    )
    for item_id, result in connection.execute(waiting).all():
        names = {result["result"][field]: name for name, field in EVALUATION_FILES.items()}
        artifacts = {names[artifact["sha256"]]: artifact for artifact in result["artifacts"]}
        changed = sa.update(WORK_ITEMS).where(WORK_ITEMS.c.id == item_id)
        connection.execute(changed.values(result=result | {"artifacts": artifacts}))


def _drop_references() -> None:
    op.drop_index("ix_work_artifacts_sha256", "work_artifacts")
    op.drop_table("work_artifacts")
    op.drop_index("ix_evaluation_artifacts_sha256", "evaluation_artifacts")
    op.drop_table("evaluation_artifacts")
    op.drop_index("ix_candidate_artifacts_sha256", "candidate_artifacts")
    with op.batch_alter_table("artifacts") as artifacts:
        artifacts.drop_column("touched_at_s")
    op.drop_index("ix_candidates_final_evaluation_id", "candidates")
    op.drop_index("ix_candidates_evaluation_id", "candidates")
    with op.batch_alter_table("candidates") as candidates:
        candidates.drop_constraint("fk_candidates_final_evaluation_id_evaluations", type_="foreignkey")
        candidates.drop_column("collected_at")
        candidates.drop_column("final_evaluation_id")
    # An evaluation that is not found by its key any more keeps a key that nobody asks for.
    op.execute("UPDATE evaluations SET reuse_key = id WHERE reuse_key IS NULL")
    with op.batch_alter_table("evaluations") as evaluations:
        evaluations.alter_column("reuse_key", existing_type=sa.String(length=64), nullable=False)
    with op.batch_alter_table("searches") as searches:
        searches.drop_column("collected_at")


def downgrade() -> None:
    """Undo."""
    _drop_references()
    op.drop_index("ix_datasets_sha256", "datasets")
    op.drop_table("tallies")
    op.drop_column("work_items", "traceparent")
    op.drop_column("searches", "traceparent")
    op.drop_index("ix_datasets_tenant_created_at_id", "datasets")
    op.drop_table("datasets")
    op.drop_table("quotas")
    op.drop_index("ix_api_keys_tenant_created_at_id", "api_keys")
    op.drop_table("api_keys")
    # Measurements of a tenant's own device would be reused by everybody.
    op.execute("DELETE FROM measurements WHERE owner IS NOT NULL")
    op.drop_column("measurements", "owner")
    with op.batch_alter_table("devices") as devices:
        devices.drop_column("remote")
        devices.drop_column("owner")
    with op.batch_alter_table("workers") as workers:
        workers.drop_column("remote")
        workers.drop_column("owner")
        workers.drop_column("capacity")
        workers.drop_column("versions")
    op.drop_index("ix_work_items_search_id_started_at", "work_items")
    op.drop_index("ix_work_items_status_queue_search_id_created_at", "work_items")
    op.create_index("ix_work_items_status_queue_created_at", "work_items", ["status", "queue", "created_at"])
    op.drop_index("ix_searches_status_tenant", "searches")
    op.drop_index("ix_searches_tenant_created_at_id", "searches")
    # One key may now name a search of each tenant: all but the default tenant's lose theirs.
    op.execute("UPDATE searches SET idempotency_key = NULL WHERE tenant <> 'default'")
    with op.batch_alter_table("searches") as searches:
        searches.drop_constraint("uq_searches_tenant_idempotency_key", type_="unique")
        searches.drop_column("priority")
        searches.drop_column("tenant")
        searches.create_unique_constraint("uq_searches_idempotency_key", ["idempotency_key"])
    op.create_index("ix_searches_status", "searches", ["status"])
    op.create_index("ix_searches_created_at_id", "searches", ["created_at", "id"])
