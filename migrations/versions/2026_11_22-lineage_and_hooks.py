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


def downgrade() -> None:
    """Undo."""
    op.drop_column("searches", "baselines")
