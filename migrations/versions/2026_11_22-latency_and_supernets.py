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
    op.add_column("candidates", sa.Column("intervals", JSON, nullable=False, server_default="{}"))
    op.add_column("candidates", sa.Column("remeasured", JSON, nullable=False, server_default="{}"))
    op.add_column("measurements", sa.Column("half_width_ratio", sa.Float(), nullable=True))
    op.create_index("ix_measurements_device_id_created_at", "measurements", ["device_id", "created_at"])


def downgrade() -> None:
    """Revert."""
    with op.batch_alter_table("candidates") as candidates:
        candidates.drop_column("rungs")
    op.drop_index("ix_measurements_device_id_created_at", "measurements")
    op.drop_column("measurements", "half_width_ratio")
    op.drop_column("candidates", "remeasured")
    op.drop_column("candidates", "intervals")
