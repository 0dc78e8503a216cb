"""Settings, read once at the edge from the environment (prefix NAS_) and passed inward as plain values."""

import ipaddress
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, StringConstraints, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from nas_service.domain.entities import TRAIN_QUEUE, profile_queue
from nas_service.domain.quotas import Quotas

Rate = Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]*/(second|minute|hour|day))?$")]
"""Such as `600/minute`."""


class Settings(BaseSettings):
    """Everything that a deployment may change. Defaults run on one machine with nothing else installed."""

    model_config = SettingsConfigDict(env_prefix="NAS_", frozen=True, use_attribute_docstrings=True)

    home: Path = Path(".nas")
    """Folder of the database, artifacts, checkpoints, caches and logs."""
    artifacts_url: str = ""
    """Where artifacts and checkpoints live: a folder, or `s3://bucket/prefix` with its credentials and endpoint as
    botocore reads them (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, ...); default: `home`. All machines need the same."""
    artifact_cache_mib: Annotated[int, Field(ge=0)] = 2048
    """Local copies that a machine keeps of artifacts on S3."""
    artifact_grace_s: Annotated[float, Field(ge=0)] = 3600.0
    """How long files stay after their search has ended, and after they were stored with nothing referring to them.
    Must be longer than storing the largest file takes."""
    data_cache_mib: Annotated[int, Field(ge=0)] = 20 * 1024
    """Decoded data sets that a machine keeps on its disk; the ones not used for longest go first."""
    database_url: str = ""
    """SQLAlchemy URL; default: a SQLite file in `home`."""
    broker_url: str = ""
    """URL of a Redis that carries work to Celery workers; without one, workers look into the database themselves."""
    database_pool_size: Annotated[int, Field(ge=1)] = 5
    """Connections a process keeps open (Postgres)."""
    data_roots: Annotated[tuple[Path, ...], NoDecode] = (Path(),)
    """Folders below which file data sets may lie, separated like PATH; default: the current folder."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8321
    """Port of the REST API; 0 takes a free one."""
    max_upload_bytes: Annotated[int, Field(ge=1)] = 2 * 2**30
    """Largest data set, or exported search, that may be uploaded."""
    require_keys: bool | None = None
    """Whether the REST API asks for API keys; by default on every address that other machines can reach."""
    session_secret: SecretStr = SecretStr("")
    """Signs the sessions of the dashboard; by default a random one in `home`. All API processes need the same."""
    session_hours: Annotated[float, Field(gt=0)] = 12.0
    """How long one stays signed in to the dashboard."""
    optuna_dashboard_url: Annotated[str, Field(pattern=r"^(https?://.+)?$")] = ""
    """Where an optuna-dashboard of the same database is reached; the dashboard links to it from each search's page."""
    tracing: bool = False
    """Export OpenTelemetry traces; where to is told by the standard OTEL_ variables. Needs the extra `tracing`."""
    insecure: bool = False
    """Serve without keys on an address that other machines can reach."""
    rate_limit: Rate = "12000/minute"
    """Requests that one key may send, or one address where none is needed; empty: any number."""
    submit_rate_limit: Rate = "600/minute"
    """Searches and uploads that one key may send; empty: any number."""
    event_streams: Annotated[int, Field(ge=0)] = 200
    """Event streams that one tenant may hold open at one API process; 0: any number."""
    wrong_key_rate_limit: Rate = "60/minute"
    """Requests with a wrong key or none that one address may send; empty: any number."""
    quota_live_searches: int | None = None
    """Searches that are not over, a tenant; this and the next ones hold where `nas quotas` set nothing else."""
    quota_search_candidates: int | None = None
    """`budget.candidates` of one search."""
    quota_live_candidates: int | None = None
    """`budget.candidates` of all of a tenant's searches that are not over."""
    quota_monthly_minutes: float | None = None
    """`budget.minutes` of all of a tenant's searches of a month; spent ones where they are over."""
    quota_upload_bytes: int | None = None
    """Uploaded data sets of a tenant, and files of its imported searches."""
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins such as `https://example.org`, separated by commas, whose web pages may use the API."""
    queues: Annotated[tuple[str, ...], NoDecode] = (TRAIN_QUEUE, profile_queue("local"))
    """Queues that a worker serves, separated by commas."""
    workers: Annotated[int, Field(ge=0)] = 0
    """Worker processes; 0 means one for each core that this process may use."""
    torch_threads: Annotated[int, Field(ge=0)] = 0
    """Threads of torch in each worker process; 0 shares the cores among `workers`."""
    worker_memory_mib: Annotated[int, Field(ge=0)] = 0
    """Memory that a worker process may allocate, so that a network too large fails alone; 0 means no limit."""
    worker_tasks: Annotated[int, Field(ge=1)] = 200
    """Messages after which a process of a Celery worker is replaced, against leaks."""
    task_limit_s: Annotated[float, Field(gt=0)] = 24 * 3600.0
    """Longest time that one work item may take."""
    lease_s: Annotated[float, Field(gt=0)] = 10.0
    """How long a worker may be silent before its work is given to another."""
    heartbeat_s: Annotated[float, Field(gt=0)] = 0.5
    """How often a worker renews its lease and learns of pauses and cancellations."""
    checkpoint_s: Annotated[float, Field(gt=0)] = 10.0
    """How often a training is checkpointed against the loss of its worker."""
    measure_s: Annotated[float, Field(gt=0)] = 2.0
    """Longest time spent on one latency measurement during the search; most take about 1.2 s."""
    final_measure_s: Annotated[float, Field(gt=0)] = 4.0
    """Longest time spent on one latency measurement of a finalized candidate."""

    webhook_private_addresses: bool = False
    """Let webhooks call this machine and its network, too: a tenant could reach what stands behind your firewall."""
    host_lock_dir: Path = Path(tempfile.gettempdir()) / "nas-service-host"
    """Locks that keep training away from timing; one folder for all services on a host."""

    @field_validator("artifacts_url")
    @classmethod
    def _known_address(cls, value: str) -> str:
        scheme, colon, rest = value.partition("://")
        if not colon:
            return str(Path(value).absolute()) if value else value
        if (scheme == "s3" and rest.strip("/")) or (scheme == "file" and rest.startswith("/")):
            return value
        raise ValueError(f"{value} is no path, `file:///FOLDER` or `s3://BUCKET/PREFIX`")

    @field_validator("data_roots", mode="before")
    @classmethod
    def _split_paths(cls, value: Any) -> Any:
        return tuple(Path(part) for part in value.split(os.pathsep) if part) if isinstance(value, str) else value

    @field_validator("queues", "cors_origins", mode="before")
    @classmethod
    def _split_names(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @property
    def quotas(self) -> Quotas:
        """Of tenants that have none of their own."""
        return Quotas(**{name: getattr(self, f"quota_{name}") for name in Quotas.__dataclass_fields__})

    @property
    def is_exposed(self) -> bool:
        """Whether other machines can reach the REST API."""
        if self.host == "localhost":
            return False
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return True

    @property
    def keys_required(self) -> bool:
        """Whether a request without a key is refused."""
        return self.is_exposed and not self.insecure if self.require_keys is None else self.require_keys

    @property
    def resolved_database_url(self) -> str:
        """The database in use."""
        return self.database_url or f"sqlite:///{self.home.resolve() / 'nas.db'}"

    @property
    def files_url(self) -> str:
        """Where artifacts and checkpoints live."""
        return self.artifacts_url or str(self.home.resolve())

    @property
    def cache_dir(self) -> Path:
        """What this machine can make or fetch again."""
        return self.home.resolve() / "cache"

    def measure_budget_s(self, *, final: bool) -> float:
        """Longest time spent on one latency measurement: of a finalized candidate, or during the search."""
        return self.final_measure_s if final else self.measure_s

    @property
    def uploads_dir(self) -> Path:
        """Folder of what is being uploaded."""
        return self.home.resolve() / "uploads"

    @property
    def worker_count(self) -> int:
        """Worker processes to start: as set, or one for each core that this process may use."""
        return self.workers or usable_cores()

    @property
    def threads_per_worker(self) -> int:
        """Threads of torch in each worker process: as set, or its share of the cores."""
        return self.torch_threads or max(1, usable_cores() // self.worker_count)


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
