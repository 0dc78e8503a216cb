"""The one composition root: the only file that names concrete stores, samplers and artifact folders."""

from collections.abc import Sequence
from dataclasses import dataclass

from nas_service.artifacts import Artifacts, open_files
from nas_service.artifacts.copies import LocalCopies
from nas_service.data.inspector import InspectionProcess
from nas_service.dispatch.webhook_sender import WebhookSender
from nas_service.settings import Settings
from nas_service.store.engine import make_engine
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases import checks
from nas_service.use_cases.outbox import NoDelivery
from nas_service.use_cases.ports import ArtifactStore, Dispatcher, FileStore, Inspector
from nas_service.use_cases.submit import Check
from nas_service.use_cases.webhooks import Send


@dataclass(frozen=True, slots=True)
class Service:
    """What every process of the service works with."""

    settings: Settings
    store: SqlStore
    dispatcher: Dispatcher
    artifacts: ArtifactStore
    files: FileStore
    """Where artifacts lie, by their names there."""
    checkpoints: FileStore
    checks: Sequence[Check]
    inspect: Inspector
    send_webhook: Send


def bootstrap(settings: Settings | None = None) -> Service:
    """The service as configured. Does not create the schema: `nas_service.store.migrate` does."""
    settings = settings or Settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    dispatcher = _dispatcher(settings.broker_url)
    store = SqlStore(make_engine(settings.resolved_database_url, settings.database_pool_size), dispatcher)
    files = open_files(settings.files_url, "artifacts")
    copies = LocalCopies(settings.cache_dir / "artifacts", settings.artifact_cache_mib * 2**20)
    return Service(
        settings=settings,
        store=store,
        dispatcher=dispatcher,
        artifacts=Artifacts(files, store, copies),
        files=files,
        checkpoints=open_files(settings.files_url, "checkpoints"),
        checks=(
            checks.check_space,
            checks.check_recipes,
            checks.check_precision,
            checks.check_sparsity,
            checks.check_untrained,
            checks.dataset_check(settings.data_roots),
            checks.teacher_check(settings.data_roots),
        ),
        inspect=InspectionProcess(),
        send_webhook=WebhookSender(settings.webhook_private_addresses).send,
    )


def _dispatcher(broker_url: str) -> Dispatcher:
    if not broker_url:
        return NoDelivery()
    # Celery is only installed where a broker is used.
    from nas_service.dispatch.celery_dispatcher import CeleryDispatcher

    return CeleryDispatcher(broker_url)
