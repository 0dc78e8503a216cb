"""The one composition root: the only file that names concrete stores, samplers and artifact folders."""

from collections.abc import Sequence
from dataclasses import dataclass

from nas_service.artifacts import ArtifactFolder
from nas_service.settings import Settings
from nas_service.store.engine import make_engine
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases import checks
from nas_service.use_cases.outbox import NoDelivery
from nas_service.use_cases.ports import ArtifactStore, Dispatcher
from nas_service.use_cases.submit import Check


@dataclass(frozen=True, slots=True)
class Service:
    """What every process of the service works with."""

    settings: Settings
    store: SqlStore
    dispatcher: Dispatcher
    artifacts: ArtifactStore
    checks: Sequence[Check]


def bootstrap(settings: Settings | None = None) -> Service:
    """The service as configured. Does not create the schema: `nas_service.store.migrate` does."""
    settings = settings or Settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    dispatcher = _dispatcher(settings.broker_url)
    return Service(
        settings=settings,
        store=SqlStore(make_engine(settings.resolved_database_url, settings.database_pool_size), dispatcher),
        dispatcher=dispatcher,
        artifacts=ArtifactFolder(settings.artifacts_dir),
        checks=(checks.check_space, checks.check_recipes, checks.dataset_check(settings.data_roots)),
    )


def _dispatcher(broker_url: str) -> Dispatcher:
    if not broker_url:
        return NoDelivery()
    # Celery is only installed where a broker is used.
    from nas_service.dispatch.celery_dispatcher import CeleryDispatcher

    return CeleryDispatcher(broker_url)
