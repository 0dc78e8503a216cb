"""Bring the configured database to the newest schema, Optuna's tables included: `python -m nas_service.migrate`."""

from nas_service.search.schema import create_tables
from nas_service.settings import Settings
from nas_service.store.engine import make_engine
from nas_service.store.migrate import upgrade


def migrate(settings: Settings) -> None:
    """Create or upgrade everything. Safe to run again, and from several processes at once."""
    settings.home.mkdir(parents=True, exist_ok=True)
    engine = make_engine(settings.resolved_database_url)
    upgrade(engine)
    create_tables(engine)
    engine.dispose()


if __name__ == "__main__":
    migrate(Settings())
