"""lineage and hooks"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "c41e8a6d72f0"
down_revision: str | None = "b7d40c19e6f3"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("searches") as searches:
        searches.add_column(sa.Column("baselines", JSON, nullable=False, server_default="{}"))
    with op.batch_alter_table("searches") as searches:
        searches.alter_column("baselines", server_default=None)
    with op.batch_alter_table("candidates") as candidates:
        candidates.add_column(sa.Column("parent_id", sa.String(length=64), nullable=True))
        candidates.add_column(sa.Column("recipe", JSON, nullable=True))
        name = op.f("fk_candidates_parent_id_candidates")
        candidates.create_foreign_key(name, "candidates", ["parent_id"], ["id"], ondelete="CASCADE")
    op.create_index("ix_candidates_parent_id", "candidates", ["parent_id"])
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("secret", sa.String(100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.Column("failure", sa.String(300)),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    op.create_index("ix_webhooks_tenant", "webhooks", ["tenant"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("webhook_id", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("due_at_s", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name="fk_webhook_deliveries_webhook_id_webhooks", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
    )
    op.create_index("ix_webhook_deliveries_due_at_s", "webhook_deliveries", ["due_at_s"])
    op.create_index("ix_webhook_deliveries_webhook_id", "webhook_deliveries", ["webhook_id"])


def downgrade() -> None:
    """Revert. What was compressed goes: the older version would take it for networks of the space."""
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
    op.execute("DELETE FROM candidates WHERE parent_id IS NOT NULL")
    op.drop_index("ix_candidates_parent_id", "candidates")
    with op.batch_alter_table("candidates") as candidates:
        candidates.drop_constraint(op.f("fk_candidates_parent_id_candidates"), type_="foreignkey")
        candidates.drop_column("recipe")
        candidates.drop_column("parent_id")
    op.drop_column("searches", "baselines")
