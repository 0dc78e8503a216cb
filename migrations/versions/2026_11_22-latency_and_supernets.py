"""latency and supernets"""

from collections.abc import Sequence

revision: str = "b7d40c19e6f3"
down_revision: str | None = "5d1f0c7be2a4"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""


def downgrade() -> None:
    """Revert."""
