"""Alembic's entry: runs on the connection it is handed, and sees only our tables."""

from typing import Any

from alembic import context

from nas_service.store.migrate import VERSION_TABLE
from nas_service.store.tables import metadata


def ours(_object: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    """Whether a database object belongs to us rather than to Optuna."""
    return kind != "table" or name in metadata.tables


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    include_object=ours,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
