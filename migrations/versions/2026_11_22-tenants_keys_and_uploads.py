"""tenants, keys and uploads"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "5d1f0c7be2a4"
down_revision: str | None = "8c3aa23a9451"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


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
    op.create_table(
        "tallies",
        sa.Column("tally", sa.String(length=40), nullable=False),
        sa.Column("labels", sa.String(length=80), nullable=False),
        sa.Column("bound", sa.Float(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("tally", "labels", "bound", name=op.f("pk_tallies")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("tallies")
    op.drop_index("ix_datasets_tenant_created_at_id", "datasets")
    op.drop_table("datasets")
    op.drop_index("ix_api_keys_tenant_created_at_id", "api_keys")
    op.drop_table("api_keys")
    with op.batch_alter_table("workers") as workers:
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
