"""latency and supernets"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "b7d40c19e6f3"
down_revision: str | None = "5d1f0c7be2a4"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("candidates") as candidates:
        candidates.add_column(sa.Column("rungs", JSON, nullable=True))


def downgrade() -> None:
    """Revert."""
    with op.batch_alter_table("candidates") as candidates:
        candidates.drop_column("rungs")
