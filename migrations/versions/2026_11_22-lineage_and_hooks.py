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


def downgrade() -> None:
    """Revert. What was compressed goes: the older version would take it for networks of the space."""
    op.execute("DELETE FROM candidates WHERE parent_id IS NOT NULL")
    op.drop_index("ix_candidates_parent_id", "candidates")
    with op.batch_alter_table("candidates") as candidates:
        candidates.drop_constraint(op.f("fk_candidates_parent_id_candidates"), type_="foreignkey")
        candidates.drop_column("recipe")
        candidates.drop_column("parent_id")
    op.drop_column("searches", "baselines")
